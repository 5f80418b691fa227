"""What every request passes: keys, headers of answers, wrong addresses, rate limits, the beta header.

Reference, sections 1.1 and 12.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import ApiKey, User
from tests.api.calling import Api, Reply, absent, refused, told

pytestmark = pytest.mark.django_db
REQUEST_ID = re.compile(r"req_[0-9a-f]{32}")
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e."
    " Authorization: Bearer YOUR_KEY)."
)
NO_BETA = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting the header"
    " 'OpenAI-Beta: assistants=v2'."
)
OLD_BETA = (
    "The v1 Assistants API has been deprecated. Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
    " See the migration guide for more information: https://platform.openai.com/docs/assistants/migration."
)


def asked(**headers: str) -> Reply:
    """An answer to a request with these headers and no others."""
    return Client().get("/v1/assistants", headers={name.replace("_", "-"): value for name, value in headers.items()})


def is_refused(reply: Reply, message: str) -> bool:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
    return told(reply) == (401, {"error": error})


class TestAKey:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_opens_the_door(self, api: Api, scheme: str) -> None:
        assert asked(Authorization=f"{scheme} {api.secret}").status_code == 200

    def test_may_come_as_azure_sends_it(self, api: Api) -> None:
        assert asked(api_key=api.secret).status_code == 200

    def test_of_azure_counts_beside_another_authorization(self, api: Api) -> None:
        assert asked(api_key=api.secret, Authorization="Basic YWRhOg==").status_code == 200

    @pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/openai"])
    def test_is_good_at_every_address_of_the_api(self, api: Api, prefix: str) -> None:
        """Azure's clients name a version, which says nothing to us."""
        assert api.client.get(f"{prefix}/assistants?api-version=2024-05-01-preview").status_code == 200

    def test_is_good_at_an_address_with_two_slashes(self, api: Api) -> None:
        """Which a base URL with one at its end and a path with one at its beginning make, as in deep-chat."""
        assert api.client.get("/v1//assistants").status_code == 200

    @pytest.mark.parametrize("sent", ["", "Bearer", "Bearer  ", "Basic YWRhOg=="])
    def test_is_needed(self, sent: str) -> None:
        assert is_refused(asked(Authorization=sent), NO_KEY)

    def test_that_is_wrong_is_shown_only_in_part(self) -> None:
        reply = asked(Authorization="Bearer et-AbcdefghijklmnopqrstuvwxYZ")
        where = "You can find your API key at /account/keys/."
        assert is_refused(reply, f"Incorrect API key provided: et-Abc***…xYZ. {where}")

    @pytest.mark.parametrize("strange", ["sk-é", "x" * 8000, "et-\x7f"])
    def test_that_cannot_be_is_wrong(self, strange: str) -> None:
        assert asked(Authorization=f"Bearer {strange}").status_code == 401

    def test_that_was_revoked_is_wrong(self, api: Api) -> None:
        api.key.revoke()
        assert told(api.get("/assistants")) == told(asked(api_key=api.secret))
        assert api.get("/assistants").json()["error"]["code"] == "invalid_api_key"

    def test_of_an_inactive_user_is_wrong(self, api: Api, ada: User) -> None:
        ada.is_active = False
        ada.save()
        reply = api.get("/assistants")
        assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")

    def test_remembers_when_it_was_used(self, api: Api) -> None:
        before = timezone.now()
        api.get("/assistants")
        seen = ApiKey.objects.get(pk=api.key.pk).last_used_at
        assert seen is not None
        assert seen >= before


class TestThePagesSession:
    def test_is_no_key(self, ada: User) -> None:
        client = Client()
        client.force_login(ada)
        assert is_refused(client.get("/v1/assistants"), NO_KEY)

    def test_does_not_lend_its_rights_to_a_key(self, ada: User, bob: User) -> None:
        api = Api(bob)
        api.client.force_login(ada)
        thread = api.made("/threads")
        assert bob.threads.filter(id=thread["id"]).exists()

    def test_is_not_asked_for_its_token(self, ada: User) -> None:
        api = Api(ada)
        strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {api.secret}"})
        strict.force_login(ada)
        assert strict.post("/v1/threads", "{}", content_type="application/json").status_code == 200


class TestEveryAnswer:
    @pytest.mark.parametrize(
        ("path", "status"),
        [("/assistants", 200), ("/assistants?limit=0", 400), ("/assistants/asst_x", 404), ("/x", 404)],
    )
    def test_has_an_id_of_its_own(self, api: Api, path: str, status: int) -> None:
        replies = [api.get(path), api.get(path)]
        ids = [reply["x-request-id"] for reply in replies]
        assert [reply.status_code for reply in replies] == [status, status]
        assert all(REQUEST_ID.fullmatch(id) for id in ids)
        assert ids[0] != ids[1]

    def test_has_one_without_a_key_too(self) -> None:
        assert REQUEST_ID.fullmatch(asked()["x-request-id"])

    def test_says_how_long_it_took_and_by_which_version(self, api: Api) -> None:
        reply = api.get("/assistants")
        assert reply["openai-processing-ms"].isdecimal()
        assert reply["openai-version"] == "2020-10-01"

    def test_sets_no_cookie(self, api: Api) -> None:
        assert not api.get("/assistants").cookies

    @pytest.mark.parametrize("path", ["/", "/healthz", "/static/nothing.css"])
    def test_of_a_page_has_none_of_this(self, path: str) -> None:
        assert "x-request-id" not in Client().get(path)


