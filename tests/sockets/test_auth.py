"""Who may open a socket, and who must leave."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from chat.actions.access import api_keys
from chat.actions.conversation import threads
from chat.models import ApiKey, Assistant, Thread, User
from chat.sockets import thread_socket
from tests.engine.stage import in_thread
from tests.sockets.program import HOST, Program, bearer, key_of, origin, program, session_of

pytestmark = pytest.mark.django_db(transaction=True)
HERE = origin("http://localhost")


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


async def is_admitted(one: Program) -> bool:
    return (await one.hear())["type"] == "snapshot"


class TestASocketWithAKey:
    async def test_is_admitted(self, thread: Thread, ada: User) -> None:
        async with program(thread.id, await in_thread(key_of)(ada)) as one:
            assert await is_admitted(one)

    @pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic YWRhOmFkYQ==", "", "\xff"])
    async def test_is_refused_when_the_key_is_none(self, thread: Thread, header: str) -> None:
        async with program(thread.id, (b"authorization", header.encode("latin1"))) as one:
            assert await one.closed() == 4401

    async def test_is_not_saved_by_a_session_when_the_key_is_wrong(self, thread: Thread, ada: User) -> None:
        cookie = await in_thread(session_of)(ada)
        async with program(thread.id, bearer("wrong"), cookie, HOST, HERE) as one:
            assert await one.closed() == 4401

    async def test_is_refused_when_the_key_stands_in_the_address(self, thread: Thread, ada: User) -> None:
        _key, secret = await in_thread(api_keys.create)(ada, name="test")
        async with program(thread.id, query=f"?key={secret}&access_token={secret}") as one:
            assert await one.closed() == 4401

    @pytest.mark.parametrize("whose", ["bob", "nobody"])
    async def test_finds_no_thread_but_its_owners(self, thread: Thread, bob: User, whose: str) -> None:
        thread_id = thread.id if whose == "bob" else "thread_absent"
        async with program(thread_id, await in_thread(key_of)(bob)) as one:
            assert await one.closed() == 4404


class TestASocketWithASession:
    async def test_is_admitted_from_our_own_pages(self, thread: Thread, ada: User) -> None:
        async with program(thread.id, await in_thread(session_of)(ada), HOST, HERE) as one:
            assert await is_admitted(one)

    @pytest.mark.parametrize(
        "foreign", ["http://evil.example", "http://localhost.evil.example", "http://localhost:81", "null", ""]
    )
    async def test_is_refused_from_any_other(self, thread: Thread, ada: User, foreign: str) -> None:
        async with program(thread.id, await in_thread(session_of)(ada), HOST, origin(foreign)) as one:
            assert await one.closed() == 4403

    async def test_is_refused_without_an_origin(self, thread: Thread, ada: User) -> None:
        async with program(thread.id, await in_thread(session_of)(ada), HOST) as one:
            assert await one.closed() == 4403

    async def test_is_refused_at_a_host_that_is_not_ours(self, thread: Thread, ada: User) -> None:
        headers = [(b"host", b"evil.example"), origin("http://evil.example")]
        async with program(thread.id, await in_thread(session_of)(ada), *headers) as one:
            assert await one.closed() == 4403

    @pytest.mark.parametrize("trusted", ["https://chat.example.org", "https://*.example.org"])
    async def test_is_admitted_from_an_origin_that_is_trusted(
        self, thread: Thread, ada: User, settings, trusted: str
    ) -> None:
        settings.CSRF_TRUSTED_ORIGINS = [trusted]
        cookie = await in_thread(session_of)(ada)
        async with program(thread.id, cookie, HOST, origin("https://chat.example.org")) as one:
            assert await is_admitted(one)
        async with program(thread.id, cookie, HOST, origin("https://chatexample.org")) as one:
            assert await one.closed() == 4403

    async def test_is_refused_from_an_origin_that_is_no_address(self, thread: Thread, ada: User, settings) -> None:
        settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
        async with program(thread.id, await in_thread(session_of)(ada), HOST, origin("http://[")) as one:
            assert await one.closed() == 4403

    async def test_is_admitted_whatever_type_its_body_would_have(self, thread: Thread, ada: User) -> None:
        odd = (b"content-type", b"a/b; boundary*=x''a")
        async with program(thread.id, await in_thread(session_of)(ada), HOST, HERE, odd) as one:
            assert await is_admitted(one)

    async def test_must_come_over_tls_where_the_site_does(self, thread: Thread, ada: User, settings) -> None:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        cookie, forwarded = await in_thread(session_of)(ada), (b"x-forwarded-proto", b"https")
        async with program(thread.id, cookie, HOST, forwarded, origin("https://localhost")) as one:
            assert await is_admitted(one)
        async with program(thread.id, cookie, HOST, forwarded, origin("http://localhost")) as one:
            assert await one.closed() == 4403

    @pytest.mark.parametrize("cookie", [b"", b"sessionid=made-up", b"other=1"])
    async def test_is_refused_when_nobody_is_signed_in(self, thread: Thread, cookie: bytes) -> None:
        async with program(thread.id, (b"cookie", cookie), HOST, HERE) as one:
            assert await one.closed() == 4401


class TestLeaving:
    async def test_is_demanded_when_the_user_signs_out(self, thread: Thread, ada: User) -> None:
        client = Client()
        cookie, key = await in_thread(session_of)(ada, client=client), await in_thread(key_of)(ada)
        async with program(thread.id, cookie, HOST, HERE) as page, program(thread.id, key) as one:
            assert await is_admitted(page)
            assert await is_admitted(one)
            await in_thread(client.logout)()
            assert await page.closed() == 4401
            assert (await one.reply(type="cancel_run", run_id="run_absent"))["type"] == "error"

    async def test_is_demanded_when_the_user_is_deactivated(self, thread: Thread, ada: User) -> None:
        async with program(thread.id, await in_thread(key_of)(ada)) as one:
            assert await is_admitted(one)
            ada.is_active = False
            await in_thread(ada.save)()
            assert await one.closed() == 4401

    async def test_is_demanded_from_a_command_of_a_revoked_key(self, thread: Thread, ada: User) -> None:
        async with program(thread.id, await in_thread(key_of)(ada)) as one:
            assert await is_admitted(one)
            await ApiKey.objects.aupdate(revoked_at=timezone.now())  # in another process: nobody tells this one
            await one.send(type="send_message", content="still here?")
            assert await one.closed() == 4401
        assert not await thread.messages.aexists()

    async def test_is_demanded_in_time_when_nobody_told(
        self, thread: Thread, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(thread_socket, "RECHECK", 0.05)
        async with program(thread.id, await in_thread(key_of)(ada)) as one:
            assert await is_admitted(one)
            await User.objects.aupdate(is_active=False)
            assert await one.closed() == 4401

    async def test_is_demanded_when_the_thread_is_deleted(self, thread: Thread, ada: User) -> None:
        async with program(thread.id, await in_thread(key_of)(ada)) as one:
            assert await is_admitted(one)
            await in_thread(threads.delete)(ada, thread.id)
            assert await one.closed() == 4404
