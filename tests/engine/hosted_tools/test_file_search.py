"""A run that searches in files (reference, sections 5, 7.2 and 8)."""

from __future__ import annotations

import asyncio
import json

import pytest

from chat.actions.conversation import runs
from chat.engine.hosted_tools import file_search
from chat.engine.turn.tool_calls import MOST_CALLS
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Assistant, File, Message, Model, RunStep, Thread, VectorStore, VectorStoreFile
from chat.models.runs import LIFE
from chat.models.threads import text_part
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from chat.web.timeline import history
from tests.engine.golden import assert_like
from tests.engine.library import CAKE, fill, librarian
from tests.engine.stage import Stage, answer, heard, in_thread, status, text_of

pytestmark = pytest.mark.django_db(transaction=True)
TEA = "Anna drinks green tea 🍵 every morning."
SEARCH = {"type": "file_search"}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def store(ada, media) -> VectorStore:
    store = VectorStore.objects.create(owner=ada, name="foods")
    fill(store, "foods.txt", CAKE, page=3)
    fill(store, "drinks 🍵.txt", TEA)
    return store


@pytest.fixture
def thread(ada, assistant: Assistant, store: VectorStore) -> Thread:
    assistant.tools = [SEARCH | {"file_search": {"ranking_options": {"ranker": "auto", "score_threshold": 0.0}}}]
    assistant.tool_resources = {"file_search": {"vector_store_ids": [store.id]}}
    assistant.save()
    return Thread.objects.create(owner=ada, assistant=assistant)


async def perform(
    stage: Stage, thread: Thread, provider: ScriptedProvider, text: str = "What does Filip eat?"
) -> list[Event]:
    with bus.follow(thread.id) as follower:
        await stage.ask(thread, text)  # before a worker can claim the run, so that its first event is the first heard
        async with stage.working(provider):
            return await heard(follower)


async def the_step(thread: Thread) -> RunStep:
    return await RunStep.objects.aget(run__thread=thread, type="tool_calls")