class TestTheLog:
    def test_has_the_id_of_the_request(self, api: Api, caplog) -> None:
        caplog.set_level("INFO", logger="chat.api")
        reply = api.get("/models")
        [line] = caplog.messages
        assert line.startswith("GET /v1/models 200 in ")
        assert line.endswith(reply["x-request-id"])

    def test_keeps_to_one_line_whatever_was_asked_for(self, api: Api, caplog) -> None:
        caplog.set_level("INFO", logger="chat.api")
        api.get("/models/x%0AGET%20/v1/everything%20200")
        assert not [line for line in caplog.messages if "\n" in line]


class TestAWrongAddress:
    @pytest.mark.parametrize("path", ["/v1/", "/v1/nothing", "/openai/nothing", "/v1/threads/thread_1/nothing"])
    @pytest.mark.parametrize("beta", ["assistants=v2", ""])
    def test_is_named(self, api: Api, path: str, beta: str) -> None:
        reply = api.client.get(path, headers={"OpenAI-Beta": beta})
        assert told(reply) == absent(f"Invalid URL (GET {path})")

    def test_with_a_slash_too_many_is_one(self, api: Api) -> None:
        assert told(api.client.post("/v1/threads/")) == absent("Invalid URL (POST /v1/threads/)")

    def test_is_not_told_to_strangers(self) -> None:
        assert Client().get("/v1/nothing").status_code == 401


class TestTheDocumentation:
    @pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/openai"])
    @pytest.mark.parametrize("page", ["/openapi.json", "/docs"])
    def test_needs_no_key(self, prefix: str, page: str) -> None:
        assert Client().get(prefix + page).status_code == 200

    @pytest.mark.parametrize("path", ["/models/scripted/docs", "/threads/docs", "/files/openapi.json", "/v1/docs"])
    def test_opens_nothing_else_that_ends_like_it(self, path: str) -> None:
        assert is_refused(Client().get(f"/v1{path}"), NO_KEY)


class TestAWrongMethod:
    def test_is_named(self, api: Api) -> None:
        reply = api.client.put("/v1/assistants")
        message = "Not allowed to PUT on /v1/assistants."
        assert told(reply) == (405, refused(message)[1])
        assert set(reply["Allow"].split(", ")) >= {"GET", "POST"}
        assert REQUEST_ID.fullmatch(reply["x-request-id"])

    def test_of_the_whole_thread_is_one_too(self, api: Api) -> None:
        assert api.client.patch("/v1/threads/thread_1").status_code == 405


class TestTheBetaHeader:
    @pytest.mark.parametrize("beta", ["assistants=v2", "assistants=v1", "", "something=else"])
    def test_may_say_anything(self, api: Api, beta: str) -> None:
        assert api.post("/threads", OpenAI_Beta=beta).status_code == 200

    @pytest.mark.parametrize(("beta", "message"), [("", NO_BETA), ("x=y", NO_BETA), ("assistants=v1", OLD_BETA)])
    @pytest.mark.parametrize("path", ["/assistants", "/threads", "/threads/runs", "/threads/thread_1/messages"])
    def test_must_say_v2_where_the_server_is_strict(
        self, api: Api, settings, path: str, beta: str, message: str
    ) -> None:
        settings.EVERTHREAD_STRICT_BETA_HEADER = True
        assert told(api.post(path, {}, OpenAI_Beta=beta)) == refused(message, code="invalid_beta")

    @pytest.mark.parametrize("beta", ["assistants=v2", "other=1, assistants=v2", "assistants=v2,assistants=v1"])
    def test_may_be_a_list(self, api: Api, settings, beta: str) -> None:
        settings.EVERTHREAD_STRICT_BETA_HEADER = True
        assert api.post("/threads", OpenAI_Beta=beta).status_code == 200

    @pytest.mark.parametrize("path", ["/files", "/models", "/vector_stores"])
    def test_is_never_needed_for_what_is_not_of_the_beta(self, api: Api, settings, path: str) -> None:
        settings.EVERTHREAD_STRICT_BETA_HEADER = True
        assert api.get(path).status_code == 200


class TestAKeyWithALimit:
    @pytest.fixture(autouse=True)
    def _two_a_minute(self, api: Api) -> None:
        ApiKey.objects.filter(pk=api.key.pk).update(requests_per_minute=2)

    def test_is_told_what_is_left(self, api: Api) -> None:
        reply = api.get("/models")
        assert reply["x-ratelimit-limit-requests"] == "2"
        assert reply["x-ratelimit-remaining-requests"] == "1"
        assert re.fullmatch(r"(29\.9|30)s", reply["x-ratelimit-reset-requests"])

    def test_is_told_so_in_refusals_too(self, api: Api) -> None:
        assert api.get("/threads/thread_x")["x-ratelimit-remaining-requests"] == "1"

    def test_must_wait_when_nothing_is_left(self, api: Api) -> None:
        statuses = [api.get("/models").status_code for _ in range(2)]
        reply = api.get("/models")
        assert [*statuses, reply.status_code] == [200, 200, 429]
        assert 0 < int(reply["retry-after"]) <= 30
        assert reply["x-ratelimit-remaining-requests"] == "0"
        error = reply.json()["error"]
        assert error["message"].startswith("Rate limit reached for requests per minute: limit 2, used 2.")
        assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
        assert REQUEST_ID.fullmatch(reply["x-request-id"])

    def test_leaves_another_key_of_the_same_user_alone(self, api: Api, ada: User) -> None:
        for _ in range(3):
            api.get("/models")
        reply = Api(ada).get("/models")
        assert reply.status_code == 200
        assert "x-ratelimit-limit-requests" not in reply
