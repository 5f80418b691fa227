"""What has to hold when all is quiet again, asked of the servers and of the rows themselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import psycopg

from tests.bench.chaos.load import Client, Load, is_part
from tests.bench.chaos.upstream import words
from tests.management.test_work import ENDED

PATIENCE = 150.0  # seconds: a worker elsewhere counts as dead after 60, two looks later its runs are ended
OPEN_ROWS = {
    "a run that is live": "SELECT id FROM chat_run WHERE status IN ('queued', 'in_progress', 'cancelling')",
    "an ended run that somebody holds": "SELECT id FROM chat_run WHERE worker <> ''",
    "an open message": "SELECT id FROM chat_message WHERE status = 'in_progress'",
    "an open step": "SELECT id FROM chat_runstep WHERE status = 'in_progress'",
    "an entry that is not read": "SELECT file_id FROM chat_vectorstorefile WHERE status <> 'completed'",
}


async def until_quiet(address: str) -> None:
    """Wait until nothing is live in the database, or for ``PATIENCE`` seconds."""
    live = (OPEN_ROWS["a run that is live"], OPEN_ROWS["an entry that is not read"])
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while any(rows(address, query) for query in live):
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(1)


def rows(address: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(address) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return] # no literal


async def violations(load: Load, *, address: str) -> list[str]:
    """Return in words what does not hold."""
    found = [f"{what}: {id}" for what, query in OPEN_ROWS.items() for (id,) in rows(address, query)]
    found += _twice_in_timelines(address)
    for thread in load.known.messages:
        found += await _of_thread(load, thread)
    for id, content in load.known.files.items():
        reply = await load.client.ask("GET", f"/files/{id}/content")
        if reply is None or reply.content != content:
            found.append(f"file {id} has other bytes")
    for path, word in load.known.entries.items():
        query = {"query": f"Who sleeps? The {word}"}
        result = await load.client.post(f"/vector_stores/{path.split('/')[0]}/search", json=query)
        if result is None or word not in str(result["data"]):
            found.append(f"{word!r} is not found in {path}")
    return found


def _twice_in_timelines(address: str) -> list[str]:
    """Return the runs that were begun again while they were under way, or ended twice."""
    found = []
    for id, timeline in rows(address, "SELECT id, timeline FROM chat_run"):
        numbers, names = [entry[0] for entry in timeline], [entry[1] for entry in timeline]
        moves = [name for name in names if name in ("thread.run.queued", "thread.run.in_progress")]
        if any(one == other for one, other in pairwise(moves)):
            found.append(f"{id} was begun twice: {names}")
        if sum(name.removeprefix("thread.run.") in ENDED for name in names) != 1:
            found.append(f"{id} did not end once: {names}")
        if numbers != sorted(set(numbers)):
            found.append(f"{id} has events in disorder: {numbers}")
    return found


async def _of_thread(load: Load, thread: str) -> list[str]:
    messages = await load.client.all(f"/threads/{thread}/messages")
    runs = {run["id"]: run for run in await load.client.all(f"/threads/{thread}/runs")}
    found = [f"run {id} is gone" for id in load.known.runs[thread] if id not in runs]
    texts = {message["id"]: _text(message) for message in messages}
    asked = [texts[message["id"]] for message in messages if message["role"] == "user"]
    found += [f"message {text!r} is there {count} times" for text, count in Counter(asked).items() if count > 1]
    for id, text in load.known.messages[thread].items():
        if texts.get(id) != text:
            found.append(f"message {id} {text!r} is {texts.get(id)!r}")
    answers = [message for message in messages if message["role"] == "assistant"]
    by_run = Counter(message["run_id"] for message in answers)
    found += [f"run {id} has {count} answers" for id, count in by_run.items() if count > 1]
    counts = {text.split()[1]: int(text.split()[2]) for text in asked}
    for message in answers:
        text, status = texts[message["id"]], runs[message["run_id"]]["status"]
        mark = text.partition(":")[0]
        whole = words(mark, counts.get(mark, 0))
        if (text != whole) if status == "completed" else (text and not (is_part(text) and whole.startswith(text))):
            found.append(f"the answer {message['id']} of a {status} run is {text!r}")
    return found + await _is_free(load.client, load.assistant, thread)


async def _is_free(client: Client, assistant: str, thread: str) -> list[str]:
    reply = await client.ask("POST", f"/threads/{thread}/runs", json={"assistant_id": assistant})
    if reply is None or reply.status_code != 200:
        return [f"thread {thread} is not free: {reply and reply.text}"]
    await client.ask("POST", f"/threads/{thread}/runs/{reply.json()['id']}/cancel", json={})
    return []


def _text(message: dict[str, Any]) -> str:
    return "".join(part["text"]["value"] for part in message["content"] if part["type"] == "text")
