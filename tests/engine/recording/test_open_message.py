"""The content of an answer while it is written, without a database."""

from __future__ import annotations

from typing import Any

import pytest

from chat.engine.recording.open_message import OpenMessage
from chat.events.bus import bus
from chat.events.types import coalesce
from chat.models import Message, Run, RunStep
from chat.tools.citations import CitableResult, without_markers

SOURCES = {(4, 0): CitableResult("file-foods", "foods.txt", "Filip: cake")}
MARKER = "【4:0†foods.txt】"


class NoRows:
    """A row writer that writes nothing."""

    def note(self, *_message: Any) -> None: ...
    def forget(self, _message: Message) -> None: ...


def opened(**options: Any) -> OpenMessage:
    run = Run(id="run_1", thread_id="thread_1")
    return OpenMessage(Message(id="msg_1"), RunStep(), run=run, writer=NoRows(), **options)


def cited(before: str, **options: Any) -> OpenMessage:
    message = opened(sources=SOURCES, **options)
    for piece in (before, MARKER[:3], f"{MARKER[3:]} and ", MARKER):
        message.add(piece)
    message.finish()
    return message


class TestTheAnnotationsOfAText:
    @pytest.mark.parametrize("before", ["Cake", "蛋糕，", "🍰👩‍🍳 ", "é"])
    async def test_stand_where_their_text_is(self, before: str) -> None:
        with bus.follow("thread_1") as follower:
            message = cited(before)
            deltas = [event.data["delta"]["content"][0]["text"] for event in await follower.read(wait=0)]
        [part] = message.content
        value = part["text"]["value"]
        published = [one for delta in deltas for one in delta.get("annotations", ())]
        assert [one["index"] for one in published] == [0, 1]
        assert len(part["text"]["annotations"]) == 2
        for annotation in part["text"]["annotations"]:
            assert value[annotation["start_index"] : annotation["end_index"]] == annotation["text"] == MARKER

    async def test_can_be_taken_out_of_it(self) -> None:
        [part] = cited("Cake").content
        assert without_markers(part["text"]["value"], part["text"]["annotations"]) == "Cake and "

    async def test_are_links_and_citations_in_the_order_of_the_text(self) -> None:
        [part] = cited("[data](sandbox:/mnt/data/a.csv) ", files={"a.csv": "file-csv"}).content
        assert [one["type"] for one in part["text"]["annotations"]] == ["file_path", "file_citation", "file_citation"]


class TestAnOpenMessage:
    async def test_begins_with_its_pictures(self) -> None:
        message = opened(pictures=["file-a"])
        message.add("See?")
        message.finish()
        assert [part["type"] for part in message.content] == ["image_file", "text"]
        assert message.row.content == message.content

    @pytest.mark.parametrize(
        ("pieces", "deltas"),
        [
            (["See?", " It"], [["image_file", "image_file", "text"], ["text"]]),  # some clients show pictures only so
            (["【4:", "0"], [["image_file"], ["image_file"], ["text"]]),  # half a marker may still be none
            ([], [["image_file"], ["image_file"]]),
        ],
    )
    async def test_publishes_pictures_with_the_text_that_follows_at_once(
        self, pieces: list[str], deltas: list[list[str]]
    ) -> None:
        with bus.follow("thread_1") as follower:
            message = opened(pictures=["file-a", "file-b"], sources=SOURCES)
            for piece in pieces:
                message.add(piece)
            message.show_pictures()
            message.finish()
            contents = [event.data["delta"]["content"] for event in await follower.read(wait=0)]
        assert [[part["type"] for part in content] for content in contents] == deltas
        assert [part["index"] for content in contents for part in content][:2] == [0, 1]
        firsts = [
            part["text"].get("annotations") for content in contents for part in content if part["type"] == "text"
        ][:1]
        assert firsts == ([[]] if pieces else [])

    async def test_is_coalesced_with_its_pictures(self) -> None:
        with bus.follow("thread_1") as follower:
            message = opened(pictures=["file-a"])
            for piece in ("See? ", "It ", "is."):
                message.add(piece)
                message.throttle.flush()
            [event] = coalesce(await follower.read(wait=0))
        picture, text = event.data["delta"]["content"]
        assert (picture["type"], text["text"]) == ("image_file", {"value": "See? It is.", "annotations": []})

    async def test_without_a_word_has_no_text(self) -> None:
        message = opened()
        message.finish()
        assert message.content == []