class TestASearchRun:
    async def test_tells_what_happens_in_the_order_of_the_reference(self, stage: Stage, thread: Thread) -> None:
        assert_like(await perform(stage, thread, librarian("Cake", "【4:0†foods.txt】", ".")), "05_file_search")

    async def test_tells_each_search_once_and_what_it_found_with_its_step(self, stage: Stage, thread: Thread) -> None:
        events = await perform(stage, thread, librarian("Cake."))

        [delta] = [event.data["delta"]["step_details"]["tool_calls"] for event in events if "step.delta" in event.name]
        assert delta[0]["index"] == 0
        assert delta[0]["file_search"]["results"] == []
        done = next(event.data for event in events if event.name == "thread.run.step.completed")
        [made] = done["step_details"]["tool_calls"]
        assert made["id"] == delta[0]["id"]
        [result, *_more] = made["file_search"]["results"]
        assert (result["file_name"], result["content"]) == ("foods.txt", [{"type": "text", "text": CAKE}])
        assert result["attributes"] == {"year": 2026}
        assert 0 < result["score"] <= 1
        assert "place" not in result
        assert done["usage"]["prompt_tokens"] == 830

    async def test_gives_the_passages_to_the_model_with_their_markers(self, stage: Stage, thread: Thread) -> None:
        provider = librarian("Cake.")
        await perform(stage, thread, provider)

        first, second = provider.requests
        assert [function.name for function in first.functions] == ["file_search"]
        asked, told = second.turns[-2:]
        assert json.loads(asked.tool_calls[0].arguments) == {"queries": ["Filip cake"]}
        assert f'<passage source="【4:0†foods.txt】" page="3">\n{CAKE}\n</passage>' in told.text

    @pytest.mark.parametrize("before", ["Cake", "蛋糕", "🍰👩‍🍳"])
    async def test_cites_with_exact_places(self, stage: Stage, thread: Thread, before: str) -> None:
        said = (before, "【4", ":0†foo", "ds.txt】", " and more【4:", "0†source】", ".")
        events = await perform(stage, thread, librarian(*said))

        marker = "【4:0†foods.txt】"
        message = await Message.objects.aget(thread=thread, role="assistant")
        [part] = message.content
        assert part["text"]["value"] == text_of(events) == f"{before}{marker} and more{marker}."
        file = await File.objects.aget(filename="foods.txt")
        for note in part["text"]["annotations"]:
            assert part["text"]["value"][note["start_index"] : note["end_index"]] == note["text"] == marker
            assert note["file_citation"] == {"file_id": file.id}
        assert len(part["text"]["annotations"]) == 2

    async def test_streams_an_annotation_with_its_marker(self, stage: Stage, thread: Thread) -> None:
        said = ("Cake", "【4:0†foods.txt】", ", yes", "【4:1†source】")
        events = await perform(stage, thread, librarian(*said, queries=("Filip cake", "Anna tea")))

        texts = [event.data["delta"]["content"][0]["text"] for event in events if event.name == "thread.message.delta"]
        assert texts[0]["annotations"] == []
        noted = [text for text in texts if text.get("annotations")]
        assert [text["annotations"][0]["index"] for text in noted] == [0, 1]
        assert all(text["value"] == text["annotations"][0]["text"] for text in noted)
        assert all("【" not in text["value"] for text in texts if not text.get("annotations"))

    async def test_cites_for_a_model_that_does_not(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, librarian("Filip's favourite food is cake."))

        [part] = (await Message.objects.aget(thread=thread, role="assistant")).content
        assert part["text"]["value"] == "Filip's favourite food is cake. 【4:0†foods.txt】"
        assert len(part["text"]["annotations"]) == 1

    async def test_cites_nothing_for_an_answer_that_rests_on_nothing(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, librarian("I could not find out."))

        [part] = (await Message.objects.aget(thread=thread, role="assistant")).content
        assert part["text"] == {"value": "I could not find out.", "annotations": []}

    async def test_may_search_twice_with_markers_of_their_own(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider(
            [
                Reply(call("file_search", queries=["Filip cake"])),
                Reply(call("file_search", queries=["Anna tea"]), after_tools=True, once=True),
                Reply("Cake【4:0†a】 and tea【6:0†b】.", after_tools=True),
            ]
        )
        await perform(stage, thread, provider)

        [part] = (await Message.objects.aget(thread=thread, role="assistant")).content
        assert part["text"]["value"] == "Cake【4:0†foods.txt】 and tea【6:0†drinks 🍵.txt】."
        assert await RunStep.objects.filter(run__thread=thread, type="tool_calls", status="completed").acount() == 2

    async def test_ends_when_the_model_does_nothing_but_search(self, stage: Stage, thread: Thread) -> None:
        search = call("file_search", queries=["cake"])
        provider = ScriptedProvider([Reply(search), Reply(search, after_tools=True)])
        events = await perform(stage, thread, provider)

        assert events[-1].name == "thread.run.failed"
        assert "again and again" in events[-1].data["last_error"]["message"]
        assert [function.name for function in provider.requests[-1].functions] == []
        assert len(provider.requests) == MOST_CALLS["file_search"] + 1

    async def test_answers_searches_itself_and_waits_for_functions(self, stage: Stage, thread: Thread) -> None:
        await Assistant.objects.filter(id=thread.assistant_id).aupdate(tools=[*(await thread_tools(thread)), WEATHER])
        both = Reply(call("file_search", queries=["Filip cake"]), call("weather"))
        provider = ScriptedProvider([both, Reply("Cake【4:0†a】 in the rain.", after_tools=True)])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "requires_action")
            [pending] = run.required_action["submit_tool_outputs"]["tool_calls"]
            assert pending["function"]["name"] == "weather"
            outputs = [{"tool_call_id": pending["id"], "output": "rain"}]
            await in_thread(runs.submit_tool_outputs)(run, outputs=outputs)
            run = await status(run, "completed")
            message = await answer(run, containing="in the rain")

        assert message.text == "Cake【4:0†foods.txt】 in the rain."
        step = await the_step(thread)
        assert [made["type"] for made in step.details["tool_calls"]] == ["file_search", "function"]
        assert step.details["tool_calls"][1]["function"]["output"] == "rain"
        assert [turn.role for turn in provider.requests[-1].turns[-3:]] == ["assistant", "tool", "tool"]

    async def test_does_not_repeat_old_markers_to_the_model(self, stage: Stage, thread: Thread) -> None:
        provider = librarian("Cake【4:0†foods.txt】.")
        await perform(stage, thread, provider)
        await perform(stage, thread, provider, "And Anna?")

        assert "Cake." in [turn.text for turn in provider.requests[-1].turns]

    async def test_leaves_stores_that_have_expired_or_gone_alone(self, stage: Stage, thread: Thread, store) -> None:
        await VectorStore.objects.filter(pk=store.pk).aupdate(expires_after=1, last_active_at="2026-01-01T00:00Z")
        await perform(stage, thread, librarian("Nothing."))
        assert (await the_step(thread)).details["tool_calls"][0]["file_search"]["results"] == []

        await VectorStore.objects.filter(pk=store.pk).adelete()
        events = await perform(stage, thread, librarian("Nothing."))
        assert events[-1].name == "thread.run.completed"

    async def test_counts_as_use_of_the_store(self, stage: Stage, thread: Thread, store: VectorStore) -> None:
        before = store.last_active_at
        await perform(stage, thread, librarian("Cake."))
        await store.arefresh_from_db()
        assert store.last_active_at > before


