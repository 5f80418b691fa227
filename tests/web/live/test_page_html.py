"""A page of long messages: drawn once, and no more of it than a page can bear."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from chat.actions.conversation import threads
from chat.models import Message, RenderedMessage, Thread
from chat.models.threads import text_part
from chat.web.live import page_html
from tests.cited import answer, finished_run

pytestmark = pytest.mark.django_db
HEADINGS = "# a\n" * 16_000  # 64,000 characters
LINKS = "<http://a.b> " * 5_000


@pytest.fixture
def page(client: Client, ada) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def thread(ada, assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def drawn(monkeypatch) -> list[str]:
    """The texts that the renderer is given."""
    texts: list[str] = []
    render = page_html.render

    def count(text, *args):
        texts.append(text)
        return render(text, *args)

    monkeypatch.setattr(page_html, "render", count)
    return texts


def say(thread: Thread, *texts: str) -> list[Message]:
    run = finished_run(thread, tools=[])
    return [answer(thread, run, text_part(text)) for text in texts]


def show(page: Client, thread: Thread) -> str:
    return page.get(reverse("thread", args=[thread.id])).content.decode()


class TestALongAnswer:
    def test_is_drawn_once(self, page, thread, drawn) -> None:
        say(thread, HEADINGS)
        first, second = show(page, thread), show(page, thread)
        assert drawn == [HEADINGS]
        assert first.count("<h3>a</h3>") == second.count("<h3>a</h3>") == 16_000
        thread.messages.all().delete()
        assert not RenderedMessage.objects.exists()

    def test_is_drawn_again_by_another_renderer(self, page, thread, drawn, monkeypatch) -> None:
        say(thread, HEADINGS)
        show(page, thread)
        monkeypatch.setattr(page_html, "renderer_version", lambda: "another")
        show(page, thread)
        show(page, thread)
        assert drawn == [HEADINGS] * 2

    def test_is_shown_when_it_cannot_be_kept(self, page, thread, monkeypatch) -> None:
        say(thread, HEADINGS)

        def fail(*_args, **_options):
            raise OperationalError("database is locked")

        monkeypatch.setattr(RenderedMessage.objects, "bulk_create", fail)
        assert "<h3>a</h3>" in show(page, thread)

    def test_that_is_short_is_not_kept(self, page, thread) -> None:
        say(thread, "Hello *you*")
        assert "Hello <em>you</em>" in show(page, thread)
        assert not RenderedMessage.objects.exists()


@pytest.mark.parametrize("text", [HEADINGS, LINKS, "word " * 12_000, "**a**" * 4_000 + "\n\n" + "[a]: b\n" * 5_000])
@pytest.mark.slow
class TestAThreadOfLongAnswers:
    def test_makes_a_page_within_its_budget(self, page, thread, drawn, text) -> None:
        messages = say(thread, *[text] * 30)
        html = show(page, thread)
        assert len(html) < 2 * page_html.BUDGET
        assert sum(map(len, drawn)) <= page_html.BUDGET + len(text)
        assert html.count('hx-get="/threads/') >= 1
        for message in messages:
            assert message.id in html

    def test_shows_all_of_each_on_demand(self, page, thread, text) -> None:
        first = say(thread, *[text] * 30)[0]
        address = reverse("message-whole", args=[thread.id, first.id])
        assert f'hx-get="{address}"' in show(page, thread)
        whole = page.get(address).content.decode()
        assert "only its beginning is shown" not in whole
        assert page_html.render(text) in whole


class TestLongQuestions:
    def test_are_folded_too_and_the_newest_are_whole(self, page, thread) -> None:
        for number in range(5):
            content = [text_part(f"number {number} " + "x" * 200_000 + " end")]
            Message.objects.create(thread=thread, role="user", content=content)
        html = show(page, thread)
        assert len(html) < 2 * page_html.BUDGET
        assert (html.count(" end</p>"), html.count("only its beginning is shown")) == (2, 3)
        first = thread.messages.order_by("number").first()
        assert " end</p>" in page.get(reverse("message-whole", args=[thread.id, first.id])).content.decode()

    def test_of_others_are_not_shown(self, page, bob, assistant) -> None:
        theirs = threads.create(bob, assistant=assistant)
        message = Message.objects.create(thread=theirs, role="user", content=[text_part("secret")])
        assert page.get(reverse("message-whole", args=[theirs.id, message.id])).status_code == 404
