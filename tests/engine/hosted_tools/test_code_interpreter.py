"""A run that runs code (reference, sections 3, 7.2 and 8), in a real sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from django.core.files.base import ContentFile

from chat.actions.conversation import runs, threads
from chat.engine.hosted_tools import code_interpreter
from chat.engine.turn.tool_calls import MOST_CALLS
from chat.errors import FilesUnavailable
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Assistant, File, Message, Model, Run, RunStep, SandboxFile, Thread, ToolUse, User
from chat.models.threads import text_part
from chat.providers.base import Request, ToolCallPiece, Turn
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from chat.sandbox.client import Lease
from chat.sandbox.errors import SessionLost
from chat.sandbox.state import State
from tests.engine.golden import assert_like
from tests.engine.stage import Stage, heard, in_thread, status, until
from tests.sandbox.brokers import RunningBroker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
CODE = {"type": "code_interpreter"}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
PLOT = """\
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
print(42)
open("/mnt/data/out.csv", "w").write("a\\n1\\n");"""
DOUBLE = """\
import pandas as pd
d = pd.read_csv("/mnt/data/a.csv")
d["m"] = d.n * 2
d.to_csv("/mnt/data/a.csv", index=False)"""


@pytest.fixture
def thread(ada: User, assistant: Assistant, media: object) -> Thread:
    assistant.tools = [CODE]
    assistant.save()
    return Thread.objects.create(owner=ada, assistant=assistant)


def coder(*codes: str, said: Sequence[str] = ("Done.",)) -> ScriptedProvider:
    """Runs one piece of code after another and then says something."""
    asks = [Reply(call("code_interpreter", code=code), once=True) for code in codes[:1]]
    asks += [Reply(call("code_interpreter", code=code), after_tools=True, once=True) for code in codes[1:]]
    return ScriptedProvider([*asks, Reply(*said, after_tools=True)])


async def perform(stage: Stage, thread: Thread, provider: ScriptedProvider, text: str = "Go!") -> list[Event]:
    with bus.follow(thread.id) as follower:
        await stage.ask(thread, text)  # before a worker can claim the run, so that its first event is the first heard
        async with stage.working(provider):
            return await heard(follower)


async def cells(thread: Thread) -> list[dict[str, Any]]:
    """What the steps keep of the code that was run."""
    steps = [step async for step in RunStep.objects.filter(run__thread=thread, type="tool_calls")]
    return [made["code_interpreter"] for step in steps for made in step.details["tool_calls"]]


async def printed(stage: Stage, thread: Thread, code: str) -> str:
    """What ``code`` printed, run as the next thing in the thread."""
    await perform(stage, thread, coder(code))
    outputs = (await cells(thread))[-1]["outputs"]
    return "".join(output["logs"] for output in outputs if output["type"] == "logs")


def bytes_of(file: File) -> bytes:
    with file.content.open("rb") as content:
        return content.read()


def told_to(request: Request) -> list[str]:
    return [turn.text for turn in request.turns if turn.role == "tool"]


class TestABucketThatIsAway:
    async def test_costs_the_files_and_not_the_run(
        self, stage: Stage, thread: Thread, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = File(owner=ada, filename="a.csv", bytes=3)
        file.content.save(file.id, ContentFile(b"n\n1"), save=False)
        await file.asave()
        thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
        await thread.asave()

        def refuse(*_arguments: object, **_options: object) -> None:
            raise FilesUnavailable

        monkeypatch.setattr(file.content.storage, "_open", refuse)
        monkeypatch.setattr(file.content.storage, "_save", refuse)
        await perform(stage, thread, coder(PLOT))

        [made] = await cells(thread)
        assert [output["type"] for output in made["outputs"]] == ["logs"]
        assert made["note"].count("The storage of files does not answer.") == 3  # to be read, a picture, a file
        assert await Run.objects.filter(status="completed").acount() == 1


class TestACodeRun:
    async def test_tells_what_happens_in_the_order_of_the_reference(self, stage: Stage, thread: Thread) -> None:
        said = ("Here is", " the plot. [Download](", "sandbox:/mnt/data/out.csv", ")")
        assert_like(await perform(stage, thread, coder(PLOT, said=said)), "04_code_interpreter_image")

    async def test_tells_the_code_as_it_is_written_and_what_came_of_it(self, stage: Stage, thread: Thread) -> None:
        events = await perform(stage, thread, coder(PLOT))

        deltas = [event.data["delta"]["step_details"]["tool_calls"] for event in events if "step.delta" in event.name]
        told = [one["code_interpreter"] for [one] in deltas]
        assert told[0] == {"input": "", "outputs": []}
        assert "".join(one.get("input", "") for one in told) == PLOT
        [logs], [image] = [one["outputs"] for one in told if one.get("outputs")]
        assert logs == {"index": 0, "type": "logs", "logs": "42\n"}
        assert (image["index"], image["type"]) == (1, "image")
        done = next(event.data for event in events if event.name == "thread.run.step.completed")
        [made] = done["step_details"]["tool_calls"]
        assert made["code_interpreter"] == {
            "input": PLOT,
            "outputs": [{"type": "logs", "logs": "42\n"}, {"type": "image", "image": image["image"]}],
        }

    async def test_keeps_the_picture_before_it_is_told(self, stage: Stage, thread: Thread, ada: User) -> None:
        with bus.follow(thread.id) as follower:
            async with stage.working(coder(PLOT)):
                await stage.ask(thread)
                shown = frozenset({"thread.message.delta"})
                delta = next(event for event in await heard(follower, ends=shown) if event.name in shown)
                part = delta.data["delta"]["content"][0]
                file = await File.objects.select_related("owner").aget(id=part["image_file"]["file_id"])
        assert (file.purpose, file.content_type, file.owner) == ("assistants_output", "image/png", ada)
        assert bytes_of(file).startswith(b"\x89PNG")

    async def test_shows_pictures_before_the_text_and_links_to_files(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, coder(PLOT, said=("😀 [it](sand", "box:/mnt/data/out.csv)!")))

        message = await Message.objects.aget(thread=thread, role="assistant")
        picture, text = message.content
        assert picture["type"] == "image_file"
        [link] = text["text"]["annotations"]
        assert link["type"] == "file_path"
        assert (
            text["text"]["value"][link["start_index"] : link["end_index"]]
            == link["text"]
            == "sandbox:/mnt/data/out.csv"
        )
        file = await File.objects.aget(id=link["file_path"]["file_id"])
        assert (file.filename, bytes_of(file)) == ("out.csv", b"a\n1\n")
        assert message.attachments == [{"file_id": file.id, "tools": [{"type": "code_interpreter"}]}]

    async def test_shows_pictures_though_the_model_spoke_before_it_saw_them(self, stage: Stage, thread: Thread) -> None:
        asks = Reply(call("code_interpreter", code=PLOT), "Wait. ")
        await perform(stage, thread, ScriptedProvider([asks, Reply("There.", after_tools=True)]))
        messages = Message.objects.filter(thread=thread, role="assistant").order_by("number")
        kinds = [[part["type"] for part in message.content] async for message in messages]
        assert kinds == [["text"], ["image_file", "text"]]

    async def test_shows_pictures_once_though_the_model_speaks_twice(self, stage: Stage, thread: Thread) -> None:
        asks = Reply(call("code_interpreter", code=PLOT), once=True)
        more = Reply("Here. ", call("code_interpreter", code="1"), "Wait. ", after_tools=True, once=True)
        await perform(stage, thread, ScriptedProvider([asks, more, Reply("Done.", after_tools=True)]))
        messages = Message.objects.filter(thread=thread, role="assistant").order_by("number")
        kinds = [[part["type"] for part in message.content] async for message in messages]
        assert kinds == [["image_file", "text"], ["text"], ["text"]]

    async def test_shows_pictures_of_which_nothing_is_said(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, coder(PLOT, said=()))
        message = await Message.objects.aget(thread=thread, role="assistant")
        assert [part["type"] for part in message.content] == ["image_file"]
        assert message.status == "completed"

    async def test_gives_the_model_what_was_printed(self, stage: Stage, thread: Thread) -> None:
        provider = coder(PLOT)
        await perform(stage, thread, provider)
        first, second = provider.requests
        assert [function.name for function in first.functions] == ["code_interpreter"]
        assert told_to(second) == ["42\n[The picture is shown above.]\n[Written to /mnt/data: out.csv]"]
        assert json.loads(second.turns[-2].tool_calls[0].arguments) == {"code": PLOT}

    async def test_solves_an_equation(self, stage: Stage, thread: Thread) -> None:
        code = "from sympy import *\nx = symbols('x')\nsolve(Eq(3*x + 11, 14), x)"
        assert await printed(stage, thread, code) == "[1]\n"

    async def test_keeps_variables_between_runs(self, stage: Stage, thread: Thread) -> None:
        assert await printed(stage, thread, "total = 41") == ""
        assert await printed(stage, thread, "total + 1") == "42\n"

    async def test_shares_nothing_between_threads(self, stage: Stage, thread: Thread, ada: User) -> None:
        other = await Thread.objects.acreate(owner=ada, assistant=thread.assistant)
        await printed(stage, thread, "secret = 1; open('/mnt/data/secret.txt', 'w').write('x');")
        assert "NameError" in await printed(stage, other, "secret")
        assert await printed(stage, other, "import os; os.listdir('/mnt/data')") == "[]\n"

    async def test_shows_a_traceback_to_the_model_which_may_try_again(self, stage: Stage, thread: Thread) -> None:
        provider = coder("1 / 0", "1 / 1")
        await perform(stage, thread, provider)
        assert "ZeroDivisionError: division by zero" in told_to(provider.requests[1])[0]
        assert [cell["status"] for cell in await cells(thread)] == ["error", "ok"]

    async def test_runs_several_pieces_of_a_turn_in_their_order(self, stage: Stage, thread: Thread) -> None:
        asks = Reply(call("code_interpreter", code="a = 1; a"), call("code_interpreter", code="a + 1"))
        events = await perform(stage, thread, ScriptedProvider([asks, Reply("Both.", after_tools=True)]))
        deltas = [event.data["delta"]["step_details"]["tool_calls"] for event in events if "step.delta" in event.name]
        outputs = {
            one["index"]: one["code_interpreter"]["outputs"]
            for [one] in deltas
            if one["code_interpreter"].get("outputs")
        }
        assert [output["logs"] for [output] in (outputs[0], outputs[1])] == ["1\n", "2\n"]

    async def test_runs_code_before_it_waits_for_a_function(self, stage: Stage, thread: Thread) -> None:
        assistant = thread.assistant
        assistant.tools = [CODE, WEATHER]
        await assistant.asave()
        asks = Reply(call("weather"), call("code_interpreter", code="6 * 7"))
        provider = ScriptedProvider([asks, Reply("Rain and 42.", after_tools=True)])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "requires_action")
            [asked] = run.required_action["submit_tool_outputs"]["tool_calls"]
            await in_thread(runs.submit_tool_outputs)(run, outputs=[{"tool_call_id": asked["id"], "output": "rain"}])
            await status(run, "completed")
        assert told_to(provider.requests[-1]) == ["rain", "42"]

    async def test_ends_when_the_model_only_runs_code(
        self, stage: Stage, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(MOST_CALLS, "code_interpreter", 2)
        again = Reply(call("code_interpreter", code="1"))
        provider = ScriptedProvider([again, Reply(call("code_interpreter", code="1"), after_tools=True)])
        events = await perform(stage, thread, provider)
        assert events[-1].name == "thread.run.failed"
        assert events[-1].data["last_error"]["message"] == "The model ran code again and again without answering."
        assert provider.requests[-1].functions == []

    async def test_is_stopped_with_its_code(self, stage: Stage, thread: Thread) -> None:
        with bus.follow(thread.id) as follower:
            async with stage.working(coder("import time\nprint('begun')\ntime.sleep(600)")):
                run = await stage.ask(thread)
                await until(lambda: '"running"' in json.dumps([s.details for s in RunStep.objects.filter(run=run)]))
                await in_thread(runs.cancel)(run)
                events = await heard(follower)
        assert [event.name for event in events[-2:]] == ["thread.run.step.cancelled", "thread.run.cancelled"]
        assert [cell["status"] for cell in await cells(thread)] == ["interrupted"]
        assert await printed(stage, thread, "'still here'") == "'still here'\n"

    async def test_keeps_the_code_that_was_being_written_when_it_was_stopped(
        self, stage: Stage, thread: Thread
    ) -> None:
        pieces = [ToolCallPiece(0, "call_1", "code_interpreter"), ToolCallPiece(0, arguments='{"code": "total = ')]
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([Reply(*pieces, asyncio.Event())])):
                run = await stage.ask(thread)
                await heard(follower, ends=frozenset({"thread.run.step.delta"}))
                await asyncio.sleep(0.1)
                await in_thread(runs.cancel)(run)
                await heard(follower)
        [cell] = await cells(thread)
        assert (cell["input"], cell["outputs"], cell["status"]) == ("total = ", [], "interrupted")


class TestFiles:
    async def given(self, ada: User, name: str, content: bytes) -> File:
        file = File(owner=ada, filename=name, content_type="text/csv", bytes=len(content))
        await in_thread(file.content.save)(name, ContentFile(content), save=False)
        await file.asave()
        return file

    async def test_that_were_given_are_there_by_name(self, stage: Stage, thread: Thread, ada: User) -> None:
        file = await self.given(ada, "Umsätze 2026.csv", b"a,b\n1,2\n")
        thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
        await thread.asave()
        assert await printed(stage, thread, "open('/mnt/data/Umsätze 2026.csv').read()") == "'a,b\\n1,2\\n'\n"

    async def test_that_come_later_are_there_too(self, stage: Stage, thread: Thread, ada: User) -> None:
        await printed(stage, thread, "kept = 1")
        file = await self.given(ada, "late.csv", b"x")
        thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
        await thread.asave()
        assert await printed(stage, thread, "open('/mnt/data/late.csv').read(), kept") == "('x', 1)\n"

    async def test_that_were_changed_are_kept_and_those_given_stay(
        self, stage: Stage, thread: Thread, ada: User
    ) -> None:
        file = await self.given(ada, "a.csv", b"n\n1\n")
        thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
        await thread.asave()
        await printed(
            stage,
            thread,
            DOUBLE,
        )
        left = await SandboxFile.objects.select_related("file").aget(thread=thread)
        assert (left.name, bytes_of(left.file)) == ("a.csv", b"n,m\n1,2\n")
        assert bytes_of(await File.objects.aget(id=file.id)) == b"n\n1\n"

    async def test_that_are_large_are_kept_whole(self, stage: Stage, thread: Thread) -> None:
        size = 5 * 1024 * 1024 + 3000
        await printed(stage, thread, f"open('/mnt/data/large.bin', 'wb').write(bytes({size}));")
        left = await SandboxFile.objects.select_related("file").aget(thread=thread)
        assert (left.file.bytes, len(bytes_of(left.file))) == (size, size)

    async def test_that_were_kept_before_the_session_died_are_told_of(
        self, stage: Stage, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        get = Lease.get

        async def dying(lease: Lease, name: str, *, most: int) -> AsyncIterator[bytes]:
            if name == "b.txt":
                raise SessionLost("It was too large.")
            async for part in get(lease, name, most=most):
                yield part

        monkeypatch.setattr(Lease, "get", dying)
        code = "for name in 'ab': open(f'/mnt/data/{name}.txt', 'w').write(name)\nprint('done')"
        assert await printed(stage, thread, code) == "done\n"
        [cell] = await cells(thread)
        assert [file["name"] for file in cell["files"]] == ["a.txt"]
        assert "It was too large" in cell["note"]

    async def test_that_cannot_be_looked_at_do_not_hide_what_was_printed(self, stage: Stage, thread: Thread) -> None:
        code = "import os; os.mkdir('d'); open('d/a', 'w').close(); os.chmod('d', 0o644); print(42)"
        assert await printed(stage, thread, code) == "42\n"
        assert (await printed(stage, thread, "print(43)")).endswith("43\n")

    async def test_of_code_that_was_stopped_are_kept_with_the_next(
        self, stage: Stage, thread: Thread, sandbox: RunningBroker
    ) -> None:
        size = 300_000_000  # bytes, which show in the status once the file is written, and which nothing else takes
        code = f"import time\nopen('/mnt/data/half.txt', 'w').write('half')\nx = b'x' * {size}\ntime.sleep(600)"
        async with stage.working(coder(code)):
            run = await stage.ask(thread)
            await until(lambda: any(each["is_busy"] and each["memory"] > size for each in sandbox.status()["each"]))
            await in_thread(runs.cancel)(run)
            await status(run, "cancelled")
        assert not await SandboxFile.objects.filter(thread=thread).aexists()
        await printed(stage, thread, "1")
        assert (await SandboxFile.objects.aget(thread=thread)).name == "half.txt"

    async def test_that_replace_others_of_their_name_are_the_ones_that_are_read(
        self, stage: Stage, thread: Thread, ada: User
    ) -> None:
        for content in (b"old", b"newer"):
            file = await self.given(ada, "a.csv", content)
            thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
            await thread.asave()
            said = await printed(stage, thread, "open('/mnt/data/a.csv').read()")
        assert said == "'newer'\n"

    async def test_that_were_attached_are_not_put_into_words_when_code_changed_them(
        self, stage: Stage, thread: Thread, ada: User
    ) -> None:
        file = await self.given(ada, "a.csv", b"n\n" + b"1\n" * 1000)
        thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
        await thread.asave()
        attached = [{"file_id": file.id, "tools": [CODE]}]
        await Message.objects.acreate(thread=thread, role="user", content=[text_part("Here")], attachments=attached)
        provider = coder("open('/mnt/data/a.csv', 'w').write('n');")
        await perform(stage, thread, provider)
        for request in provider.requests:
            assert Turn("user", "Here\n\n[Attached file '/mnt/data/a.csv']") in request.turns

    async def test_are_told_of_with_the_call(self, stage: Stage, thread: Thread) -> None:
        await printed(stage, thread, "open('/mnt/data/a.txt', 'w').write('abc');")
        [cell] = await cells(thread)
        left = await SandboxFile.objects.aget(thread=thread)
        assert cell["files"] == [{"name": "a.txt", "file_id": left.file_id, "bytes": 3}]

    async def test_of_one_run_are_kept_in_their_last_version(self, stage: Stage, thread: Thread) -> None:
        write = "open('/mnt/data/a.txt', 'w').write('{}');"
        await perform(stage, thread, coder(write.format("first"), write.format("second")))
        [file] = [file async for file in File.objects.filter(filename="a.txt")]
        assert bytes_of(file) == b"second"

    async def test_that_an_earlier_answer_links_to_stay(self, stage: Stage, thread: Thread) -> None:
        write = "open('/mnt/data/a.txt', 'w').write('{}');"
        link = ("[a](sandbox:/mnt/data/a.txt)",)
        await perform(stage, thread, coder(write.format("one"), said=link))
        await perform(stage, thread, coder(write.format("two"), said=link))
        messages = Message.objects.filter(thread=thread, role="assistant").order_by("number")
        ids = [message.content[0]["text"]["annotations"][0]["file_path"]["file_id"] async for message in messages]
        assert [bytes_of(await File.objects.aget(id=id)) for id in ids] == [b"one", b"two"]

    async def test_that_code_removed_are_gone(self, stage: Stage, thread: Thread) -> None:
        await printed(stage, thread, "open('/mnt/data/a.txt', 'w').write('abc');")
        await printed(stage, thread, "import os; os.remove('/mnt/data/a.txt')")
        assert not await SandboxFile.objects.filter(thread=thread).aexists()

    async def test_come_back_with_a_new_session_and_the_model_is_told(self, stage: Stage, thread: Thread) -> None:
        await printed(stage, thread, "x = 1; open('/mnt/data/a.txt', 'w').write('abc');")
        await printed(stage, thread, "import os; os._exit(1)")
        provider = coder("open('/mnt/data/a.txt').read(), 'x' in globals()")
        await perform(stage, thread, provider)
        [told] = told_to(provider.requests[1])
        assert told.startswith("[The session was started anew")
        assert "('abc', False)" in told

    async def test_named_like_paths_stay_in_the_folder(self, stage: Stage, thread: Thread, ada: User) -> None:
        file = await self.given(ada, "../../etc/passwd", b"mine")
        thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
        await thread.asave()
        assert await printed(stage, thread, "import os; os.listdir('/mnt/data')") == "['.._.._etc_passwd']\n"


class TestASessionThatDies:
    async def test_says_why_and_the_run_goes_on(self, stage: Stage, thread: Thread) -> None:
        provider = coder("import os; os._exit(1)")
        events = await perform(stage, thread, provider)
        assert events[-1].name == "thread.run.completed"
        [cell] = await cells(thread)
        assert cell["status"] == "died"
        assert "The session ended" in told_to(provider.requests[1])[0]
        assert "The session ended" in cell["outputs"][0]["logs"]


class TestWithoutASandbox:
    async def test_the_call_says_why_and_the_run_goes_on(
        self, stage: Stage, thread: Thread, settings, tmp_path
    ) -> None:
        settings.EVERTHREAD_SANDBOX_SOCKET = tmp_path / "nothing.sock"
        provider = coder("1 + 1", said=("I could not run it.",))
        events = await perform(stage, thread, provider)
        assert events[-1].name == "thread.run.completed"
        [told] = told_to(provider.requests[1])
        assert told.startswith("The code interpreter cannot be used now.")
        [cell] = await cells(thread)
        assert (cell["status"], cell["outputs"][0]["logs"]) == ("refused", told)

    async def test_the_call_waits_for_one_that_is_being_prepared(
        self, stage: Stage, thread: Thread, settings, tmp_path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        socket, states = settings.EVERTHREAD_SANDBOX_SOCKET, [State("ready"), State("preparing", progress=0.5)]

        def state_now(_folder: object) -> State:
            if len(states) == 1:
                settings.EVERTHREAD_SANDBOX_SOCKET = socket
            return states.pop()

        settings.EVERTHREAD_SANDBOX_SOCKET = tmp_path / "nothing.sock"
        monkeypatch.setattr(code_interpreter, "read_state", state_now)
        monkeypatch.setattr(code_interpreter, "LOOK", 0.01)
        await perform(stage, thread, coder("6 * 7"))
        [cell] = await cells(thread)
        assert (cell["status"], cell["outputs"][0]["logs"]) == ("ok", "42\n")


class TestADeletedThread:
    async def test_takes_its_session_along(self, stage: Stage, thread: Thread, ada: User, sandbox) -> None:
        before = sandbox.status()["sessions"]
        await printed(stage, thread, "secret = 1")
        await until(lambda: sandbox.status()["sessions"] == before + 1)
        await in_thread(threads.delete)(ada, thread.id)
        await until(lambda: sandbox.status()["sessions"] == before)


class TestLaterRuns:
    async def test_know_that_pictures_were_shown(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, coder(PLOT, said=("Here.",)))
        provider = ScriptedProvider([Reply("Yes.")])
        await perform(stage, thread, provider, "Did you see it?")
        assert Turn("assistant", "[Picture, shown to the user]\n\nHere.") in provider.requests[0].turns

    async def test_know_what_lies_in_the_folder(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, coder("open('/mnt/data/a.txt', 'w').write('abc');"))
        provider = ScriptedProvider([Reply("Yes.")])
        await perform(stage, thread, provider, "What is there?")
        assert "In /mnt/data now: 'a.txt'." in provider.requests[0].functions[0].description


class TestAModelWithoutTools:
    async def test_is_not_offered_to_run_code(self, stage: Stage, thread: Thread, scripted) -> None:
        await Model.objects.acreate(provider=scripted, name="plain", tool_use=ToolUse.NONE)
        await Assistant.objects.filter(pk=thread.assistant.pk).aupdate(model="plain")
        provider = ScriptedProvider([Reply("Hello.")])
        events = await perform(stage, thread, provider)
        assert events[-1].name == "thread.run.completed"
        assert provider.requests[0].functions == []


class TestCellsOfManyThreads:
    async def test_wait_for_each_other_and_all_are_run(self, stage: Stage, thread: Thread, ada: User, settings) -> None:
        settings.EVERTHREAD_PAGE_RUNS = 6
        assistant = thread.assistant
        threads = [await Thread.objects.acreate(owner=ada, assistant=assistant) for _each in range(6)]
        asks = Reply(call("code_interpreter", code="import time; time.sleep(0.1); 'slept'"))
        async with stage.working(ScriptedProvider([asks, Reply("Done.", after_tools=True)])):
            begun = [await stage.ask(each) for each in threads]
            ended = await asyncio.gather(*(status(run, "completed") for run in begun))
        assert all(isinstance(run, Run) for run in ended)
        outputs = [(await cells(each))[0]["outputs"][0]["logs"] for each in threads]
        assert outputs == ["'slept'\n"] * 6