async def thread_tools(thread: Thread) -> list:
    return (await Assistant.objects.aget(id=thread.assistant_id)).tools


class TestAModelThatDoesNotSearchItself:
    @pytest.fixture
    def guided(self, thread: Thread, scripted) -> Thread:
        Model.objects.create(provider=scripted, name="small", tool_use="guided", context_window=2000)
        Assistant.objects.filter(id=thread.assistant_id).update(model="small")
        return thread

    async def test_is_told_what_was_found(self, stage: Stage, guided: Thread) -> None:
        provider = ScriptedProvider([Reply("Filip's favourite food is cake.")])
        events = await perform(stage, guided, provider)

        assert_like(events, "05_file_search")
        [request] = provider.requests
        assert [turn.role for turn in request.turns] == ["system", "user"]
        assert CAKE in request.turns[0].text
        assert request.turns[1].text == "What does Filip eat?"
        assert request.functions == []
        step = await the_step(guided)
        assert step.details["tool_calls"][0]["file_search"]["queries"] == ["What does Filip eat?"]

    async def test_hears_of_an_attached_file_only_what_it_must_know(self, stage: Stage, guided: Thread, store) -> None:
        broken = await in_thread(fill)(store, "broken.pdf", "", status="failed")
        await broken.entries.aupdate(last_error={"code": "invalid_file", "message": "It is encrypted."})
        attached = [
            {"file_id": file.id, "tools": [{"type": "file_search"}]} async for file in File.objects.order_by("pk")
        ]
        await Message.objects.acreate(
            thread=guided, role="user", content=[text_part("Look at these.")], attachments=attached
        )
        provider = ScriptedProvider([Reply("Cake.")])
        await perform(stage, guided, provider)

        note = "[Attached file 'broken.pdf', which could not be read: It is encrypted.]"
        assert provider.requests[0].turns[1].text == f"Look at these.\n\n{note}"

    async def test_is_told_no_more_than_fits(self, stage: Stage, guided: Thread, store: VectorStore) -> None:
        await in_thread(fill)(store, "long.txt", "Filip eats. " + "cake " * 3000)
        provider = ScriptedProvider([Reply("Cake.")])
        events = await perform(stage, guided, provider)

        assert events[-1].name == "thread.run.completed"
        assert len(provider.requests[0].turns[0].text) < 6000


