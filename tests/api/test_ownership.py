"""What is someone else's answers every operation exactly as what does not exist, and stays as it is.

The operations, and the places in them where ids stand, come from the API's own table of routes: a new one without a
place in the tables here fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chat.actions import keys
from chat.models import ApiKey, KeptReply, User
from tests.api.belongings import Ids, absent, belongings
from tests.api.routes import Route, routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "scripted")]

# Models are everyone's.
SHARED = {"model"}
# What belongs to an object and can be named only together with it.
PARTS: dict[str, tuple[str, ...]] = {
    "thread_id": ("message_id", "run_id", "step_id", "tool_call_id"),
    "run_id": ("step_id", "tool_call_id"),
    "upload_id": ("part_id",),
}
# What is in each list, and so what its cursors name.
LISTED = {
    "list_assistants": "assistant_id",
    "list_threads": "thread_id",
    "list_messages": "message_id",
    "list_runs": "run_id",
    "list_run_steps": "step_id",
    "list_files": "file_id",
    "list_vector_stores": "vector_store_id",
}
CURSORS = {"after", "before"}
NO_IDS = {"limit", "order", "include", "purpose"}
# What an operation needs, besides the ids in its path, to do something. Ids are named as in ``belongings``.
MESSAGE = {"role": "user", "content": "Hello"}
CHANGE = {"metadata": {"changed": "yes"}}
BODIES: dict[str, dict[str, Any]] = {
    "create_assistant": {"model": "scripted"},
    "modify_assistant": CHANGE,
    "create_thread_and_run": {"assistant_id": "assistant_id"},
    "create_run": {"assistant_id": "assistant_id"},
    "modify_run": CHANGE,
    "submit_tool_outputs": {"tool_outputs": [{"tool_call_id": "tool_call_id", "output": "3"}]},
    "modify_thread": CHANGE,
    "create_message": MESSAGE,
    "modify_message": CHANGE,
    "complete_upload": {"part_ids": ["part_id"]},
    "modify_vector_store": CHANGE,
}
FORMS = {"create_upload_part": "data"}
# What stands beside an id in the object that has it, by the name of that object.
BESIDE: dict[str, dict[str, Any]] = {
    "messages": MESSAGE,
    "additional_messages": MESSAGE,
    "content": {"type": "image_file"},
    "attachments": {"tools": [{"type": "code_interpreter"}]},
    "tool_outputs": {"output": "3"},
}
NEED_A_WAITING_RUN = {"cancel_run", "submit_tool_outputs"}
VARYING = {"x-request-id", "openai-processing-ms"}
DOORS = ("/v1", "/openai/v1", "/openai")


@dataclass(frozen=True)
class Case:
    """A call in which ``others``, ids by name, are someone else's."""

    route: Route
    others: tuple[str, ...]
    place: str = ""  # in the body
    cursor: str = ""  # in the query
    streams: bool = False

    def __str__(self) -> str:
        where = self.place or self.cursor or "+".join(self.others)
        return f"{self.route}:{where}{':stream' if self.streams else ''}"


def cases() -> Iterable[Case]:
    for route in routes():
        streams = [False, True] if route.body and "stream" in route.body["properties"] else [False]
        for stream in streams:
            for name in (name for name in route.parameters if name not in SHARED):
                yield Case(route, (name,), streams=stream)
                if name in PARTS:
                    yield Case(route, (name, *PARTS[name]), streams=stream)
            for place in route.id_places:
                yield Case(route, (kind_of(place),), place=place, streams=stream)
        for name in (name for name in route.query if name not in NO_IDS):
            yield Case(route, (LISTED[route.name] if name in CURSORS else name,), cursor=name)


def kind_of(place: str) -> str:
    """``file_id`` for ``attachments[].file_id`` and ``file_ids``."""
    return place.rpartition(".")[2].removesuffix("s")


def body_of(case: Case, ids: Mapping[str, str]) -> dict[str, Any]:
    """What is sent: what the operation needs, and the id in its place."""
    body = named(BODIES.get(case.route.name, {}), ids)
    if case.streams:
        body["stream"] = True
    return body | at(case.place, ids[kind_of(case.place)]) if case.place else body


