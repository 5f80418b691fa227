"""Searching in files for a run: when, for what, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from chat.background.database_threads import read_in_thread
from chat.models import Assistant, Message, Run, VectorStore, VectorStoreFile
from chat.models.api_objects.objects import Object
from chat.models.ids import new_id
from chat.models.runs import life_end
from chat.providers.base import ToolCall
from chat.providers.tool_names import FILE_SEARCH
from chat.retrieval.search.search import search_stores
from chat.tools import file_search, follow_up_queries
from chat.tools.file_search import Options

PATIENCE = 60.0  # seconds that a run waits for files of its thread that do not get on (reference, section 8)
ANSWERING = timedelta(seconds=120)  # of a run's life, which are kept for the answer
LOOK = 0.5
FIRST_MARKER = 4  # with one question; reference, section 5
MOST_QUESTIONS = 2  # messages of the user that make a query


async def wait_until_read(run: Run) -> None:
    """Wait until the files that came with the thread can be searched: while they get on, and the run's life allows."""
    ids = run.thread.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    if not ids:
        return
    deadline = (run.expires_at or life_end()) - ANSWERING
    seen, seen_at = None, 0.0
    while states := await read_in_thread(_reading_states, ids):
        if states != seen:
            seen, seen_at = states, time.monotonic()
        if time.monotonic() - seen_at > PATIENCE or timezone.now() > deadline:
            return
        await asyncio.sleep(LOOK)


def _reading_states(store_ids: list[str]) -> list[Any]:
    """Return how far the files of these stores are that are being read; it changes when they get on."""
    states = unread(store_ids).values_list("pk", "progress", "worker").annotate(Max("passages__place"))
    return list(states.order_by("pk"))


def unread(store_ids: list[str]) -> QuerySet[VectorStoreFile]:
    """Return the entries of these stores that cannot be searched yet."""
    return VectorStoreFile.objects.filter(store__id__in=store_ids, status=VectorStoreFile.Status.IN_PROGRESS)


def search_for_question(run: Run) -> ToolCall | None:
    """Return a search for the last question, for a model that does not search itself. None if it has no words."""
    questions = Message.objects.filter(thread_id=run.thread_id, role=Message.Role.USER, created_at__lte=run.created_at)
    newest = list(questions.order_by("-created_at", "-number")[:MOST_QUESTIONS])
    queries = follow_up_queries.follow_up_queries([message.text for message in reversed(newest)])
    if not queries:
        return None
    return ToolCall(new_id("call_"), FILE_SEARCH, json.dumps({"queries": queries}, ensure_ascii=False))


def run_search(run: Run, call: ToolCall, *, how: Options, earlier: int) -> Object:
    """Search as ``call`` asks. Return the call as its step keeps it, with what was found.

    A run searches the stores of its thread's owner or its assistant's, but expired ones. They count as used now.
    ``earlier`` is how many searches the run made before: each has markers of its own number.
    """
    messages = Message.objects.filter(thread_id=run.thread_id, created_at__lte=run.created_at).count()
    number = FIRST_MARKER + max(0, messages - 1) + 2 * earlier
    queries = file_search.queries_of(call.arguments)
    owners = Q(owner=run.thread.owner_id) | Q(owner__in=Assistant.objects.filter(id=run.assistant_id).values("owner"))
    rows = VectorStore.objects.filter(owners, id__in=file_search.store_ids(run)).select_related("embedding_provider")
    stores = [store for store in rows if not store.is_expired]
    VectorStore.objects.filter(pk__in=[store.pk for store in stores]).update(last_active_at=timezone.now())
    hits = search_stores(stores, queries, limit=how.limit, threshold=how.threshold, weights=how.weights)
    results = [file_search.search_result(hit) for hit in hits]
    waiting = unread([store.id for store in stores])
    call_kept = file_search.search_call(call.id, how=how, number=number, queries=queries, results=results)
    if count := waiting.count():
        names = waiting.order_by("pk").values_list("file__filename", flat=True)[: file_search.MOST_NAMED]
        call_kept[FILE_SEARCH] |= file_search.unread_files(names, count=count)
    return call_kept
