"""What is someone else's answers every operation exactly as what does not exist, and stays as it is."""

from __future__ import annotations

from itertools import groupby, product
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.test import Client

from chat.models import ApiKey, KeptReply, User
from tests.api.belongings import Ids, absent, belongings
from tests.api.calling import Api
from tests.api.foreign_calls import LISTED, Case, call, cases, offered
from tests.api.routes import Route

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "scripted")]

DOORS = ("/v1", "/openai/v1", "/openai")
VARYING = {"x-request-id", "openai-processing-ms"}


def told(answer: Any, ids: Ids) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers, with names in place of ``ids``."""
    body = answer.content.decode()
    for name, id in ids.items():
        body = body.replace(id, name)
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in VARYING}
    return answer.status_code, body, headers


def everything(media: Path) -> dict[str, Any]:
    """All rows and the bytes of all files, but for what a request leaves of itself."""
    kept: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("chat").get_models(include_auto_created=True):
            if model not in (ApiKey, KeptReply):
                cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY {model._meta.pk.column}")
                kept[model.__name__] = cursor.fetchall()
    return kept | {str(path): path.read_bytes() for path in media.rglob("*") if path.is_file()}


@pytest.fixture
def client(bob: User) -> Client:
    """Bob's."""
    return Api(bob).client


CASES = list(cases())
OPERATIONS = [list(group) for _operation, group in groupby(CASES, key=lambda case: (case.beta, case.route.name))]
LISTS = [(beta, route) for beta, its_routes in offered().items() for route in its_routes if "after" in route.query]


class TestWhatIsSomeoneElses:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation[0]).partition(":")[0])
    def test_answers_as_what_does_not_exist_and_stays_as_it_is(
        self, operation: list[Case], client: Client, ada: User, bob: User, media: Path
    ) -> None:
        """In each place of the operation, through each door."""
        adas, bobs = (belongings(owner, waiting=operation[0].needs_waiting_run) for owner in (ada, bob))
        before = everything(media)

        for case, door in product(operation, DOORS):
            foreign = {name: adas[name] for name in case.others}
            missing = {name: absent(id) for name, id in foreign.items()}
            of_foreign, of_missing = (
                told(call(client, case, bobs | ids, door=door), ids) for ids in (foreign, missing)
            )
            assert of_foreign == of_missing, case
            assert everything(media) == before, case

    @pytest.mark.parametrize("case", [case for case in CASES if not case.streams], ids=str)
    def test_would_be_taken_if_it_were_ones_own(self, case: Case, client: Client, bob: User) -> None:
        """Else the refusals above would say nothing."""
        own = belongings(bob, waiting=case.needs_waiting_run)
        answer = call(client, case, own)
        assert answer.status_code == 200, answer.content
        # Closing tells Django that the request is over, and it would close the test's own connection.
        request_finished.disconnect(close_old_connections)
        answer.close()
        request_finished.connect(close_old_connections)

    @pytest.mark.parametrize(("beta", "route"), LISTS, ids=str)
    def test_is_in_no_list(self, beta: str, route: Route, client: Client, ada: User, bob: User) -> None:
        adas, bobs = belongings(ada), belongings(bob)
        address = "/v1" + route.path.format_map(bobs)
        shown = client.get(address, headers={"OpenAI-Beta": beta}).content.decode()
        assert bobs[LISTED[route.name]] in shown
        assert not [id for id in adas.values() if id in shown]

    def test_is_not_told_by_an_idempotency_key_that_they_used(self, client: Client, ada: User) -> None:
        texts = {}
        for name, asking in (("ada", Api(ada).client), ("bob", client)):
            body = {"metadata": {"of": name}}
            reply = asking.post("/v1/threads", body, "application/json", headers={"Idempotency-Key": "same"})
            texts[name] = reply.json()["metadata"]
        assert texts == {"ada": {"of": "ada"}, "bob": {"of": "bob"}}