def named(value: Any, ids: Mapping[str, str]) -> Any:
    """``value`` with ids where it has their names."""
    if isinstance(value, dict):
        return {name: named(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, ids) for inner in value]
    return ids.get(value, value)


def at(place: str, id: str) -> dict[str, Any]:
    """A body that has ``id`` in its place, and beside it what must be."""
    name, _dot, rest = place.partition(".")
    bare = name.removesuffix("[]")
    if not rest:
        return {bare: [id] if bare.endswith("_ids") else id}
    inner = deepcopy(BESIDE.get(bare, {})) | at(rest, id)
    return {bare: [inner] if name.endswith("[]") else inner}


def call(client: Client, case: Case, ids: Mapping[str, str], *, door: str = "/v1") -> Any:
    """The answer to the case, with these ids."""
    address = door + case.route.path.format_map({**ids, "model": "scripted"})
    if field := FORMS.get(case.route.name):
        return client.post(address, {field: SimpleUploadedFile("data", b"Hello")})
    body = body_of(case, ids)
    content = {"data": body, "content_type": "application/json"} if body else {}
    query = {case.cursor: ids[case.others[0]]} if case.cursor else None
    return getattr(client, case.route.method.lower())(address, query_params=query, **content)


def told(answer: Any, ids: Ids) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers, with names in place of ``ids``."""
    body = answer.content.decode()
    for name, id in ids.items():
        body = body.replace(id, name)
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in VARYING}
    return answer.status_code, body, headers


def everything(media: Path) -> dict[str, Any]:
    """All rows and the bytes of all files, but for what a request leaves of itself."""
    kept = {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("chat").get_models(include_auto_created=True)
        if model not in (ApiKey, KeptReply)
    }
    return kept | {str(path): path.read_bytes() for path in media.rglob("*") if path.is_file()}


def client_of(user: User) -> Client:
    _key, secret = keys.create(user, name="test")
    return Client(headers={"Authorization": f"Bearer {secret}", "OpenAI-Beta": "assistants=v2"})


@pytest.fixture
def client(bob: User) -> Client:
    """Bob's."""
    return client_of(bob)


CASES = list(cases())


class TestWhatIsSomeoneElses:
    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_answers_as_what_does_not_exist_and_stays_as_it_is(
        self, case: Case, client: Client, ada: User, bob: User, media: Path
    ) -> None:
        waiting = case.route.name in NEED_A_WAITING_RUN
        adas, bobs = belongings(ada, waiting=waiting), belongings(bob, waiting=waiting)
        foreign = {name: adas[name] for name in case.others}
        missing = {name: absent(id) for name, id in foreign.items()}
        before = everything(media)

        for door in DOORS:
            of_foreign, of_missing = (
                told(call(client, case, bobs | ids, door=door), ids) for ids in (foreign, missing)
            )
            assert of_foreign == of_missing
        assert everything(media) == before

    @pytest.mark.parametrize("case", [case for case in CASES if not case.streams], ids=str)
    def test_would_be_taken_if_it_were_ones_own(self, case: Case, client: Client, bob: User) -> None:
        """Else the refusals above would say nothing."""
        own = belongings(bob, waiting=case.route.name in NEED_A_WAITING_RUN)
        answer = call(client, case, own)
        assert answer.status_code == 200, answer.content
        answer.close()

    @pytest.mark.parametrize("route", [route for route in routes() if "after" in route.query], ids=str)
    def test_is_in_no_list(self, route: Route, client: Client, ada: User, bob: User) -> None:
        adas, bobs = belongings(ada), belongings(bob)
        shown = client.get("/v1" + route.path.format_map(bobs)).content.decode()
        assert bobs[LISTED[route.name]] in shown
        assert not [id for id in adas.values() if id in shown]

    def test_is_not_told_by_an_idempotency_key_that_they_used(self, client: Client, ada: User) -> None:
        texts = {}
        for name, asking in (("ada", client_of(ada)), ("bob", client)):
            body = {"metadata": {"of": name}}
            reply = asking.post("/v1/threads", body, "application/json", headers={"Idempotency-Key": "same"})
            texts[name] = reply.json()["metadata"]
        assert texts == {"ada": {"of": "ada"}, "bob": {"of": "bob"}}
