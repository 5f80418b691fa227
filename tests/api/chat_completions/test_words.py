"""Citations, pictures and steps of a run in an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.actions.files import files
from chat.api.chat_completions.completion import AnswerPiece, Extra
from chat.api.chat_completions.run_answer import RunAnswer
from chat.api.chat_completions.words import cite, describe_step
from chat.events import types
from chat.models import User
from chat.providers.base import Text
from tests.api.belongings import picture
from tests.engine.stage import in_thread

MARKER = "【4:0†foods.txt】"


def note(text: str, start: int, kind: str = "file_citation") -> dict[str, Any]:
    return {
        "type": kind,
        "text": text,
        "start_index": start,
        "end_index": start + len(text),
        kind: {"file_id": "file-1"},
    }


def step(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"step_details": {"type": "tool_calls", "tool_calls": list(calls)}}


async def pieces(answer: RunAnswer, *events: tuple[str, Any]) -> list[AnswerPiece]:
    return [piece async for piece in answer.pieces(list(events))]


class TestACitation:
    def test_has_the_name_of_its_file_and_a_place(self) -> None:
        text, notes = cite(f"Leek soup{MARKER}, four coins{MARKER}.", [note(MARKER, 9), note(MARKER, 36)], start=100)
        assert text == "Leek soup[foods.txt], four coins[foods.txt]."
        assert [(each["start_index"] - 100, each["end_index"] - 100) for each in notes] == [(9, 20), (32, 43)]
        assert {each["text"] for each in notes} == {"[foods.txt]"}
        assert notes[0]["file_citation"] == {"file_id": "file-1"}

    def test_of_a_generated_file_keeps_its_link(self) -> None:
        link = "sandbox:/mnt/data/o.csv"
        text, [shown] = cite(f"[o]({link})", [note(link, 4, "file_path")], start=0)
        assert (text, shown["start_index"], shown["file_path"]) == (f"[o]({link})", 4, {"file_id": "file-1"})


class TestAStep:
    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (
                {"type": "file_search", "file_search": {"results": [{"file_name": "a.md"}] * 2}},
                "Searched the files: a.md.\n\n",
            ),
            ({"type": "file_search", "file_search": {"results": []}}, "Searched the files: nothing was found.\n\n"),
            (
                {
                    "type": "code_interpreter",
                    "code_interpreter": {"input": "1+1", "outputs": [{"type": "logs", "logs": "2\n"}]},
                },
                "```python\n1+1\n```\n\n```\n2\n```\n\n",
            ),
            ({"type": "function", "function": {"name": "f"}}, ""),
        ],
    )
    def test_is_told_in_words(self, call: dict[str, Any], words: str) -> None:
        assert describe_step(step(call)) == words

    @pytest.mark.parametrize("shows_steps", [True, False])
    async def test_is_reasoning_where_it_is_asked_for(self, shows_steps: bool) -> None:
        searched = step({"type": "file_search", "file_search": {"results": []}})
        told = await pieces(RunAnswer(User(), shows_steps=shows_steps), (types.STEP_COMPLETED, searched))
        assert told == (
            [Extra({"reasoning_content": "Searched the files: nothing was found.\n\n"})] if shows_steps else []
        )


class TestTheText:
    async def test_of_several_messages_is_one(self) -> None:
        answer = RunAnswer(User(), shows_steps=False)
        deltas = [
            types.message_delta("msg_1", index=0, text="One.", first=True),
            types.message_delta("msg_2", index=0, text=f"Two{MARKER}", first=True, annotations=[note(MARKER, 3)]),
        ]
        first, second, notes = await pieces(answer, *((types.MESSAGE_DELTA, delta) for delta in deltas))
        assert (first, second) == (Text("One."), Text("\n\nTwo[foods.txt]"))
        assert isinstance(notes, Extra)
        [shown] = notes.fields["annotations"]
        assert "One.\n\nTwo[foods.txt]"[shown["start_index"] : shown["end_index"]] == "[foods.txt]"


@pytest.mark.django_db(transaction=True)
class TestAPicture:
    async def test_is_a_data_url(self, ada: User, media: Path) -> None:
        upload = SimpleUploadedFile("a.png", picture())
        file = await in_thread(files.create)(ada, upload=upload)
        delta = types.image_delta("msg_1", index=0, file_id=file.id)
        [piece] = await pieces(RunAnswer(ada, shows_steps=False), (types.MESSAGE_DELTA, delta))
        assert isinstance(piece, Extra)
        assert piece.fields["images"][0]["image_url"]["url"].startswith("data:image/png;base64,")
