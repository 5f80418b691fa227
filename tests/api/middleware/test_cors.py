"""Pages of other origins that call the API with a key."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.api.calling import Api, Reply

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example"
SENT = ["authorization", "content-type", "idempotency-key", "openai-beta", "x-stainless-lang"]
SEEN = ["x-request-id", "retry-after", "openai-poll-after-ms", "x-ratelimit-remaining-requests"]


def preflight(path: str = "/v1/threads", **headers: str) -> Reply:
    """What a browser asks before it sends a POST with a key."""
    wanted = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(SENT),
    }
    return Client().options(path, headers=wanted)


def words(line: str) -> set[str]:
    return {word.strip().lower() for word in line.split(",")}


class TestAPageOfAnotherOrigin:
    def test_is_let_in_by_nobody_unless_told(self, api: Api) -> None:
        reply = api.client.get("/v1/models", headers={"Origin": SHOP})
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]
        assert "Access-Control-Allow-Origin" not in preflight()

    def test_is_let_in_where_it_is_named(self, api: Api, settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = [SHOP]
        reply = api.client.get("/v1/models", headers={"Origin": SHOP})
        assert reply["Access-Control-Allow-Origin"] == SHOP
        assert words(reply["Access-Control-Expose-Headers"]) >= set(SEEN)

    def test_sees_refusals_too(self, settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = [SHOP]
        reply = Client().get("/v1/models", headers={"Origin": SHOP})
        assert (reply.status_code, reply["Access-Control-Allow-Origin"]) == (401, SHOP)

    def test_may_ask_beforehand_without_a_key(self, settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = [SHOP]
        reply = preflight()
        assert reply.status_code == 200
        assert reply["Access-Control-Allow-Origin"] == SHOP
        assert words(reply["Access-Control-Allow-Headers"]) >= set(SENT)
        assert words(reply["Access-Control-Allow-Methods"]) >= {"get", "post", "delete"}

    @pytest.mark.parametrize("path", ["/openai/threads", "/openai/v1/threads"])
    def test_may_use_the_addresses_of_azure(self, settings, path: str) -> None:
        settings.CORS_ALLOWED_ORIGINS = [SHOP]
        assert preflight(path)["Access-Control-Allow-Origin"] == SHOP

    def test_that_is_not_named_is_not_let_in(self, settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://other.example"]
        assert "Access-Control-Allow-Origin" not in preflight()

    def test_may_be_any(self, settings) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = True
        assert preflight()["Access-Control-Allow-Origin"] == "*"

    def test_never_speaks_for_who_is_signed_in(self, settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = [SHOP]
        assert "Access-Control-Allow-Credentials" not in preflight()

    def test_is_kept_out_of_the_pages(self, settings) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = True
        assert "Access-Control-Allow-Origin" not in preflight("/accounts/login/")
