"""Every body with which the API answers, and every event of its streams, is as the contract of the reference says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import get_args

import httpx2
import pytest

from chat.api.urls import api
from chat.events import types
from chat.models import Message, RunStatus, StepStatus, VectorStoreFile
from chat.models.api_objects.file_shapes import BatchStatus, StoreStatus
from tests.api.contract import complaints, contract, event_schema, refusal_schema, reply_schema
from tests.api.routes import routes
from tests.api.tour import Tour
from tests.live import LiveServer

# Bytes, and what only an administrator can do.
NOT_SEEN = {"GET /files/{file_id}/content", "HEAD /files/{file_id}/content", "DELETE /models/{model}"}
ROUTES = [str(route) for route in routes(api) if str(route) not in NOT_SEEN]
EVENTS = [
    "thread.created",
    *(name for name in vars(types).values() if isinstance(name, str) and re.match(r"thread\.(run|message)\.", name)),
]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    contract()
    with LiveServer(tmp_path_factory.mktemp("contract")) as server:
        headers = {"Authorization": f"Bearer {server.key}", "OpenAI-Beta": "assistants=v2"}
        with httpx2.Client(base_url=f"{server.url}/v1", headers=headers, timeout=60) as client:
            tour = Tour(client, server)
            tour.take()
            yield tour


class TestTheContract:
    @pytest.mark.parametrize("route", ROUTES)
    def test_is_kept_by_every_answer_of(self, tour: Tour, route: str) -> None:
        assert tour.replies[route], "the tour does not go there"
        assert [error for body in tour.replies[route] for error in complaints(body, reply_schema(route))] == []

    @pytest.mark.parametrize("name", EVENTS)
    def test_is_kept_by_every_event_named(self, tour: Tour, name: str) -> None:
        assert tour.events[name], "the tour does not hear it"
        assert [error for data in tour.events[name] for error in complaints(data, event_schema(name))] == []

    def test_leaves_every_use_of_a_file_in_its_table(self, tour: Tour) -> None:
        assert tour.server.shell("from tests.uses import wrong_uses; print(wrong_uses())").strip() == "[]"

    def test_is_kept_by_every_refusal(self, tour: Tour) -> None:
        assert [error for body in tour.refusals for error in complaints(body, refusal_schema())] == []

    @pytest.mark.parametrize(
        ("kind", "statuses"),
        [
            ("thread.run", RunStatus),
            ("thread.run.step", StepStatus),
            ("thread.message", Message.Status),
            ("vector_store", get_args(StoreStatus)),
            ("vector_store.file", VectorStoreFile.Status),
            ("vector_store.file_batch", get_args(BatchStatus)),
        ],
    )
    def test_is_compared_in_every_status(self, tour: Tour, kind: str, statuses: Iterable[str]) -> None:
        shown = [item for bodies in tour.replies.values() for body in bodies for item in body.get("data", [body])]
        assert {item["status"] for item in shown if item.get("object") == kind} == set(statuses)

    def test_knows_every_event(self, tour: Tour) -> None:
        assert set(tour.events) <= set(EVENTS)
