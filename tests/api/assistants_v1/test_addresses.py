"""Who finds the addresses that only the first Assistants API had: reference, sections 11 and 12."""

from __future__ import annotations

import pytest

from chat.models import User
from tests.actions.knowledge.stores import ids_of
from tests.api.assistants_v1.making import CODE, made_by
from tests.api.calling import Api, absent, refused, told, whole

pytestmark = pytest.mark.django_db
NEEDS = "Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
GUIDE = "See the migration guide for more information: https://platform.openai.com/docs/assistants/migration."


class TestTheOldAddresses:
    PATHS = ("/assistants/asst_1/files", "/assistants/asst_1/files/file-1", "/threads/thread_1/messages/msg_1/files")

    @pytest.mark.parametrize("path", PATHS)
    def test_are_no_addresses_of_the_second_api(self, new: Api, path: str) -> None:
        assert told(new.get(path)) == absent(f"Invalid URL (GET /v1{path})")

    @pytest.mark.parametrize("door", ["/v1", "/openai", "/openai/v1"])
    def test_are_behind_every_door(self, either: Api, ada: User, door: str) -> None:
        assistant = made_by(either, CODE, file_ids=ids_of(ada, 1))
        reply = either.client.get(f"{door}/assistants/{assistant.id}/files", {"api-version": "2024-02-15-preview"})
        assert len(whole(reply)["data"]) == 1

    def test_do_not_hide_that_others_are_wrong(self, either: Api) -> None:
        assert told(either.get("/assistants/asst_1/pages")) == absent("Invalid URL (GET /v1/assistants/asst_1/pages)")
        assert either.delete("/assistants").status_code == 405


class TestTheVersionOfAzure:
    """Its own clients send no header."""

    def test_of_the_first_api_has_its_fields_and_shapes(self, silent: Api, ada: User) -> None:
        body = {"model": "m", "tools": [{"type": "retrieval"}], "file_ids": ids_of(ada, 1)}
        address = "/openai/assistants?api-version=2024-02-15-preview"
        shown = whole(silent.client.post(address, body, content_type="application/json"))
        assert (shown["tools"], shown["file_ids"]) == (body["tools"], body["file_ids"])

    @pytest.mark.parametrize("version", ["2024-05-01-preview", "2025-01-01-preview", "preview"])
    def test_of_a_later_one_has_those_of_the_second(self, silent: Api, ada: User, version: str) -> None:
        body = {"model": "m", "tools": [{"type": "file_search"}]}
        address = f"/openai/assistants?api-version={version}"
        shown = whole(silent.client.post(address, body, content_type="application/json"))
        assert [tool["type"] for tool in shown["tools"]] == ["file_search"]
        assert "file_ids" not in shown

    def test_is_less_than_the_header(self, new: Api, ada: User) -> None:
        shown = whole(new.client.get("/openai/assistants?api-version=2024-02-15-preview"))
        assert shown["object"] == "list"
        address = "/openai/assistants?api-version=2024-02-15-preview"
        body = {"model": "m", "tools": [{"type": "file_search"}]}
        assert "tool_resources" in whole(new.client.post(address, body, content_type="application/json"))


class TestTheStrictSetting:
    @pytest.fixture(autouse=True)
    def strict(self, settings) -> None:
        settings.EVERTHREAD_STRICT_BETA_HEADER = True

    @pytest.mark.parametrize(
        ("path", "advice"), [("/assistants", f" {NEEDS}"), ("/threads", f" {NEEDS}"), ("/assistants/asst_1/files", "")]
    )
    def test_refuses_the_first_api_as_openai_did(self, old: Api, path: str, advice: str) -> None:
        message = f"The v1 Assistants API has been deprecated.{advice} {GUIDE}"
        assert told(old.get(path)) == refused(message, code="invalid_beta")

    def test_knows_the_version_of_azure(self, silent: Api) -> None:
        assert silent.client.get("/openai/assistants?api-version=2024-05-01-preview").status_code == 200

    def test_refuses_silence(self, silent: Api) -> None:
        status, answer = told(silent.get("/assistants/asst_1/files"))
        assert (status, answer["error"]["code"]) == (400, "invalid_beta")
        assert answer["error"]["message"].startswith("You must provide the 'OpenAI-Beta' header")
