"""The page of a person's own API keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from chat.actions.access import api_keys, rate_limits
from chat.errors import NotSignedIn
from chat.models import ApiKey, Assistant, Thread, User
from tests.engine.stage import in_thread
from tests.sockets.program import bearer, program

database = pytest.mark.django_db
KEYS = "/account/keys/"
SECRET = re.compile(r"et-[\w-]{43}")


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def html(response: Any) -> str:
    return response.content.decode()


def make(page: Client, name: str = "laptop") -> str:
    """The secret that the page showed."""
    [secret] = SECRET.findall(html(page.post(KEYS, {"name": name})))
    return secret


def revoking(key: ApiKey) -> str:
    return reverse("key-revoke", args=[key.pk])


@database
class TestThePage:
    def test_is_for_the_signed_in(self, client, ada) -> None:
        key, _secret = api_keys.create(ada, name="laptop")
        assert client.get(KEYS)["Location"] == f"/sign-in/?next={KEYS}"
        assert client.post(KEYS, {"name": "x"})["Location"] == f"/sign-in/?next={KEYS}"
        assert client.post(revoking(key))["Location"].startswith("/sign-in/")
        assert [(each.name, each.revoked_at) for each in ApiKey.objects.all()] == [("laptop", None)]

    def test_is_linked_where_the_account_is(self, page) -> None:
        assert f'href="{KEYS}"' in html(page.get("/"))
        assert f'href="{KEYS}"' in html(page.get("/password/"))

    def test_lists_ones_own_keys_only(self, page, ada, bob) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        api_keys.create(bob, name="his server")
        text = html(page.get(KEYS))
        assert "laptop" in text
        assert f"{key.start}…" in text
        assert "never used" in text
        assert "his server" not in text
        api_keys.find(secret)
        text = html(page.get(KEYS))
        assert "last used" in text
        assert "never used" not in text

    def test_shows_names_as_plain_text(self, page, ada) -> None:
        api_keys.create(ada, name="<b onclick=x>&")
        text = html(page.get(KEYS))
        assert "<b onclick" not in text
        assert "&lt;b onclick=x&gt;&amp;" in text

    def test_keeps_revoked_keys_apart(self, page, ada) -> None:
        api_keys.create(ada, name="gone")[0].revoke()
        api_keys.create(ada, name="laptop")
        response = page.get(KEYS)
        assert [key.name for key in response.context["usable_keys"]] == ["laptop"]
        assert [key.name for key in response.context["revoked_keys"]] == ["gone"]
        assert "1 revoked key" in html(response)
        assert html(response).count("Revoke “") == 1

    def test_says_how_a_key_is_used(self, page) -> None:
        text = html(page.get(KEYS))
        assert "OPENAI_BASE_URL=http://testserver/v1" in text
        assert "OPENAI_API_KEY=…" in text
        assert 'href="/v1/docs"' in text

    def test_keeps_its_policy_strict(self, page) -> None:
        response = page.post(KEYS, {"name": "laptop"})
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", html(response))

    def test_costs_the_same_however_many_keys_there_are(self, page, ada, django_assert_max_num_queries) -> None:
        for number in range(30):
            api_keys.create(ada, name=f"number {number}")
        with django_assert_max_num_queries(5):
            page.get(KEYS)


@database
class TestMakingAKey:
    def test_shows_its_secret_once(self, page, ada) -> None:
        secret = make(page)
        assert api_keys.owner_of(secret) == ada
        for address in (KEYS, "/", "/password/"):
            assert not SECRET.search(html(page.get(address)))

    def test_keeps_the_secret_nowhere(self, page) -> None:
        response = page.post(KEYS, {"name": "laptop"})
        [secret] = SECRET.findall(html(response))
        assert secret not in str(response.headers) + str(page.cookies)
        assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())
        assert secret not in str(ApiKey.objects.values())

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_leaves_nothing_in_caches(self, method, page) -> None:
        response = getattr(page, method)(KEYS, {"name": "laptop"})
        assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))

    @pytest.mark.parametrize(("name", "problem"), [("  ", "Give the key a name."), ("x" * 101, "at most 100")])
    def test_says_what_is_wrong_with_a_name(self, name, problem, page) -> None:
        response = page.post(KEYS, {"name": name})
        assert response.status_code == 400
        assert problem in html(response)
        assert f'value="{name}"' in html(response)
        assert not ApiKey.objects.exists()

    def test_stops_at_a_hundred(self, page, ada) -> None:
        ApiKey.objects.bulk_create(ApiKey(owner=ada, name="one", digest=str(number)) for number in range(100))
        response = page.post(KEYS, {"name": "laptop"})
        assert response.status_code == 400
        assert "At most 100 keys can be in use. Revoke one" in html(response)
        assert ApiKey.objects.count() == 100

    def test_gives_no_powers_over_limits(self, page, settings) -> None:
        settings.EVERTHREAD_REQUESTS_PER_MINUTE = 7
        page.post(KEYS, {"name": "laptop", "requests_per_minute": "0", "owner": "1"})
        assert rate_limits.limit_of(ApiKey.objects.get()) == 7

    def test_wants_the_token_of_the_form(self, ada) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ada)
        assert strict.post(KEYS, {"name": "laptop"}).status_code == 403
        assert not ApiKey.objects.exists()


@database
class TestRevokingAKey:
    def test_stops_it_and_says_so(self, page) -> None:
        secret = make(page)
        key = ApiKey.objects.get()
        assert revoking(key) in html(page.get(KEYS))
        response = page.post(revoking(key), follow=True)
        assert response.redirect_chain == [(KEYS, 302)]
        assert "The key “laptop” is revoked." in html(response)
        with pytest.raises(NotSignedIn):
            api_keys.find(secret)

    def test_of_someone_else_finds_none(self, page, bob) -> None:
        key, secret = api_keys.create(bob, name="his")
        assert page.post(revoking(key)).status_code == 404
        assert page.post("/account/keys/999999/revoke/").status_code == 404
        assert api_keys.find(secret) == key

    def test_is_not_done_by_following_a_link_or_without_a_token(self, ada) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ada)
        assert strict.get(revoking(key)).status_code == 405
        assert strict.post(revoking(key)).status_code == 403
        assert api_keys.find(secret) == key


@pytest.mark.django_db(transaction=True)
class TestASocketOpenedWithAKey:
    @pytest.fixture
    def thread(self, ada: User, assistant: Assistant) -> Thread:
        return Thread.objects.create(owner=ada, assistant=assistant)

    async def test_closes_when_the_page_revokes_it(self, page, ada, thread) -> None:
        """The socket of another key stays."""
        key, secret = await in_thread(api_keys.create)(ada, name="laptop")
        _other, other_secret = await in_thread(api_keys.create)(ada, name="other")
        async with program(thread.id, bearer(secret)) as one, program(thread.id, bearer(other_secret)) as another:
            assert (await one.hear())["type"] == "snapshot"
            assert (await another.hear())["type"] == "snapshot"
            await sync_to_async(page.post)(revoking(key))
            assert await one.closed() == 4401
            assert (await another.reply(type="cancel_run", run_id="run_absent"))["type"] == "error"
