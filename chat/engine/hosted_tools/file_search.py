"""Searching in files for a run: when, for what, and what comes of it."""

from __future__ import annotations

import asyncio
import json

from django.db.models import Q
from django.utils import timezone

from chat.background.database_threads import read_in_thread
from chat.models import Assistant, Message, Run, VectorStore, VectorStoreFile
from chat.models.api_objects.objects import Object
from chat.models.ids import new_id
from chat.providers.base import ToolCall
from chat.providers.tool_names import FILE_SEARCH
from chat.retrieval.search.search import search_stores
from chat.tools import file_search, follow_up_queries
from chat.tools.file_search import Options

READING = 60.0  # seconds that a run waits for the files of its thread (reference, section 8)
LOOK = 0.5
FIRST_MARKER = 4  # with one question; reference, section 5
MOST_QUESTIONS = 2  # messages of the user that make a query


async def wait_until_read(run: Run) -> None:
    """Wait until the files that came with the thread can be searched, or for a minute."""
    ids = run.thread.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    unread = VectorStoreFile.objects.filter(store_id__in=ids, status=VectorStoreFile.Status.IN_PROGRESS)
    for _time in range(int(READING / LOOK)):
        if not await read_in_thread(unread.exists):
            return
        await asyncio.sleep(LOOK)


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
    return file_search.search_call(call.id, how=how, number=number, queries=queries, results=results)
