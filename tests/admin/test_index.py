"""The admin as a whole: who finds what, and what an address can get out of it."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.urls import reverse

from chat.models import Alias, ApiKey, Model, Run
from chat.models.accounts.api_keys import digest

pytestmark = pytest.mark.django_db
LISTS = ["assistant", "vectorstore", "thread", "run", "provider", "model", "alias", "user", "apikey"]


class TestTheIndex:
    def test_shows_the_rooms_in_their_order(self, boss, enter) -> None:
        page = enter(boss).get("/admin/").content.decode()
        assert re.findall(r'class="section">(.*?)</a>', page) == [
            "Assistants",
            "Knowledge",
            "Threads",
            "Models",
            "Code",
            *(["Jobs"] if connection.vendor == "postgresql" else []),
            "People",
        ]

    def test_shows_staff_only_what_they_may_see(self, make_staff, enter) -> None:
        page = enter(make_staff("view_run")).get("/admin/").content.decode()
        assert re.findall(r'class="section">(.*?)</a>', page) == ["Threads"]
        assert reverse("admin:chat_thread_changelist") not in page

    def test_shows_staff_without_permissions_nothing(self, make_staff, enter, run) -> None:
        client = enter(make_staff())
        assert "You have no rights here yet. Ask an administrator" in client.get("/admin/").content.decode()
        for name in LISTS:
            assert client.get(reverse(f"admin:chat_{name}_changelist")).status_code == 403

    def test_sends_others_away(self, ada, enter) -> None:
        answer = enter(ada).get("/admin/")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")

    def test_says_how_today_goes(self, boss, enter, run, thread, assistant) -> None:
        Run.objects.create(thread=thread, assistant=assistant, model="scripted", status="failed")
        page = enter(boss).get("/admin/").content.decode()
        assert "2 runs" in page
        assert "1 of them failed" in page

    def test_tells_nothing_of_runs_to_those_who_may_not_see_them(self, make_staff, enter, run) -> None:
        assert "Today:" not in enter(make_staff("view_assistant")).get("/admin/").content.decode()

    def test_stands_for_the_page_of_an_app(self, boss, enter) -> None:
        assert enter(boss).get("/admin/chat/")["Location"] == "/admin/"


class TestAList:
    @pytest.fixture
    def everything(self, scripted, run, ada) -> None:
        model = Model.objects.create(provider=scripted, name="scripted", input_price="0.5")
        Alias.objects.create(pattern="gpt-*", model=model)
        ApiKey.objects.create(owner=ada, name="laptop", start="et-abcde", digest=digest("et-abcdefgh"))

    @pytest.mark.parametrize("name", LISTS)
    def test_opens_with_each_filter_that_it_offers(self, name, boss, enter, everything) -> None:
        client, address = enter(boss), reverse(f"admin:chat_{name}_changelist")
        page = client.get(address).content.decode()
        offered = {html.unescape(link) for link in re.findall(r'href="(\?[^"]+)"', page)}
        assert offered
        for link in offered:
            assert client.get(address + link).status_code == 200, link

    @pytest.mark.parametrize("name", [name for name in LISTS if name not in ("thread", "run")])
    def test_has_a_form_to_add_to_it(self, name, boss, enter) -> None:
        assert enter(boss).get(reverse(f"admin:chat_{name}_add")).status_code == 200

    @pytest.mark.parametrize(
        ("name", "lookup"),
        [
            ("thread", "title__startswith=m"),
            ("thread", "messages__content__contains=diary"),
            ("thread", "owner__password__startswith=m"),
            ("run", "instructions__contains=e"),
            ("run", "thread__title__startswith=m"),
            ("provider", "encrypted_key__startswith=g"),
            ("apikey", "digest__startswith=a"),
            ("vectorstore", "entries__passages__text__contains=diary"),
            ("vectorstore", "files__filename__startswith=d"),
            ("user", "password__startswith=m"),
            ("user", "threads__title__startswith=m"),
        ],
    )
    def test_cannot_be_filtered_by_what_it_does_not_offer(self, name, lookup, boss, enter, everything) -> None:
        answer = enter(boss).get(f"{reverse(f'admin:chat_{name}_changelist')}?{lookup}")
        assert answer.status_code == 400

    def test_by_a_number_that_no_column_holds_is_all_or_none(self, boss, enter) -> None:
        answer = enter(boss).get(f"/admin/chat/assistant/?owner__exact={'9' * 30}")
        if connection.vendor == "sqlite":  # PostgreSQL compares with any number
            assert answer["Location"] == "/admin/chat/assistant/?e=1"
        else:
            assert "0 assistants" in answer.content.decode()

    @pytest.mark.parametrize(
        "suggestion", ["assistant/add/?owner=x", "alias/add/?model=%00", "apikey/add/?owner=999999"]
    )
    def test_is_added_to_whatever_the_address_suggests(self, suggestion, boss, enter) -> None:
        assert enter(boss).get(f"/admin/chat/{suggestion}").status_code == 200