class TestTheFilesOfAThread:
    @pytest.fixture
    def fresh(self, ada, assistant: Assistant, media) -> Thread:
        store = VectorStore.objects.create(owner=ada)
        resources = {"file_search": {"vector_store_ids": [store.id]}}
        return Thread.objects.create(owner=ada, assistant=assistant, tool_resources=resources)

    async def test_are_searched_whatever_the_assistant(self, stage: Stage, fresh: Thread) -> None:
        await in_thread(fill)(await VectorStore.objects.aget(), "foods.txt", CAKE)
        await perform(stage, fresh, librarian("Cake【4:0†x】."))
        assert (await the_step(fresh)).details["tool_calls"][0]["file_search"]["results"]

    async def test_are_waited_for(self, stage: Stage, fresh: Thread) -> None:
        await in_thread(fill)(await VectorStore.objects.aget(), "foods.txt", CAKE, status="in_progress")
        provider = librarian("Cake.")
        with bus.follow(fresh.id) as follower:
            async with stage.working(provider):
                await stage.ask(fresh)
                await asyncio.sleep(0.8)
                assert provider.requests == []
                await VectorStoreFile.objects.aupdate(status="completed")
                events = await heard(follower)
        assert events[-1].name == "thread.run.completed"
        assert (await the_step(fresh)).details["tool_calls"][0]["file_search"]["results"]

    async def test_are_not_waited_for_for_ever(self, stage: Stage, fresh: Thread, monkeypatch) -> None:
        monkeypatch.setattr(file_search, "PATIENCE", 1.0)
        await in_thread(fill)(await VectorStore.objects.aget(), "foods.txt", CAKE, status="in_progress")
        events = await perform(stage, fresh, librarian("Nothing."))
        assert events[-1].name == "thread.run.completed"

    async def test_are_waited_for_as_long_as_they_get_on(self, stage: Stage, fresh: Thread, monkeypatch) -> None:
        monkeypatch.setattr(file_search, "PATIENCE", 2.0)
        monkeypatch.setattr(file_search, "LOOK", 0.1)
        await in_thread(fill)(await VectorStore.objects.aget(), "foods.txt", CAKE, status="in_progress")
        provider = librarian("Cake.")
        with bus.follow(fresh.id) as follower:
            async with stage.working(provider):
                await stage.ask(fresh)
                for progress in range(1, 7):
                    await asyncio.sleep(0.5)
                    await VectorStoreFile.objects.aupdate(progress=progress)
                assert provider.requests == []
                await VectorStoreFile.objects.aupdate(status="completed")
                await heard(follower)
        assert (await the_step(fresh)).details["tool_calls"][0]["file_search"]["results"]

    async def test_leave_the_run_time_to_answer(self, stage: Stage, fresh: Thread, monkeypatch) -> None:
        monkeypatch.setattr(file_search, "ANSWERING", LIFE)
        await in_thread(fill)(await VectorStore.objects.aget(), "foods.txt", CAKE, status="in_progress")
        events = await perform(stage, fresh, librarian("Nothing."))
        assert events[-1].name == "thread.run.completed"

    async def test_are_named_to_the_model_and_the_person_while_they_are_not_read(
        self, stage: Stage, fresh: Thread, monkeypatch
    ) -> None:
        monkeypatch.setattr(file_search, "PATIENCE", 0.0)
        store = await VectorStore.objects.aget()
        for number in range(7):
            await in_thread(fill)(store, f"part {number}.txt", CAKE, status="in_progress")
        provider = librarian("Cake.")
        events = await perform(stage, fresh, provider)

        told = provider.requests[-1].turns[-1].text
        assert "Nothing was found." in told
        assert "part 0.txt, part 1.txt, part 2.txt, part 3.txt, part 4.txt, 2 more." in told
        done = next(event.data for event in events if event.name == "thread.run.step.completed")
        assert set(done["step_details"]["tool_calls"][0]["file_search"]) == {"ranking_options", "results"}
        shown = await in_thread(lambda: "".join(map(str, history.latest(fresh).items)))()
        assert "part 4.txt" in shown
        assert "unread_more=2" in shown


class TestWhatIsSearched:
    async def test_is_the_knowledge_of_a_shared_assistant_and_the_thread_own_files(
        self, stage: Stage, thread: Thread, store: VectorStore, bob
    ) -> None:
        await Assistant.objects.filter(id=thread.assistant_id).aupdate(audience="everyone")
        own = await VectorStore.objects.acreate(owner=bob)
        await in_thread(fill)(own, "notes.txt", "Filip's cake is at Bob's.")
        resources = {"file_search": {"vector_store_ids": [own.id]}}
        shared = await Thread.objects.acreate(owner=bob, assistant_id=thread.assistant_id, tool_resources=resources)
        await perform(stage, shared, librarian("Cake."))

        results = (await the_step(shared)).details["tool_calls"][0]["file_search"]["results"]
        assert {result["file_name"] for result in results} == {"foods.txt", "notes.txt"}

    async def test_is_never_the_store_of_someone_else(self, stage: Stage, thread: Thread, bob) -> None:
        """Even if its id got into the rows somehow."""
        private = await VectorStore.objects.acreate(owner=bob)
        await in_thread(fill)(private, "secret.txt", "Filip's secret cake.")
        resources = {"file_search": {"vector_store_ids": [private.id]}}
        for row in (thread.assistant, thread):
            row.tool_resources = resources
            await row.asave()
        provider = librarian("Nothing.")
        await perform(stage, thread, provider)

        assert (await the_step(thread)).details["tool_calls"][0]["file_search"]["results"] == []
        assert "secret" not in provider.requests[-1].turns[-1].text

    async def test_is_no_file_that_was_deleted(self, stage: Stage, thread: Thread) -> None:
        await perform(stage, thread, librarian("Cake."))
        await (await File.objects.aget(filename="foods.txt")).adelete()
        await perform(stage, thread, librarian("Cake."))

        newest = await RunStep.objects.filter(run__thread=thread, type="tool_calls").order_by("-number").afirst()
        assert newest.details["tool_calls"][0]["file_search"]["results"] == []
