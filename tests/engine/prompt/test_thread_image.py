"""A property: what a provider is sent of a thread is an image of the thread, whatever stands in it.

Random threads (roles, parts, pictures, attachments, lengths) are compared with what the reference, sections 5 and 6.1,
says of each truncation strategy.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from chat.engine.prompt import request
from chat.engine.turn.usage import estimate_turns
from chat.models import File, Message, Model, Run, Thread
from chat.models.threads import text_part
from chat.providers.base import Image, Request
from chat.providers.openai.request_body import request_body

pytestmark = pytest.mark.django_db
WINDOW = 8000  # tokens
INSTRUCTIONS = "Answer in one word."

Entry = tuple[str, list[str]]  # a role, and texts and addresses of pictures in order


class RandomThread:
    """Writes messages to a thread and keeps what a model should see of each."""

    def __init__(self, thread: Thread, seed: int) -> None:
        self.thread, self.random = thread, random.Random(seed)
        self.entries: list[Entry] = []
        for number in range(self.random.randint(1, 12)):
            self._write(number)

    def _write(self, number: int) -> None:
        role = self.random.choice(["user", "user", "assistant"])
        kinds = self.random.choices(["text", "image_url"] if role == "user" else ["text"], k=self.random.randint(1, 4))
        parts = [self._part(kind, f"{number}.{place}") for place, kind in enumerate(kinds)]
        expected = [value["text"]["value"] if "text" in value else value["image_url"]["url"] for value in parts]
        attachments = []
        if role == "user" and self.random.random() < 0.3:
            file = File(owner=self.thread.owner, filename=f"{number}.txt", bytes=5, content_type="text/plain")
            file.content.save(file.filename, ContentFile(b"notes"), save=True)
            attachments = [{"file_id": file.id, "tools": [{"type": "code_interpreter"}]}]
            expected.append(f"Attached file '{number}.txt':\n\nnotes")
        Message.objects.create(thread=self.thread, role=role, content=parts, attachments=attachments)
        self.entries.append((role, expected))

    def _part(self, kind: str, name: str) -> dict[str, Any]:
        if kind == "image_url":
            return {"type": "image_url", "image_url": {"url": f"https://example.org/{name}.png", "detail": "auto"}}
        return text_part(f"{name} " + "word " * self.random.choice([0, 3, 30, 300, 900]))


def entries_of(sent: Request) -> Iterator[Entry]:
    for message in request_body(sent)["messages"]:
        content = message["content"]
        if isinstance(content, str):
            yield message["role"], [content]
        else:
            yield (
                message["role"],
                [part["text"] if part["type"] == "text" else part["image_url"]["url"] for part in content],
            )


def joined(entry: Entry) -> Entry:
    """The entry as it is sent: texts without pictures are one."""
    role, parts = entry
    return entry if any(part.startswith("https://") for part in parts) else (role, ["\n\n".join(parts)])


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("strategy", ["auto", "last_messages"])
def test_a_model_is_sent_an_image_of_the_thread(thread: Thread, scripted, media, seed: int, strategy: str) -> None:
    Model.objects.create(provider=scripted, name="seeing", context_window=WINDOW, vision=True)
    written = RandomThread(thread, seed)
    last = written.random.randint(1, 6)
    truncation = {"type": strategy} | ({"last_messages": last} if strategy == "last_messages" else {})
    run = Run.objects.create(
        thread=thread,
        assistant=thread.assistant,
        model="seeing",
        instructions=INSTRUCTIONS,
        truncation_strategy=truncation,
    )
    sent = request.build_request(run, request.read_context(run))
    system, *messages = entries_of(sent)

    expected = [joined(entry) for entry in written.entries]
    if strategy == "last_messages":
        expected = expected[-last:]
    assert system == ("system", [INSTRUCTIONS])
    assert messages[-1] == expected[-1]
    if messages == expected:
        return
    # Too long: the middle is missing, and nothing of it would have fitted.
    first = [expected[0]] if messages[0] == expected[0] and len(messages) > 1 else []
    newest = messages[len(first) :]
    assert messages == [*first, *expected[-len(newest) :]]
    budget = request.transcript.prompt_budget(Model.objects.get(name="seeing"))
    assert estimate_turns(sent.turns) <= budget
    if first:
        left_out = expected[-len(newest) - 1]
        parts = tuple(Image(part) if part.startswith("https://") else part for part in left_out[1])
        assert estimate_turns([*sent.turns, request.Turn("user", parts)]) > budget
