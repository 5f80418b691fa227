"""The search tester shows the hits of a search, in order and with their scores."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import VectorStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(boss, enter) -> Client:
    return enter(boss)


def hits_page(client: Client, store: VectorStore, **query: Any) -> str:
    answer = client.get(reverse("admin:chat_vectorstore_search", args=[store.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def names(page: str) -> list[str]:
    return re.findall(r'#passage-\d+">(.*?)</a>', page)


class TestTheSearchTester:
    def test_says_what_is_found_and_why(self, client, handbook, fill) -> None:
        fill(handbook, name="leave.pdf")
        page = hits_page(client, handbook, q="days of leave")
        assert names(page) == ["leave.pdf", "leave.pdf"]
        assert "<span>page 1</span>" in page
        assert "<mark># Leave" in page
        score, words, meaning = (float(value) for value in re.findall(r"</meter>\s+([\d.]+)\s*<", page)[:3])
        assert 0 < words < 1
        assert 0 < meaning < 1
        assert score == pytest.approx(0.5 * words + 0.5 * meaning, abs=0.011)
        assert "A score is 50 % words and 50 % meaning." in page

    def test_finds_by_meaning_alone(self, client, handbook, fill) -> None:
        fill(handbook, name="canteen.txt", text="Lunch is served at noon.")
        fill(handbook, name="cars.txt", text="Each vehicle has a parking space.")
        assert names(hits_page(client, handbook, q="automobile"))[0] == "cars.txt"

    def test_shows_the_surroundings_of_the_quote_and_the_whole_on_demand(self, client, handbook, fill) -> None:
        text = "Filler words stand here. " * 60 + "The wifi password is tangerine. " + "Filler words stand here. " * 60
        fill(handbook, text)
        page = hits_page(client, handbook, q="wifi password tangerine")
        shown, _, whole = page.partition("<details>")
        assert "tangerine" in shown.partition("<mark>")[2].partition("</mark>")[0]
        assert "…" in shown
        assert len(whole) > len(text) > len(shown)

    def test_keeps_to_the_number_of_results_and_the_score(self, client, handbook, fill) -> None:
        for number in range(4):
            fill(handbook, f"Leave number {number} is granted.")
        assert len(names(hits_page(client, handbook, q="leave"))) == 4
        assert len(names(hits_page(client, handbook, q="leave", limit="2"))) == 2
        page = hits_page(client, handbook, q="leave", threshold="0.99")
        assert names(page) == []
        assert "Nothing was found with that score." in page

    def test_can_be_narrowed_by_attributes(self, client, handbook, fill) -> None:
        fill(handbook, name="plain.txt")
        form = client.get(reverse("admin:chat_vectorstore_change", args=[handbook.pk])).context["search_form"]
        assert "attribute" not in form.fields
        fill(handbook, name="hr.txt", attributes={"team": "hr", "year": 2026, "valid": True})
        fill(handbook, name="it.txt", attributes={"team": "it", "valid": 1})
        form = client.get(reverse("admin:chat_vectorstore_change", args=[handbook.pk])).context["search_form"]
        offered = {words: value for value, words in form.fields["attribute"].choices}
        assert list(offered) == ["any attributes", "team: hr", "team: it", "valid: True", "valid: 1", "year: 2026"]
        for words, expected in [("team: it", "it.txt"), ("valid: True", "hr.txt"), ("year: 2026", "hr.txt")]:
            page = hits_page(client, handbook, q="leave", attribute=offered[words])
            assert set(names(page)) == {expected}

    @pytest.mark.parametrize(
        "options", [{"limit": "0"}, {"limit": "51"}, {"threshold": "2"}, {"limit": "x"}, {"attribute": "{"}]
    )
    def test_says_what_is_wrong_with_the_options(self, options, client, handbook, fill) -> None:
        fill(handbook, attributes={"team": "hr"})
        page = hits_page(client, handbook, q="leave", **options)
        assert 'class="errornote"' in page
        assert names(page) == []

    def test_of_nothing_finds_nothing(self, client, handbook, fill) -> None:
        fill(handbook)
        assert hits_page(client, handbook, q="  ").strip() == ""
        assert "Nothing was found." in hits_page(client, VectorStore.objects.create(owner=handbook.owner), q="leave")

    def test_is_no_use_of_the_store(self, client, handbook, fill) -> None:
        fill(handbook)
        before = VectorStore.objects.get(pk=handbook.pk).last_active_at
        hits_page(client, handbook, q="leave")
        assert VectorStore.objects.get(pk=handbook.pk).last_active_at == before

    def test_shows_passages_only_as_text(self, client, handbook, fill) -> None:
        fill(handbook, "# <b>Leave</b>\n<script>alert('leave')</script>", name="<i>leave.txt")
        page = hits_page(client, handbook, q="leave alert")
        for tag in ("<script", "<b>", "<i>"):
            assert tag not in page
