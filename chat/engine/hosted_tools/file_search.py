"""Searching in files for a run: when, for what, and what comes of it."""

from __future__ import annotations

import asyncio
import json

from chat.background.database_threads import in_thread
from chat.models import Message, Run
from chat.models.api_objects.objects import Object
from chat.models.ids import new_id
from chat.providers.base import ToolCall
from chat.providers.tool_names import FILE_SEARCH
from chat.tools import file_search, follow_up_queries
from chat.tools.file_search import Options

READING = 60.0  # seconds that a run waits for the files of its thread (reference, section 8)
LOOK = 0.5
FIRST_MARKER = 4  # with one question; reference, section 5
MOST_QUESTIONS = 2  # messages of the user that make a query


async def wait_until_read(run: Run) -> None:
    """Wait until the files that came with the thread can be searched, or for a minute."""
    for _time in range(int(READING / LOOK)):
        if await in_thread(file_search.are_read, run):
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

    ``earlier`` is how many searches the run made before: each has markers of its own number.
    """
    messages = Message.objects.filter(thread_id=run.thread_id, created_at__lte=run.created_at).count()
    number = FIRST_MARKER + max(0, messages - 1) + 2 * earlier
    queries = file_search.queries_of(call.arguments)
    results = file_search.find_passages(run, queries=queries, how=how)
    return file_search.search_call(call.id, how=how, number=number, queries=queries, results=results)
