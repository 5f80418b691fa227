"""A page that follows a run that runs code, event by event, and over its socket."""

from __future__ import annotations

import json
import re

import pytest

from chat.actions.conversation import threads
from chat.engine.follow import read_snapshot
from chat.events import types
from chat.events.types import THREAD_CHANGED, Event
from chat.models import Message, Run, RunStatus, RunStep, StepStatus, Thread, User
from chat.models.api_objects.objects import message_object, run_object, step_object
from chat.models.threads import text_part
from chat.web.live.feed import Feed, PageState, only_grows
from tests.cited import answer, finished_run
from tests.interpreted import PNG, cell, code_step, linked, made, output_file, shown

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
CHANGED = Event("", 0, THREAD_CHANGED, {})


@pytest.fixture
def thread(ada: User, assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def run(thread: Thread, assistant) -> Run:
    tools = [{"type": "code_interpreter"}, {"type": "file_search"}]
    return finished_run(thread, assistant=assistant, status=RunStatus.IN_PROGRESS, tools=tools)


@pytest.fixture
def step(run: Run) -> RunStep:
    return code_step(run, status=StepStatus.IN_PROGRESS)


@pytest.fixture
def feed(ada: User, thread: Thread, run: Run) -> Feed:
    return opened(ada, thread)


def opened(user: User, thread: Thread, **have: object) -> Feed:
    feed = Feed(user, thread.id, PageState(**have))
    feed.apply(read_snapshot(thread.id))
    return feed


def begun(step: RunStep) -> list[Event]:
    data = step_object(step, run=step.run)
    return [Event(step.run_id, 2, name, data) for name in (types.STEP_CREATED, types.STEP_IN_PROGRESS)]


def coded(step: RunStep, code: str, *, index: int = 0, begins: bool = False) -> Event:
    call = {"index": index, "type": "code_interpreter", "code_interpreter": {"input": code}}
    if begins:
        call |= {"id": f"call_{index}", "code_interpreter": {"input": code, "outputs": []}}
    return Event(step.run_id, 3, types.STEP_DELTA, types.step_delta(step.id, tool_call=call))


def keep(step: RunStep, *cells: dict[str, object], status: str = StepStatus.IN_PROGRESS) -> Event:
    """The row as the recorder leaves it, and what it tells."""
    step.details, step.status = {"type": "tool_calls", "tool_calls": list(cells)}, status
    step.save()
    return CHANGED


def said(message: Message, text: str, *, index: int = 0) -> Event:
    delta = types.message_delta(message.id, index=index, text=text, first=True)
    return Event(message.run_id, 7, types.MESSAGE_DELTA, delta)


def cards(shown: str) -> list[str]:
    return re.findall(r'<span class="words">(.*?)</span>', shown)


def announced(shown: str) -> str:
    return "".join(re.findall(r'id="announce"[^>]*>(.*?)</p>', shown))


class TestCode:
    def test_appears_as_the_model_writes_it(self, feed, step):
        began = feed.apply([*begun(step), coded(step, "", begins=True)])
        assert f'<div hx-swap-oob="beforeend:#messages"><section class="work open" id="{step.id}"' in began
        assert f'<code id="{step.id}-0-tail"></code>' in began
        assert cards(began) == ["Writing Python…"]
        assert announced(began) == "The assistant is running Python."
        assert "thinking" not in began
        (frame,) = feed.text_frames([coded(step, "x = '<b>'")])
        assert json.loads(frame) == {"m": f"{step.id}-0", "t": "x = '<b>'"}

    def test_needs_no_rows_while_it_is_written(self, step):
        assert only_grows(coded(step, "x"))
        assert not only_grows(coded(step, "", begins=True))
        output = {"index": 0, "type": "code_interpreter", "code_interpreter": {"outputs": []}}
        assert only_grows(Event("run_1", 3, types.STEP_DELTA, types.step_delta("step_1", tool_call=output)))

    def test_that_comes_at_once_is_there_as_a_whole(self, feed, step):
        seen = feed.apply([*begun(step), coded(step, "", begins=True), coded(step, "a <"), coded(step, " b")])
        assert f'<code id="{step.id}-0-tail">a &lt; b</code>' in seen

    def test_is_in_colours_once_it_is_whole(self, feed, step):
        feed.apply([*begun(step), coded(step, "", begins=True)])
        list(feed.text_frames([coded(step, "import math")]))
        seen = feed.apply([keep(step, cell("import math", status="running"))])
        assert cards(seen) == ["Running Python…"]
        assert '<span class="kn">import</span>' in seen
        assert re.search(rf'<section class="work open" id="{step.id}"[^>]* hx-swap-oob="true">', seen)

    def test_that_waits_tells_how_its_place_changes(self, feed, step):
        feed.apply([*begun(step), coded(step, "", begins=True)])
        waiting = [cell("x", status="waiting", note=f"[Ahead of it: {ahead}.]") for ahead in (2, 1)]
        assert "Ahead of it: 2." in feed.apply([keep(step, waiting[0])])
        assert "Ahead of it: 1." in feed.apply([keep(step, waiting[1])])
        assert cards(feed.apply([keep(step, waiting[1])])) == []

    def test_that_waits_is_told_to_a_page_that_comes_back(self, ada, thread, feed, step):
        waiting = [cell("x", status="waiting", note=f"[Ahead of it: {ahead}.]") for ahead in (2, 1)]
        seen = feed.apply([*begun(step), keep(step, waiting[0])])
        again = opened(ada, thread, code={step.id: re.findall('data-state="([^"]*)"', seen)[0]})
        assert cards(again.apply(read_snapshot(thread.id))) == []
        keep(step, waiting[1])
        assert "Ahead of it: 1." in again.apply(read_snapshot(thread.id))

    def test_has_its_output_when_it_has_ended(self, feed, step):
        feed.apply([*begun(step), coded(step, "", begins=True)])
        feed.apply([keep(step, cell("x", status="running"))])
        ended = feed.apply([keep(step, cell("x", "4<2"))])
        assert cards(ended) == ["Ran Python"]
        assert ">4&lt;2</pre>" in ended
        done = feed.apply([Event(step.run_id, 5, types.STEP_COMPLETED, step_object(step, run=step.run))])
        assert cards(done) == []
        assert announced(done) == "The code has run."
        assert "thinking" in done

    def test_of_several_calls_grows_in_each(self, feed, step):
        feed.apply([*begun(step), coded(step, "", begins=True), coded(step, "one")])
        seen = feed.apply([coded(step, "", index=1, begins=True)])
        assert cards(seen) == ["Writing Python…", "Writing Python…"]
        assert f'<code id="{step.id}-0-tail">one</code>' in seen
        frames = feed.text_frames([coded(step, "tw", index=1), coded(step, "o", index=1)])
        assert [json.loads(frame) for frame in frames] == [
            {"m": f"{step.id}-1", "t": "tw"},
            {"m": f"{step.id}-1", "t": "o"},
        ]
        seen = feed.apply([keep(step, cell("one"), cell("two", status="running"))])
        assert cards(seen) == ["Ran Python", "Running Python…"]

    def test_is_drawn_anew_for_a_page_that_has_half_of_it(self, ada, thread, step):
        feed = opened(ada, thread, code={step.id: "writing"})
        seen = feed.apply([*begun(step), coded(step, "", begins=True), coded(step, "whole")])
        assert re.search(rf'id="{step.id}"[^>]* hx-swap-oob="true">', seen)
        assert f'<code id="{step.id}-0-tail">whole</code>' in seen

    def test_comes_between_the_messages_where_it_belongs(self, feed, thread, run):
        first = answer(thread, run, text_part("First."))
        step = code_step(run, cell("x", status="running"), status=StepStatus.IN_PROGRESS)
        opens = Event(run.id, 2, types.MESSAGE_CREATED, message_object(first))
        closes = Event(run.id, 3, types.MESSAGE_COMPLETED, message_object(first))
        keep(step, cell("x", "42"), status=StepStatus.COMPLETED)
        second = answer(thread, run, status="in_progress")
        last = Event(run.id, 8, types.MESSAGE_CREATED, message_object(second))
        batch = [opens, closes, *begun(step), coded(step, "x", begins=True), CHANGED, last]
        seen = feed.apply(batch)
        places = [seen.index(part) for part in (f'id="{first.id}"', f'id="{step.id}"', f'id="{second.id}"')]
        assert places == sorted(places)

    def test_that_was_never_whole_goes_when_the_run_is_stopped(self, feed, run, step):
        feed.apply([*begun(step), coded(step, "", begins=True), coded(step, "whi")])
        keep(step, status=StepStatus.CANCELLED)
        run.move(RunStatus.CANCELLING)
        run.move(RunStatus.CANCELLED)
        ended = Event(run.id, 4, types.STEP_CANCELLED, step_object(step, run=run))
        seen = feed.apply([ended, Event(run.id, 5, types.RUN_CANCELLED, run_object(run))])
        assert f'<section id="{step.id}" hx-swap-oob="delete"></section>' in seen
        assert 'class="ending cancelled"' in seen
        assert list(feed.text_frames([coded(step, "more")])) == []

    def test_that_was_stopped_offers_what_it_made(self, ada, feed, run, step):
        feed.apply([*begun(step), coded(step, "", begins=True)])
        feed.apply([keep(step, cell(files=made(file := output_file(ada, "a.csv"))), cell(status="running"))])
        keep(step, *step.details["tool_calls"], status=StepStatus.CANCELLED)
        run.move(RunStatus.CANCELLING)
        run.move(RunStatus.CANCELLED)
        seen = feed.apply([Event(run.id, 5, types.RUN_CANCELLED, run_object(run))])
        assert cards(seen) == ["Ran Python", "Stopped"]
        assert f'href="/files/{file.id}/"' in seen

    def test_is_found_by_a_page_that_opens_while_it_runs(self, ada, thread, step):
        keep(step, cell("x", status="running"))
        assert cards(Feed(ada, thread.id, PageState()).apply(read_snapshot(thread.id))) == ["Running Python…"]

    def test_is_not_taken_for_a_search(self, ada, thread, step):
        assert "Searching" not in Feed(ada, thread.id, PageState()).apply(read_snapshot(thread.id))

    def test_a_function_call_says_nothing_while_it_is_written(self, feed, step):
        call = {"index": 0, "type": "function", "function": {"arguments": "{"}}
        event = Event(step.run_id, 3, types.STEP_DELTA, types.step_delta(step.id, tool_call=call))
        assert only_grows(event)
        assert feed.text_frames([event]) == []


class TestAnAnswer:
    @pytest.fixture
    def message(self, thread: Thread, run: Run) -> Message:
        return answer(thread, run, status="in_progress")

    @pytest.fixture
    def picture(self, ada: User):
        return output_file(ada, "image-1.png", PNG)

    def test_shows_its_picture_before_its_text(self, feed, message, picture):
        feed.apply([Event(message.run_id, 6, types.MESSAGE_CREATED, message_object(message))])
        delta = Event(
            message.run_id, 7, types.MESSAGE_DELTA, types.image_delta(message.id, index=0, file_id=picture.id)
        )
        assert not only_grows(delta)
        seen = feed.apply([delta])
        assert f'<div class="pictures" id="{message.id}-pictures" hx-swap-oob="true">' in seen
        assert f'src="/files/{picture.id}/" alt="Picture made by the code"' in seen
        (frame,) = feed.text_frames([said(message, "A chart", index=1)])
        assert json.loads(frame) == {"m": message.id, "t": "A chart"}

    def test_has_its_picture_for_a_page_that_comes_later(self, ada, thread, message, picture):
        message.content = [shown(picture), text_part("A chart")]
        message.save()
        new = Feed(ada, thread.id, PageState()).apply(read_snapshot(thread.id))
        known = Feed(ada, thread.id, PageState(open={message.id: 0})).apply(read_snapshot(thread.id))
        assert new.count(f'src="/files/{picture.id}/"') == known.count(f'src="/files/{picture.id}/"') == 1
        assert ">A chart</div>" in new
        assert ">A chart</div>" in known

    def test_links_to_a_file_as_soon_as_the_block_is_closed(self, ada, feed, message):
        file = output_file(ada, "a.csv")
        feed.apply([Event(message.run_id, 6, types.MESSAGE_CREATED, message_object(message))])
        part = linked("[a](sandbox:/mnt/data/a.csv)", {"sandbox:/mnt/data/a.csv": file})["text"]
        delta = types.message_delta(
            message.id, index=0, text=part["value"], first=True, annotations=part["annotations"]
        )
        feed.text_frames([Event(message.run_id, 7, types.MESSAGE_DELTA, delta)])
        (frame,) = feed.text_frames([said(message, "\n\nMore")])
        assert f'<a class="made" href="/files/{file.id}/" download>a</a>' in frame

    def test_that_was_whole_before_the_run_was_stopped_offers_what_was_made(self, ada, feed, thread, run):
        file = output_file(ada, "a.csv")
        code_step(run, cell(files=made(file)))
        message = answer(thread, run, text_part("Let me see more."))
        before = feed.apply([Event(run.id, 8, types.MESSAGE_COMPLETED, message_object(message)), CHANGED])
        assert file.id not in before
        run.move(RunStatus.CANCELLING)
        run.move(RunStatus.CANCELLED)
        seen = feed.apply([Event(run.id, 9, types.RUN_CANCELLED, run_object(run))])
        assert f'href="/files/{file.id}/" download' in seen

    def test_offers_what_was_made_when_the_run_has_ended(self, ada, feed, thread, run):
        file = output_file(ada, "a.csv")
        code_step(run, cell(files=made(file)))
        message = answer(thread, run, text_part("Done."))
        run.move(RunStatus.COMPLETED)
        ended = Event(run.id, 9, types.RUN_COMPLETED, run_object(run))
        seen = feed.apply([Event(run.id, 8, types.MESSAGE_COMPLETED, message_object(message)), ended])
        assert seen.index("Done.") < seen.index(f'href="/files/{file.id}/" download')
