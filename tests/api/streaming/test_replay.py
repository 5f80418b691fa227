"""A stream that did not hear everything tells the rest from the rows: reference, section 7.2.

Whatever a stream has heard of a run when it falls behind, the client is told the same in the end.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat.actions.conversation import runs
from chat.api.streaming.replay import StreamEvent, StreamProgress
from chat.engine.follow import ThreadSnapshot, read_run_snapshot
from chat.errors import RunDeleted
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Assistant, Run, Thread, VectorStore
from chat.providers.base import Text, ToolCallPiece
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Pause, Reply, call
from chat.tools import declarations
from tests.api.calling import Body
from tests.api.streaming.streams import names, text_in
from tests.engine.library import CAKE, fill, librarian
from tests.engine.stage import Stage, answer, heard, in_thread, status
from tests.sandbox.brokers import RunningBroker

pytestmark = pytest.mark.django_db(transaction=True)
Known = dict[str, str]
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
APART = Pause(0.04)  # seconds; more than the window in which pieces of text are told as one


class Scene:
    """What was to be heard of a run, what an earlier stream had told of it, and its rows in the end."""

    def __init__(self, events: list[Event], rows: ThreadSnapshot, known: Known) -> None:
        self.events, self.rows, self.known = events, rows, known

    @property
    def whole(self) -> list[StreamEvent]:
        return [(event.name, event.data) for event in self.events]

    def told(self, heard: int, rows: ThreadSnapshot) -> list[StreamEvent]:
        """What a stream tells that has heard so many events and then reads ``rows``."""
        progress = StreamProgress(self.known)
        return progress.record(self.events[:heard]) + progress.replay(rows)


def forecaster() -> ScriptedProvider:
    """Asks for functions, and has an answer when it knows what they say."""
    asks = Reply("Let me look. ", APART, call("weather", city="Oslo"), APART, call("weather", city="Rome"))
    return ScriptedProvider([asks, Reply("Rain ", APART, "and sun.", after_tools=True)])


async def submit(run: Run) -> None:
    calls = run.required_action["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": made["id"], "output": made["function"]["arguments"]} for made in calls]
    await in_thread(runs.submit_tool_outputs)(run, outputs=outputs)


@pytest.fixture
def thread(ada, assistant: Assistant) -> Thread:
    assistant.tools = [WEATHER]
    assistant.save()
    return Thread.objects.create(owner=ada, assistant=assistant)


@pytest.fixture(params=["text", "function", "submit"])
async def scene(request: pytest.FixtureRequest, stage: Stage, thread: Thread) -> Scene:
    greeter = ScriptedProvider([Reply("Good ", APART, "morning, ", APART, "Ada. 𝄞")])
    provider = greeter if request.param == "text" else forecaster()
    return (await played(stage, thread, provider, rounds=2 if request.param == "submit" else 1))[-1]


async def played(stage: Stage, thread: Thread, provider: ScriptedProvider, *, rounds: int = 1) -> list[Scene]:
    """A run, cut where outputs are handed in."""
    scenes: list[Scene] = []
    with bus.follow(thread.id) as follower:
        run = await stage.ask(thread)
        for _ in range(rounds):
            known = {step.id: step.status async for step in run.steps.all()}
            if known:
                await submit(run)
            # Not before: a worker that looks by chance may speak before those whose rows it finds.
            async with stage.working(provider):
                events = await heard(follower)
                run = await status(run, "requires_action", "completed")
            scenes.append(Scene(events, await in_thread(read_run_snapshot)(run.id), known))
    return scenes


def calls_in(events: list[StreamEvent]) -> dict[tuple[str, int], Body]:
    """The function calls as an SDK joins them from the deltas."""
    found: dict[tuple[str, int], Body] = defaultdict(lambda: {"id": "", "name": "", "arguments": "", "output": None})
    for name, data in events:
        for made in data["delta"]["step_details"]["tool_calls"] if name == "thread.run.step.delta" else []:
            joined = found[data["id"], made["index"]]
            joined["id"] += made.get("id", "")
            joined["name"] += made["function"].get("name", "")
            joined["arguments"] += made["function"].get("arguments", "")
            joined["output"] = made["function"].get("output", joined["output"])
    return dict(found)


def endings(events: list[StreamEvent]) -> list[Any]:
    """The objects as they were when their messages and runs ended."""
    ends = ("thread.message.completed", "thread.run.completed", "thread.run.requires_action")
    return [(name, data) for name, data in events if name in ends]


def ids(events: list[StreamEvent]) -> list[tuple[str, str]]:
    """What was told of which object, a row of deltas counted once."""
    found: list[tuple[str, str]] = []
    for name, data in events:
        if (name, data["id"]) not in found[-1:]:
            found.append((name, data["id"]))
    return found


def unset(events: list[StreamEvent]) -> list[tuple[str, list[str]]]:
    """What was null of the run when it was told."""
    runs = [(name, data) for name, data in events if data["object"] == "thread.run"]
    return [(name, [key for key, value in data.items() if value is None]) for name, data in runs]


VIEWS: tuple[Callable[[list[StreamEvent]], Any], ...] = (names, ids, text_in, endings)


def assert_told_whole(scene: Scene, *more: Callable[[list[StreamEvent]], Any]) -> None:
    """Wherever a stream falls behind, it tells the same, seen in each way."""
    for cut in range(len(scene.events) + 1):
        told = scene.told(cut, scene.rows)
        for view in (*VIEWS, *more):
            assert view(told) == view(scene.whole), (cut, view)


class TestAStreamThatFallsBehind:
    async def test_tells_the_same_wherever_it_does(self, scene: Scene) -> None:
        assert_told_whole(scene, calls_in, unset)

    async def test_tells_nothing_twice(self, scene: Scene) -> None:
        progress = StreamProgress(scene.known)
        progress.replay(scene.rows)
        assert progress.replay(scene.rows) == []

    async def test_shows_what_begins_as_it_was_then(self, scene: Scene) -> None:
        beginnings = (".created", ".queued", ".in_progress")
        for data in [data for name, data in scene.told(0, scene.rows) if name.endswith(beginnings)]:
            assert data["status"] in ("queued", "in_progress")
            assert data["completed_at"] is None
            assert data.get("usage") is None
            assert data.get("content", []) == []
            assert data.get("required_action") is None
            assert not data.get("step_details", {}).get("tool_calls")

    async def test_tells_of_a_text_that_grows_what_is_new(self, stage: Stage, thread: Thread) -> None:
        [scene] = await played(stage, thread, ScriptedProvider([Reply("Good ", APART, "morning.")]))
        [message] = scene.rows.messages
        [step] = scene.rows.steps
        assert scene.rows.run is not None
        run = scene.rows.run | {"status": "in_progress", "completed_at": None}
        progress = StreamProgress({})
        texts = []
        for end in range(len("Good morning.") + 1):
            content = [{"type": "text", "text": {"value": "Good morning."[:end], "annotations": []}}]
            row = message | {"status": "in_progress", "content": content}
            part = replace(scene.rows, run=run, messages=(row,), steps=(step | {"status": "in_progress"},))
            texts.append(text_in(progress.replay(part)))
        assert texts == ["", *"Good morning."]
        assert names(progress.replay(scene.rows)) == names(scene.whole)[-3:]


def cited(events: list[StreamEvent]) -> list[Body]:
    """The annotations as an SDK puts them in their places."""
    found: dict[int, Body] = {}
    for name, data in events:
        for part in data["delta"]["content"] if name == "thread.message.delta" else []:
            for note in part["text"].get("annotations", []):
                assert note["index"] not in found
                found[note["index"]] = note
    return [note for _index, note in sorted(found.items())]


class TestAStreamOfAnAnswerWithCitations:
    async def test_tells_the_same_wherever_it_falls_behind(self, stage: Stage, thread: Thread, media: Path) -> None:
        store = await VectorStore.objects.acreate(owner=thread.owner)
        await in_thread(fill)(store, "foods.txt", CAKE)
        thread.assistant.tools = declarations.normalised([{"type": "file_search"}])
        thread.assistant.tool_resources = {"file_search": {"vector_store_ids": [store.id]}}
        await thread.assistant.asave()
        said = ("Cake ", APART, "【4:0†foods.txt】", APART, " and more", APART, "【4:0†foods.txt】", ".")
        [scene] = await played(stage, thread, librarian(*said))
        assert_told_whole(scene, cited)
        assert len(cited(scene.whole)) == 2


def pictures(events: list[StreamEvent]) -> list[str]:
    """The pictures of the answer, as deltas bring them."""
    parts = [part for name, data in events if name == "thread.message.delta" for part in data["delta"]["content"]]
    return [part["image_file"]["file_id"] for part in parts if part["type"] == "image_file"]


def coded(events: list[StreamEvent]) -> list[Body]:
    """The code calls, put together of their deltas as an SDK does."""
    found: dict[int, Body] = {}
    for name, data in events:
        for delta in data["delta"]["step_details"]["tool_calls"] if name == "thread.run.step.delta" else []:
            made, more = found.setdefault(delta["index"], {"input": "", "outputs": {}}), delta["code_interpreter"]
            made["input"] += more.get("input", "")
            for output in more.get("outputs", []):
                assert output["index"] not in made["outputs"]
                made["outputs"][output["index"]] = output
    return [made for _index, made in sorted(found.items())]


class TestAStreamOfARunThatRunsCode:
    async def test_tells_the_same_wherever_it_falls_behind(
        self, stage: Stage, thread: Thread, media: Path, sandbox: RunningBroker
    ) -> None:
        thread.assistant.tools = [{"type": "code_interpreter"}]
        await thread.assistant.asave()
        plot = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show(); print(42)"
        codes = [ToolCallPiece(0, "call_1", "code_interpreter"), ToolCallPiece(0, arguments='{"code": "1 + ')]
        codes += [APART, ToolCallPiece(0, arguments='1"}'), call("code_interpreter", code=plot)]
        provider = ScriptedProvider([Reply(*codes), Reply("Two ", APART, "and a plot.", after_tools=True)])
        [scene] = await played(stage, thread, provider)
        assert (len(pictures(scene.whole)), len(coded(scene.whole))) == (1, 2)
        assert_told_whole(scene, pictures, coded)


def refusal_in(events: list[StreamEvent]) -> str:
    parts = [part for name, data in events if name == "thread.message.delta" for part in data["delta"]["content"]]
    return "".join(part["refusal"] for part in parts if part["type"] == "refusal")


class TestAStreamOfARefusal:
    async def test_tells_the_same_wherever_it_falls_behind(self, stage: Stage, thread: Thread) -> None:
        refused = [Text("I cannot ", is_refusal=True), APART, Text("help.", is_refusal=True)]
        [scene] = await played(stage, thread, ScriptedProvider([Reply("Hm. ", APART, *refused)]))
        assert refusal_in(scene.whole) == "I cannot help."
        assert_told_whole(scene, refusal_in)


class TestAStreamOfARunThatIsCancelled:
    @pytest.mark.parametrize("said", [("Good ",), ()])
    async def test_tells_the_same_wherever_it_falls_behind(self, stage: Stage, thread: Thread, said) -> None:
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([Reply(*said, asyncio.Event())])):
                run = await status(await stage.ask(thread), "in_progress")
                if said:
                    await answer(run, containing="Good ")
                await in_thread(runs.cancel)(run)
                events = await heard(follower)
        scene = Scene(events, await in_thread(read_run_snapshot)(run.id), {})
        assert "thread.run.cancelling" in names(scene.whole)
        for cut in range(len(scene.events) + 1):
            told = scene.told(cut, scene.rows)
            assert names(told) == names(scene.whole), cut
            assert unset(told) == unset(scene.whole), cut


class TestAStreamThatHeardNothingFor:
    async def test_a_run_with_outputs_in_the_middle_tells_it_all(self, stage: Stage, thread: Thread) -> None:
        """From before the outputs were needed to the end."""
        first, second = await played(stage, thread, forecaster(), rounds=2)
        whole = first.whole[:-1] + second.whole
        for cut in range(len(first.events)):
            told = first.told(cut, second.rows)
            assert text_in(told) == "Let me look. Rain and sun.", cut
            assert [told[0][0], told[-1][0]] == ["thread.run.created", "thread.run.completed"], cut
            once = {name for name in ids(whole) if "step" in name[0] or "message" in name[0]}
            assert {name for name in ids(told) if "step" in name[0] or "message" in name[0]} == once, cut
            assert len(ids(told)) == len(set(ids(told))), cut
            assert [made["output"] for made in calls_in(told).values()] == [None, None], cut

    async def test_outputs_that_led_to_more_calls_tells_those_too(self, stage: Stage, thread: Thread) -> None:
        asks = Reply(call("weather", city="Bonn"), after_tools=True)
        provider = ScriptedProvider([asks, Reply(call("weather", city="Oslo"))])
        _first, scene = await played(stage, thread, provider, rounds=2)
        assert ids(scene.told(0, scene.rows)) == ids(scene.whole)
        assert scene.whole[-1][0] == "thread.run.requires_action"


class TestARunThatIsGone:
    def test_is_told_so(self) -> None:
        nothing = ThreadSnapshot(run=None, messages=(), steps=(), seq=0, live=False)
        with pytest.raises(RunDeleted):
            StreamProgress({}).replay(nothing)
