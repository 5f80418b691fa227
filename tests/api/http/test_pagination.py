"""Pages and cursors: reference, section 1.4."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import expiry_sweep
from chat.actions.conversation import threads
from chat.models import Assistant, DeletedPlace, Message, Run, RunStep, Thread, User
from tests.api.belongings import belongings
from tests.api.calling import Api, Body, refused, told
from tests.api.foreign_calls import offered
from tests.api.routes import Route

pytestmark = pytest.mark.django_db
CLEAN_UPS = [
    (beta, listed, delete)
    for beta, its_routes in offered().items()
    for listed in its_routes
    for delete in its_routes
    if "after" in listed.query and delete.method == "DELETE" and delete.path.rpartition("/")[0] == listed.path
]
Rows = Callable[..., list[str]]
COUNT = 5


@pytest.fixture
def path(thread: Thread) -> str:
    return f"/threads/{thread.id}/messages"


@pytest.fixture
def ids(thread: Thread) -> list[str]:
    """Five messages of one moment, in the order in which they were made."""
    now = timezone.now()
    return [Message.objects.create(thread=thread, role="user", created_at=now).id for _ in range(COUNT)]


def ids_in(page: Body) -> list[str]:
    return [row["id"] for row in page["data"]]


class TestAPage:
    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("limit", [1, COUNT - 1, COUNT, COUNT + 1])
    def test_says_exactly_whether_there_is_more(
        self, api: Api, path: str, ids: list[str], order: str, limit: int
    ) -> None:
        page = api.found(path, order=order, limit=limit)
        wanted = (ids if order == "asc" else ids[::-1])[:limit]
        assert page == {
            "object": "list",
            "data": page["data"],
            "first_id": wanted[0],
            "last_id": wanted[-1],
            "has_more": limit < COUNT,
        }
        assert ids_in(page) == wanted

    def test_of_nothing_has_no_ids(self, api: Api, path: str) -> None:
        assert api.found(path) == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}

    @pytest.mark.parametrize(("count", "more"), [(20, False), (21, True)])
    def test_has_20_objects_unless_told(self, api: Api, path: str, thread: Thread, count: int, more: bool) -> None:
        Message.objects.bulk_create(Message(thread=thread, role="user") for _ in range(count))
        page = api.found(path)
        assert (len(page["data"]), page["has_more"]) == (20, more)

    def test_is_ordered_by_time_before_all(self, api: Api, path: str, thread: Thread) -> None:
        now = timezone.now()
        moments = [now, now - timedelta(days=1), now - timedelta(hours=1)]
        rows = [Message.objects.create(thread=thread, role="user", created_at=moment).id for moment in moments]
        assert ids_in(api.found(path)) == [rows[0], rows[2], rows[1]]


class TestACursor:
    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("limit", [1, 2, 3, COUNT])
    def test_leads_through_all_objects_once(self, api: Api, path: str, ids: list[str], order: str, limit: int) -> None:
        """As the SDKs walk: after the last object until there is no more."""
        seen: list[str] = []
        page = api.found(path, order=order, limit=limit)
        while True:
            seen += ids_in(page)
            if not page["has_more"]:
                break
            page = api.found(path, order=order, limit=limit, after=page["last_id"])
        assert seen == (ids if order == "asc" else ids[::-1])

    @pytest.mark.parametrize("order", ["asc", "desc"])
    def test_before_an_object_gives_the_page_just_before_it(
        self, api: Api, path: str, ids: list[str], order: str
    ) -> None:
        in_order = ids if order == "asc" else ids[::-1]
        page = api.found(path, order=order, limit=2, before=in_order[4])
        assert (ids_in(page), page["has_more"]) == (in_order[2:4], True)
        page = api.found(path, order=order, limit=2, before=in_order[2])
        assert (ids_in(page), page["has_more"]) == (in_order[0:2], False)
        page = api.found(path, order=order, before=in_order[0])
        assert (ids_in(page), page["has_more"]) == ([], False)

    @pytest.mark.parametrize("order", ["asc", "desc"])
    def test_after_one_and_before_another_gives_what_is_between(
        self, api: Api, path: str, ids: list[str], order: str
    ) -> None:
        in_order = ids if order == "asc" else ids[::-1]
        page = api.found(path, order=order, after=in_order[0], before=in_order[4])
        assert ids_in(page) == in_order[1:4]
        assert ids_in(api.found(path, order=order, after=in_order[3], before=in_order[1])) == []

    def test_after_the_last_finds_nothing(self, api: Api, path: str, ids: list[str]) -> None:
        page = api.found(path, after=ids[0])
        assert (page["data"], page["has_more"]) == ([], False)

    def test_stays_put_when_newer_objects_come(self, api: Api, path: str, ids: list[str], thread: Thread) -> None:
        first = api.found(path, limit=2)
        Message.objects.create(thread=thread, role="user")
        assert ids_in(api.found(path, limit=2, after=first["last_id"])) == ids[::-1][2:4]

    def test_is_of_no_effect_when_it_is_empty(self, api: Api, path: str, ids: list[str]) -> None:
        """Old SDKs sent what was not given as an empty text."""
        assert ids_in(api.found(path, after="", before="")) == ids[::-1]

    @pytest.mark.parametrize("name", ["after", "before"])
    def test_of_another_list_is_refused(self, api: Api, path: str, ids: list[str], ada: User, name: str) -> None:
        """Else an SDK that walks the pages would begin anew without end."""
        elsewhere = Message.objects.create(thread=Thread.objects.create(owner=ada), role="user").id
        for cursor in (elsewhere, "msg_x", "x"):
            message = f"Invalid '{name}': this list has no object with id '{cursor}'."
            assert told(api.get(path, **{name: cursor})) == refused(message, param=name)

    def test_of_an_object_that_was_deleted_keeps_its_place_for_a_day(self, api: Api, path: str, ids: list[str]) -> None:
        api.delete(f"{path}/{ids[2]}")
        assert ids_in(api.found(path, after=ids[2])) == [ids[1], ids[0]]
        assert ids_in(api.found(path, before=ids[2], order="asc")) == [ids[0], ids[1]]
        DeletedPlace.objects.update(deleted_at=timezone.now() - timedelta(days=1))
        expiry_sweep.sweep()
        assert api.get(path, after=ids[2]).status_code == 400

    def test_that_somebody_else_deleted_is_refused(self, api: Api, bob: User) -> None:
        theirs = Thread.objects.create(owner=bob)
        threads.delete(bob, theirs.id)
        assert api.get("/threads", after=theirs.id).status_code == 400

    @pytest.mark.usefixtures("media", "scripted")
    @pytest.mark.parametrize(("beta", "listed", "delete"), CLEAN_UPS, ids=str)
    def test_is_of_use_after_a_clean_up_in_any_list(self, ada: User, beta: str, listed: Route, delete: Route) -> None:
        ids, client = belongings(ada), Api(ada).client
        headers = {"OpenAI-Beta": beta}
        assert client.delete("/v1" + delete.path.format_map(ids), headers=headers).status_code == 200
        after = {"after": ids[delete.parameters[-1]]}
        assert client.get("/v1" + listed.path.format_map(ids), after, headers=headers).status_code == 200


class TestEveryList:
    @pytest.fixture
    def rows(self, ada: User, assistant: Assistant, thread: Thread) -> dict[str, tuple[str, list[str]]]:
        """Addresses of lists, and what is in them, the oldest first."""
        now = timezone.now()
        runs = [
            Run.objects.create(thread=thread, assistant=assistant, status="completed", created_at=now) for _ in range(3)
        ]
        made = {"type": "message_creation", "message_creation": {"message_id": "msg_x"}}
        steps = [RunStep.objects.create(run=runs[0], type=made["type"], details=made, created_at=now) for _ in range(3)]
        others = [Assistant.objects.create(owner=ada, name=name, created_at=now) for name in "zya"]
        threads = [Thread.objects.create(owner=ada, created_at=now) for _ in range(2)]
        return {
            "runs": (f"/threads/{thread.id}/runs", [row.id for row in runs]),
            "steps": (f"/threads/{thread.id}/runs/{runs[0].id}/steps", [row.id for row in steps]),
            "assistants": ("/assistants", [row.id for row in (assistant, *others)]),
            "threads": ("/threads", [row.id for row in (thread, *threads)]),
        }

    @pytest.mark.parametrize("what", ["runs", "steps", "assistants", "threads"])
    def test_has_pages(self, api: Api, rows: dict[str, tuple[str, list[str]]], what: str) -> None:
        path, ids = rows[what]
        assert ids_in(api.found(path)) == ids[::-1]
        first = api.found(path, order="asc", limit=2)
        assert (ids_in(first), first["has_more"]) == (ids[:2], True)
        rest = api.found(path, order="asc", after=ids[1])
        assert (ids_in(rest), rest["has_more"]) == (ids[2:], False)
        assert ids_in(api.found(path, order="asc", before=ids[1])) == ids[:1]
