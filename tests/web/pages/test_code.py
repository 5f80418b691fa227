"""Code that was run on the page: cards, pictures and files in history and in polls, and who may fetch them."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from chat.actions.conversation import threads
from chat.actions.files import files
from chat.models import Message, Run, RunStatus, RunStep, StepStatus, Thread, User
from chat.models.threads import text_part
from chat.web.timeline.code_calls import SHOWN, output_of
from tests.cited import answer, finished_run
from tests.interpreted import PNG, cell, code_step, linked, made, output_file, shown
from tests.web.markup import Elements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
HTMX = {"HX-Request": "true"}
EVIL = "<img src=x onerror=alert(1)> </code></pre><script>alert(1)</script> \" ' &"


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def thread(ada: User, assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def run(thread: Thread, assistant) -> Run:
    return finished_run(thread, assistant=assistant)


@pytest.fixture
def live_run(thread: Thread, assistant) -> Run:
    return finished_run(thread, assistant=assistant, status=RunStatus.IN_PROGRESS)


def html(response) -> str:
    return response.content.decode()


def show(page: Client, thread: Thread) -> str:
    return html(page.get(reverse("thread", args=[thread.id])))


def words(shown: str) -> str:
    return " ".join(Elements(shown).words.split())


def cards(shown: str) -> list[str]:
    """What stands on the cards of code."""
    return re.findall(r'<span class="words">(.*?)</span>', shown)


class TestACard:
    def test_stands_before_the_answer_that_follows_it(self, page, thread, run):
        answer(thread, run, text_part("Let me see."))
        code_step(run, cell("6 * 7", "42"))
        answer(thread, run, text_part("It is 42."))
        seen = show(page, thread)
        places = [seen.index(part) for part in ("Let me see.", 'class="work"', "It is 42.")]
        assert places == sorted(places)
        assert '<h2 class="who"' in seen[seen.index('class="work"') : places[2]]

    def test_has_the_code_in_colours_and_what_it_printed(self, page, thread, run):
        code_step(run, cell("import math", "3.14\n", seconds=1.25))
        seen = show(page, thread)
        assert '<span class="kn">import</span>' in seen
        assert "Ran Python 1.2 s" in words(seen)
        assert ">3.14</pre>" in seen

    @pytest.mark.parametrize(
        ("ended", "said"),
        [
            (("ok", "", ""), "Ran Python"),
            (("error", "Traceback …\nValueError: no", ""), "Ended with an error: ValueError: no"),
            (("error", "Traceback …\npkg.OddError: no\nA hint.", ""), "Ended with an error: pkg.OddError: no"),
            (("error", "odd", ""), "Ended with an error: odd"),
            (("interrupted", "", ""), "Stopped"),
            (("died", "half", "[The session ended: it was too large.]"), "The session ended: it was too large."),
            (("died", "", ""), "Ended before its time"),
            (("refused", "It is switched off.", ""), "It is switched off."),
        ],
    )
    def test_says_how_it_ended_and_is_closed(self, page, thread, run, ended, said):
        status, logs, note = ended
        code_step(run, cell("x", logs, status=status, note=note))
        seen = show(page, thread)
        assert cards(seen) == [said]
        assert f'<details class="cell {status}"' in seen
        assert not re.search(r"<details class=.cell[^>]* open>", seen)

    def test_shortens_an_endless_error(self, page, thread, run):
        code_step(run, cell("x", f"ValueError: {'x' * 1000}", status="error"))
        assert len(cards(show(page, thread))[0]) < 200

    @pytest.mark.parametrize(
        ("status", "said"), [("running", "Running Python…"), ("waiting", "Waiting for a free place…")]
    )
    def test_is_open_while_it_runs(self, page, thread, live_run, status, said):
        code_step(live_run, cell("x", status=status), status=StepStatus.IN_PROGRESS)
        seen = show(page, thread)
        assert cards(seen) == [said]
        assert re.search(r"<details class=.cell[^>]* open>", seen)
        assert '<section class="work open"' in seen
        assert "The assistant is thinking" not in seen

    def test_of_one_after_another_waits_for_that(self, page, thread, live_run):
        cells = [cell(status="ok"), cell(status="running"), cell(status="waiting")]
        code_step(live_run, *cells, status=StepStatus.IN_PROGRESS)
        assert cards(show(page, thread)) == ["Ran Python", "Running Python…", "Runs next"]

    def test_was_stopped_when_its_step_ended_before_it(self, page, thread, run):
        code_step(run, cell(status="running"), cell(status="waiting"), status=StepStatus.CANCELLED)
        assert cards(show(page, thread)) == ["Stopped", "Stopped"]

    def test_of_a_program_that_kept_no_more_than_the_api_shows_is_one_that_ran(self, page, thread, run):
        value = {"input": "x", "outputs": []}
        code_step(run, {"id": "call_1", "type": "code_interpreter", "code_interpreter": value})
        assert cards(show(page, thread)) == ["Ran Python"]

    def test_stands_beside_other_calls_of_its_step(self, page, thread, run):
        function = {"name": "weather", "arguments": "{}", "output": "rain"}
        step = code_step(run, {"id": "call_0", "type": "function", "function": function}, cell())
        assert re.findall(r'<details class="cell ok" id="([\w-]+)"', show(page, thread)) == [f"{step.id}-1"]

    def test_lets_nothing_loose_that_code_or_its_output_holds(self, page, thread, run, ada):
        file = output_file(ada, "x.csv")
        cells = [
            cell(EVIL, EVIL, status="error", note=f"[Note: {EVIL}]"),
            cell("x", files=[{"name": EVIL, "file_id": file.id, "bytes": 3}]),
        ]
        code_step(run, *cells)
        seen = show(page, thread)
        assert "<img src=x" not in seen
        assert "<script>alert" not in seen
        assert not [each for each in Elements(seen).named("img") if each.get("src") == "x"]
        assert seen.count("onerror=alert(1)&gt;") >= 4  # output, error, note, name; the code is in pieces
        work = seen[seen.index('<section class="work') : seen.index("</section>", seen.index('<section class="work'))]
        assert work.count("hx-disable") == 5

    def test_shows_output_as_a_terminal_does_in_the_end(self, page, thread, run):
        code_step(run, cell("x", "\x1b[1;31mred\x1b[0m\r\n 10%\r 90%\r100%\nbell\x07\x01\n\n"))
        assert ">red\n100%\nbell\ufffd\ufffd</pre>" in show(page, thread)

    def test_keeps_errors_of_runs_after_it(self, page, thread, assistant):
        run = finished_run(thread, assistant=assistant, status=RunStatus.FAILED)
        code_step(run, cell())
        seen = show(page, thread)
        assert seen.index('class="work"') < seen.index('class="ending failed"')

    def test_is_not_there_for_a_function_that_is_told_of_code(self, page: Client, thread: Thread, run: Run) -> None:
        asked = {"name": "look_up", "arguments": '{"word": "code_interpreter"}', "output": "a tool"}
        code_step(run, {"id": "call_1", "type": "function", "function": asked})
        assert cards(show(page, thread)) == []
        assert 'class="message answer' not in show(page, thread)

    @pytest.mark.parametrize(
        ("printed", "seen"), [("1 %\r50 %\rdone\r\n", "done"), ("a" * 100_000, "a"), ("working…\r", "working…")]
    )
    def test_shows_a_line_as_it_was_left(self, printed: str, seen: str) -> None:
        output = output_of(cell("…", printed)["code_interpreter"])
        assert output.startswith(seen)
        assert len(output) in (len(seen), 100_000)


class TestALongOutput:
    @pytest.fixture
    def step(self, run: Run) -> RunStep:
        return code_step(run, cell("x", f"<begin>{'-' * 2 * SHOWN}<end>"))

    def address(self, step: RunStep, place: int = 0) -> str:
        return reverse("cell-output", args=[step.run.thread_id, step.id, place])

    def test_is_cut_in_the_middle(self, page, thread, step):
        seen = show(page, thread)
        assert "&lt;begin&gt;-" in seen
        assert "-&lt;end&gt;</pre>" in seen
        assert "12 characters are not shown" in seen
        assert f'hx-get="{self.address(step)}"' in seen

    def test_is_shown_whole_on_demand(self, page, step):
        whole = html(page.get(self.address(step), headers=HTMX))
        assert f"&lt;begin&gt;{'-' * 2 * SHOWN}&lt;end&gt;</pre>" in whole
        assert "hx-get" not in whole

    def test_of_someone_else_looks_like_one_that_does_not_exist(self, client, bob, step):
        client.force_login(bob)
        assert client.get(self.address(step), headers=HTMX).status_code == 404

    def test_is_found_only_in_its_own_thread(self, page, ada, assistant, step):
        other = threads.create(ada, assistant=assistant)
        assert page.get(reverse("cell-output", args=[other.id, step.id, 0])).status_code == 404
        assert page.get(self.address(step, place=7)).status_code == 404


class TestPictures:
    def test_that_are_none_take_no_room(self, page, thread, run):
        """The style sheet hides an element that is empty, white space included."""
        message = answer(thread, run, text_part("It is 42."))
        assert f'<div class="pictures" id="{message.id}-pictures"></div>' in show(page, thread)

    def test_stand_before_the_text(self, page, ada, thread, run):
        first, second = (output_file(ada, name, PNG) for name in ("image-1.png", "image-2.png"))
        answer(thread, run, shown(first), shown(second), text_part("Two charts."))
        seen = show(page, thread)
        places = [seen.index(part) for part in (f"/files/{first.id}/", f"/files/{second.id}/", "Two charts.")]
        assert places == sorted(places)
        assert 'alt="Picture 1 of 2 made by the code"' in seen

    def test_say_nothing_when_they_are_gone(self, page, ada, thread, run):
        picture = output_file(ada, "image-1.png", PNG)
        answer(thread, run, shown(picture), text_part("A chart."))
        files.delete(ada, picture.id)
        seen = show(page, thread)
        assert picture.id not in seen
        assert "A chart." in seen

    def test_that_no_answer_shows_stand_under_the_code(self, page, ada, thread, assistant):
        run = finished_run(thread, assistant=assistant, status=RunStatus.CANCELLED)
        picture = output_file(ada, "image-1.png", PNG)
        code_step(run, cell("x", "", picture), status=StepStatus.CANCELLED)
        assert f'src="/files/{picture.id}/"' in show(page, thread)

    def test_that_an_answer_shows_stand_there_once(self, page, ada, thread, run):
        picture = output_file(ada, "image-1.png", PNG)
        code_step(run, cell("x", "", picture))
        answer(thread, run, shown(picture), text_part("A chart."))
        assert show(page, thread).count(f'src="/files/{picture.id}/"') == 1

    def test_that_no_answer_shows_are_there_though_one_came_after_them(self, page, thread, run, ada):
        picture = output_file(ada, "image-1.png", PNG)
        code_step(run, cell("x", "", picture))
        answer(thread, run, text_part("I am drawing."))
        assert f'src="/files/{picture.id}/"' in show(page, thread)

    def test_that_an_answer_shows_are_not_there_twice_when_more_code_follows(self, page, thread, run, ada):
        first, second = (output_file(ada, f"image-{number}.png", PNG) for number in (1, 2))
        code_step(run, cell("x", "", first))
        answer(thread, run, shown(first), text_part("A chart."))
        code_step(run, cell("y", "", second), status=StepStatus.CANCELLED)
        seen = show(page, thread)
        assert [seen.count(f'src="/files/{file.id}/"') for file in (first, second)] == [1, 1]


class TestFiles:
    def chips(self, seen: str) -> list[str]:
        return re.findall(r'<p class="name"><a href="/files/([\w-]+)/" download', seen)

    def test_are_offered_under_the_last_answer_each_as_it_was_left(self, page, ada, thread, run):
        old, new, other = (
            output_file(ada, "data.csv"),
            output_file(ada, "data.csv"),
            output_file(ada, "b.txt", b"b" * 2000),
        )
        code_step(run, cell(files=made(old, other)))
        answer(thread, run, text_part("First."))
        code_step(run, cell(files=made(new)))
        answer(thread, run, text_part("Last."))
        seen = show(page, thread)
        assert self.chips(seen) == [new.id, other.id]
        assert seen.index("Last.") < seen.index(f"/files/{new.id}/")
        assert "2.0 KB" in words(seen)

    def test_stand_under_the_code_when_no_answer_follows(self, page, ada, thread, assistant):
        run = finished_run(thread, assistant=assistant, status=RunStatus.CANCELLED)
        file = output_file(ada, "data.csv")
        answer(thread, run, text_part("Let me see."))
        step = code_step(run, cell(files=made(file)))
        seen = show(page, thread)
        assert self.chips(seen) == [file.id]
        assert seen.index(step.id) < seen.index(file.id) < seen.index("</section>", seen.index(step.id))

    def test_are_not_offered_before_the_run_has_ended(self, page, ada, thread, live_run):
        code_step(live_run, cell(files=made(output_file(ada, "data.csv"))))
        answer(thread, live_run, text_part("So far."), status="in_progress")
        assert self.chips(show(page, thread)) == []

    def test_that_are_gone_are_left_out(self, page, ada, thread, run):
        file = output_file(ada, "data.csv")
        code_step(run, cell(files=made(file)))
        answer(thread, run, text_part("Done."))
        files.delete(ada, file.id)
        assert self.chips(show(page, thread)) == []

    def test_of_someone_else_are_left_out_whatever_a_row_says(self, page, bob, thread, run):
        code_step(run, cell(files=made(output_file(bob, "secret.csv"))))
        answer(thread, run, text_part("Done."))
        assert self.chips(show(page, thread)) == []

    def test_are_saved_under_their_own_names_and_run_nowhere(self, page, ada):
        file = output_file(ada, "Über “alles”.html", b"<script>alert(1)</script>")
        response = page.get(reverse("file", args=[file.id]))
        assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"
        assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%C3%9Cber")
        assert response["Content-Type"] == "application/octet-stream"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_that_are_pictures_are_shown(self, page, ada):
        response = page.get(reverse("file", args=[output_file(ada, "plot.png", PNG).id]))
        assert b"".join(response.streaming_content) == PNG
        assert response["Content-Type"] == "image/png"
        assert response["Content-Disposition"] == 'inline; filename="plot.png"'
        assert response["X-Content-Type-Options"] == "nosniff"

    def test_are_fetched_by_their_owner_alone(self, client, ada, bob):
        file = output_file(ada, "data.csv")
        assert client.get(reverse("file", args=[file.id])).status_code == 302
        client.force_login(bob)
        foreign, absent = (client.get(reverse("file", args=[id])) for id in (file.id, "file-0000000000000000000000"))
        assert foreign.status_code == absent.status_code == 404
        assert html(foreign) == html(absent)


class TestALinkInAnAnswer:
    ADDRESS = "sandbox:/mnt/data/data.csv"

    def test_leads_to_the_file(self, page, ada, thread, run):
        file = output_file(ada, "data.csv")
        answer(thread, run, linked(f"Here: [the **data**]({self.ADDRESS}).", {self.ADDRESS: file}))
        link = f'<a class="made" href="/files/{file.id}/" download>the <strong>data</strong></a>'
        assert link in show(page, thread)

    def test_without_a_file_is_no_link(self, page, thread, run):
        answer(thread, run, text_part(f"Here: [the data]({self.ADDRESS})."))
        assert '<span class="lost" title="There is no such file.">the data</span>' in show(page, thread)

    def test_of_a_person_stays_what_they_wrote(self, page, thread):
        Message.objects.create(thread=thread, role="user", content=[text_part(f"[x]({self.ADDRESS})")])
        assert f"[x]({self.ADDRESS})" in show(page, thread)


class TestAThreadWithMuchCode:
    def test_costs_a_bounded_number_of_queries(self, page, ada, thread, assistant, django_assert_max_num_queries):
        for number in range(10):
            run = finished_run(thread, assistant=assistant)
            picture = output_file(ada, "image-1.png", PNG)
            code_step(run, cell("x", "", picture, files=made(output_file(ada, f"{number}.csv"))))
            answer(thread, run, shown(picture), text_part("Done."))
        with django_assert_max_num_queries(32):
            show(page, thread)

    def test_shows_the_code_of_its_last_messages_and_earlier_code_on_demand(self, page, thread, assistant):
        for number in range(40):
            run = finished_run(thread, assistant=assistant)
            code_step(run, cell(f"run_{number}"))
            answer(thread, run, text_part(f"Answer {number}."))
        first = show(page, thread)
        before = re.search(r"before=(msg_\w+)", first)[1]
        earlier = html(page.get(reverse("thread-earlier", args=[thread.id]), {"before": before}, headers=HTMX))
        numbers = [int(number) for number in re.findall(r"run_(\d+)<", earlier + first)]
        assert numbers == list(range(40))


class TestAPoll:
    def news(self, page: Client, thread: Thread, **have: object) -> str:
        return html(page.get(reverse("thread-news", args=[thread.id]), {"have": json.dumps(have)}, headers=HTMX))

    @pytest.fixture
    def step(self, live_run: Run) -> RunStep:
        return code_step(live_run, cell(status="running"), status=StepStatus.IN_PROGRESS)

    def test_brings_code_that_the_page_lacks(self, page, thread, step):
        assert cards(self.news(page, thread)) == ["Running Python…"]
        assert f'id="{step.id}"' in self.news(page, thread)

    def test_brings_nothing_twice(self, page, thread, step):
        assert cards(self.news(page, thread, works={step.id: "running"})) == []

    def test_brings_what_became_of_it_in_its_place(self, page, thread, step):
        step.details["tool_calls"] = [cell("x", "42")]
        step.save()
        seen = self.news(page, thread, works={step.id: "running"})
        assert cards(seen) == ["Ran Python"]
        assert re.search(rf'<section class="work" id="{step.id}"[^>]* hx-swap-oob="true">', seen)

    def test_finds_code_in_its_order_between_messages(self, page, thread, assistant):
        run = finished_run(thread, assistant=assistant)
        question = Message.objects.create(thread=thread, role="user", content=[text_part("First?")])
        code_step(run, cell("x"))
        answer(thread, run, text_part("First."))
        Message.objects.create(thread=thread, role="user", content=[text_part("Second?")])
        seen = self.news(page, thread, last=question.id)
        places = [seen.index(part) for part in ('class="work"', "First.", "Second?")]
        assert places == sorted(places)
        assert "First?" not in seen

    def test_takes_off_what_was_never_whole(self, page, thread, live_run):
        step = code_step(live_run, status=StepStatus.CANCELLED)
        seen = self.news(page, thread, works={step.id: "writing"})
        assert f'<section id="{step.id}" hx-swap-oob="delete"></section>' in seen

    def test_leaves_alone_what_it_does_not_know_of_other_threads(self, page, bob, assistant, thread, step):
        theirs = finished_run(threads.create(bob, assistant=assistant), assistant=assistant)
        foreign = code_step(theirs, cell("secret"))
        assert "secret" not in self.news(page, thread, works={foreign.id: "running"})

    @pytest.mark.parametrize("works", [None, [], 3, {"step_1": 3}, {"": ""}])
    def test_takes_anything_odd_for_nothing(self, page, thread, step, works):
        assert cards(self.news(page, thread, works=works)) == ["Running Python…"]
