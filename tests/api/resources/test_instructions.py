"""The instructions of a shared assistant are its owner's, wherever the API shows them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from chat.models import Assistant, Thread, User
from chat.providers.scripted.provider import ScriptedProvider
from tests.api.calling import Api
from tests.api.streaming.streams import Streams
from tests.engine.stage import Stage, in_thread

SECRET = "Be brief."  # of the assistant
pytestmark = pytest.mark.django_db


def shown_to(user: User, assistant: Assistant, *, version: str = "v2") -> list[Any]:
    """Return the assistant's instructions by its address and in the list."""
    api = Api(user)
    headers = {"OpenAI-Beta": f"assistants={version}"}
    one = api.client.get(f"/v1/assistants/{assistant.id}", headers=headers).json()
    listed = api.client.get("/v1/assistants", headers=headers).json()["data"]
    return [each["instructions"] for each in (one, *listed)]


class TestInstructions:
    def test_are_shown_to_the_owner(self, assistant: Assistant, ada: User) -> None:
        assert shown_to(ada, assistant) == [SECRET, SECRET]

    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_are_empty_for_everyone_else(self, assistant: Assistant, bob: User, version: str) -> None:
        assert shown_to(bob, assistant, version=version) == ["", ""]

    def test_are_shown_to_staff_who_see_assistants_in_the_admin(self, assistant: Assistant, bob: User) -> None:
        bob.is_staff = True
        bob.save()
        assert shown_to(bob, assistant) == ["", ""]
        bob.user_permissions.add(Permission.objects.get(codename="view_assistant"))
        assert shown_to(bob, assistant) == [SECRET, SECRET]


class TestTheRunsOfOthers:
    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ({}, ""),
            ({"additional_instructions": "Rhyme."}, "Rhyme."),
            ({"instructions": "Sing.", "additional_instructions": "Rhyme."}, "Sing.\n\nRhyme."),
        ],
    )
    def test_show_what_they_have_sent_themselves(
        self, assistant: Assistant, bob: User, given: dict[str, str], shown: str
    ) -> None:
        api, thread = Api(bob), Thread.objects.create(owner=bob)
        message = {"additional_messages": [{"role": "user", "content": "Hello"}]}
        run = api.made(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id, **message, **given})
        path = f"/threads/{thread.id}/runs"
        assert run["instructions"] == shown
        assert api.found(f"{path}/{run['id']}")["instructions"] == shown
        assert [each["instructions"] for each in api.found(path)["data"]] == [shown]
        assert api.made(f"{path}/{run['id']}/cancel")["instructions"] == shown

    def test_are_worked_on_with_the_whole(self, assistant: Assistant, bob: User) -> None:
        api, thread = Api(bob), Thread.objects.create(owner=bob)
        message = {"additional_messages": [{"role": "user", "content": "Hello"}]}
        more = {"additional_instructions": "Rhyme."}
        api.made(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id, **message, **more})
        assert thread.runs.get().instructions == f"{SECRET}\n\nRhyme."


@pytest.mark.django_db(transaction=True)
async def test_a_stream_does_not_show_them_either(assistant: Assistant, bob: User, stage: Stage) -> None:
    async with stage.working(ScriptedProvider()):
        streams = Streams(await in_thread(Api)(bob))
        thread = await Thread.objects.acreate(owner=bob)
        body = {"assistant_id": assistant.id, "additional_messages": [{"role": "user", "content": "Hello"}]}
        events = await streams.whole(f"/threads/{thread.id}/runs", body)
    assert {data["instructions"] for _name, data in events if "instructions" in data} == {""}
