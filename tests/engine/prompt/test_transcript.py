"""What a model is sent of a thread."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from chat.engine.prompt import transcript
from chat.errors import ContextOverflow, OutputTooLong
from chat.models import File, Message, Model, Run, StepType, Thread, User
from chat.models.threads import text_part
from chat.providers.base import ToolCall, Turn

pytestmark = pytest.mark.django_db
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def model(scripted) -> Model:
    return Model.objects.create(provider=scripted, name="small", context_window=1000, vision=True)


def say(thread: Thread, text: str, *, role: str = "user", **fields: Any) -> Message:
    return Message.objects.create(thread=thread, role=role, content=[text_part(text)], **fields)


def run_on(thread: Thread, **fields: Any) -> Run:
    return Run.objects.create(thread=thread, assistant=thread.assistant, model="small", **fields)


def texts(run: Run, model: Model) -> list[str]:
    groups = transcript.thread_turns(run, model=model)
    return [turn.text for group in groups for turn in group]


def keep(owner: User, name: str, content: bytes, content_type: str) -> File:
    file = File(owner=owner, filename=name, bytes=len(content), content_type=content_type)
    file.content.save(name, ContentFile(content), save=False)
    file.save()
    return file


class TestReading:
    def test_leaves_out_answers_that_broke_but_not_those_that_were_stopped(self, thread: Thread, model: Model) -> None:
        say(thread, "question")
        say(thread, "broken", role="assistant", status="incomplete", incomplete_reason="run_failed")
        say(thread, "expired", role="assistant", status="incomplete", incomplete_reason="run_expired")
        say(thread, "stopped", role="assistant", status="incomplete", incomplete_reason="run_cancelled")

        assert texts(run_on(thread), model) == ["question", "stopped"]

    def test_ends_with_what_stood_there_when_the_run_was_made(self, thread: Thread, model: Model) -> None:
        say(thread, "before")
        run = run_on(thread)
        say(thread, "after")

        assert texts(run, model) == ["before"]

    def test_takes_only_the_last_messages_if_told_so(self, thread: Thread, model: Model) -> None:
        for number in range(5):
            say(thread, f"m{number}")
        run = run_on(thread, truncation_strategy={"type": "last_messages", "last_messages": 2})

        assert texts(run, model) == ["m3", "m4"]

    def test_reads_of_a_long_thread_what_fits_the_model(
        self, thread: Thread, model: Model, django_assert_max_num_queries: Any
    ) -> None:
        numbered = [f"{number:03d} " + "word " * 20 for number in range(400)]
        made_at = timezone.now()  # all at the same moment, as a program posts them
        Message.objects.bulk_create(
            Message(thread=thread, role="user", content=[text_part(text)], created_at=made_at) for text in numbered
        )
        run = run_on(thread)
        with django_assert_max_num_queries(4):
            groups = transcript.thread_turns(run, model=model)
        sent = transcript.fit_to_budget(groups, instructions="", present=[], budget=transcript.prompt_budget(model))

        assert len(groups) < 60
        first, *newest = [turn.text for turn in sent]
        assert first == numbered[0]
        assert newest == numbered[-len(newest) :]
        everything = [[Turn("user", text)] for text in numbered]
        assert sent == transcript.fit_to_budget(
            everything, instructions="", present=[], budget=transcript.prompt_budget(model)
        )

    @pytest.mark.parametrize("messages", [15, 16, 17, 48, 49])
    def test_reads_a_thread_that_fits_whole_and_each_message_once(self, thread: Thread, messages: int) -> None:
        large = Model(name="large", context_window=100_000)
        for number in range(messages):
            say(thread, f"m{number}")

        assert texts(run_on(thread), large) == [f"m{number}" for number in range(messages)]

    def test_puts_attached_texts_into_the_turn(self, thread: Thread, model: Model, media: Path) -> None:
        file = keep(thread.owner, "notes.txt", "Größe: 4".encode(), "text/plain")
        say(thread, "read this", attachments=[{"file_id": file.id, "tools": []}])

        assert texts(run_on(thread), model) == ["read this\n\nAttached file 'notes.txt':\n\nGröße: 4"]

    def test_cuts_a_long_attached_text(self, thread: Thread, model: Model, media: Path) -> None:
        file = keep(thread.owner, "long.txt", b"z" * (transcript.INLINE_BYTES + 1), "text/plain")
        say(thread, "read this", attachments=[{"file_id": file.id, "tools": []}])

        [text] = texts(run_on(thread), model)
        assert text.count("z") == transcript.INLINE_BYTES
        assert text.endswith("[…]")

    def test_names_attached_files_that_it_cannot_read(self, thread: Thread, model: Model, media: Path) -> None:
        file = keep(thread.owner, "data.bin", b"\x00\x01", "application/octet-stream")
        say(thread, "read this", attachments=[{"file_id": file.id, "tools": []}])

        assert "'data.bin'" in texts(run_on(thread), model)[0]

    def test_never_reads_a_file_of_someone_else(self, thread: Thread, model: Model, bob: User, media: Path) -> None:
        file = keep(bob, "secret.txt", b"the secret", "text/plain")
        say(thread, "read this", attachments=[{"file_id": file.id, "tools": []}])

        assert texts(run_on(thread), model) == ["read this"]

    def test_shows_pictures_to_a_model_that_sees(self, thread: Thread, model: Model, media: Path) -> None:
        file = keep(thread.owner, "dot.png", PIXEL, "image/png")
        message = say(thread, "what is this?")
        message.content.append({"type": "image_file", "image_file": {"file_id": file.id, "detail": "low"}})
        message.save()
        [[turn]] = transcript.thread_turns(run_on(thread), model=model)

        [image] = turn.images
        assert image.detail == "low"
        assert base64.b64decode(image.url.removeprefix("data:image/png;base64,")) == PIXEL

    @pytest.mark.parametrize("what_is_gone", ["row", "bytes", "time"])
    def test_says_that_a_picture_is_gone(self, thread: Thread, model: Model, media: Path, what_is_gone: str) -> None:
        file = keep(thread.owner, "dot.png", PIXEL, "image/png")
        part = {"type": "image_file", "image_file": {"file_id": file.id, "detail": "auto"}}
        Message.objects.create(thread=thread, role="user", content=[part])
        if what_is_gone == "row":
            file.delete()
        elif what_is_gone == "bytes":
            Path(file.content.path).unlink()
        else:
            File.objects.update(expires_at=timezone.now())

        groups = transcript.thread_turns(run_on(thread), model=model)
        assert groups == [[Turn(role="user", content="[Attached image, deleted since]")]]

    def test_says_that_the_bytes_of_an_attached_text_are_gone(self, thread: Thread, model: Model, media: Path) -> None:
        file = keep(thread.owner, "notes.txt", b"Some notes.", "text/plain")
        say(thread, "read this", attachments=[{"file_id": file.id, "tools": []}])
        Path(file.content.path).unlink()

        assert texts(run_on(thread), model) == ["read this\n\n[Attached file 'notes.txt', deleted since]"]

    def test_tells_a_model_that_does_not_see_that_there_were_pictures(
        self, thread: Thread, model: Model, media: Path
    ) -> None:
        model.vision = False
        message = say(thread, "what is this?")
        message.content.append({"type": "image_url", "image_url": {"url": "https://example.org/dot.png"}})
        message.save()
        [[turn]] = transcript.thread_turns(run_on(thread), model=model)

        assert turn.images == ()
        assert "cannot see" in turn.text


class TestTheWorkOfTheRun:
    def test_is_one_turn_of_the_assistant_for_words_and_calls(self, thread: Thread, model: Model) -> None:
        """Many chat templates refuse two turns of the assistant in a row."""
        run = run_on(thread)
        message = say(thread, "Let me look.", role="assistant", run_id=run.id)
        wrote = {"type": "message_creation", "message_creation": {"message_id": message.id}}
        run.steps.create(type=StepType.MESSAGE_CREATION, details=wrote)
        function = {"name": "weather", "arguments": "", "output": "rain"}
        calls = [{"id": "call_a", "type": "function", "function": function}]
        run.steps.create(type=StepType.TOOL_CALLS, details={"type": "tool_calls", "tool_calls": calls})

        assert transcript.run_turns(transcript.run_history(run).items, describers={}) == [
            Turn(role="assistant", content="Let me look.", tool_calls=(ToolCall("call_a", "weather", "{}"),)),
            Turn(role="tool", tool_call_id="call_a", content="rain"),
        ]


def turns(*texts: str) -> list[list[Turn]]:
    """Groups of one turn each, by turns of the user and the assistant."""
    return [[Turn(role="assistant" if place % 2 else "user", content=text)] for place, text in enumerate(texts)]


def fit(groups: list[list[Turn]], budget: int, *, instructions: str = "") -> list[str]:
    return [
        turn.text for turn in transcript.fit_to_budget(groups, instructions=instructions, present=[], budget=budget)
    ]


LONG = "word " * 400


def called(outputs: dict[str, str]) -> list[Turn]:
    """The turns of a run that has called functions, with what came of them by name."""
    calls = tuple(ToolCall(id=f"call_{name}", name=name, arguments="{}") for name in outputs)
    answers = [Turn(role="tool", tool_call_id=f"call_{name}", content=text) for name, text in outputs.items()]
    return [Turn(role="assistant", tool_calls=calls), *answers]


class TestFitting:
    def test_keeps_all_that_fits_in_order(self) -> None:
        assert fit(turns("a", "b", "c"), 1000, instructions="Be brief.") == ["Be brief.", "a", "b", "c"]

    def test_drops_what_stands_in_the_middle(self) -> None:
        assert fit(turns("a", LONG, "c", "d", "e"), 100) == ["a", "c", "d", "e"]
        assert fit(turns("a", "b", LONG, "d"), 100, instructions="Be brief.") == ["Be brief.", "a", "d"]

    def test_drops_a_beginning_that_does_not_fit(self) -> None:
        assert fit(turns(LONG, "b", "c", "d"), 100) == ["b", "c", "d"]

    def test_keeps_the_beginning_before_what_came_later(self) -> None:
        half = "word " * 50
        assert fit(turns(half, half, "c"), 120) == [half, "c"]

    def test_refuses_a_question_that_does_not_fit_by_itself(self) -> None:
        with pytest.raises(ContextOverflow, match="100 fit"):
            fit(turns("a", "b", LONG), 100)

    @pytest.mark.parametrize(
        ("outputs", "blamed"),
        [
            ({"weather": LONG}, "The output of 'weather' is too long for the model: about 481 tokens"),
            ({"now": "12:00", "weather": LONG}, "The output of 'weather' is"),
            ({"weather": LONG, "news": LONG + LONG}, "The output of 'news' and 'weather' is"),
        ],
    )
    def test_names_the_functions_whose_output_does_not_fit(self, outputs: dict[str, str], blamed: str) -> None:
        with pytest.raises(OutputTooLong, match=blamed):
            transcript.fit_to_budget(turns("a"), instructions="", present=called(outputs), budget=100)

    def test_blames_the_message_where_it_is_longer_than_the_outputs(self) -> None:
        with pytest.raises(ContextOverflow, match="The message and the instructions are too long"):
            transcript.fit_to_budget(turns(LONG), instructions="", present=called({"now": "12:00"}), budget=100)

    def test_keeps_the_work_of_the_run_before_older_messages(self) -> None:
        present = [Turn(role="tool", content="result")]
        fitted = transcript.fit_to_budget(turns(LONG, "b", "c"), instructions="", present=present, budget=100)
        assert [turn.text for turn in fitted] == ["b", "c", "result"]


class TestTheBudget:
    def test_leaves_room_for_the_answer(self, model: Model) -> None:
        assert transcript.prompt_budget(model) == 750
