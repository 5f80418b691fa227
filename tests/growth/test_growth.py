"""What is done every day costs as much in a large installation as in a small one: it follows what is shown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model as Row
from django.test import Client, RequestFactory
from django.urls import reverse

from chat.actions.conversation import threads
from chat.actions.expiry_sweep import sweep
from chat.api.urls import api as v2
from chat.engine import worker
from chat.models import Assistant, Provider, Run, Thread, User
from chat.retrieval.indexing import worker as indexing
from chat.web.pages.urls import urlpatterns as pages
from tests.api.calling import Api
from tests.cited import read_file, store_of
from tests.growth.cost import Cost, cost_of
from tests.growth.rows import People, add

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SMALL, LARGE = 1_000, 10_000  # threads
NOT_ALLOWED = 405
Work = Callable[[], Any]


class Installation:
    """Rows that are looked at, and everyday work on them. ``user`` is of the staff, and at home on the chat page."""

    def __init__(self, user: User, other: User) -> None:
        self.people, self.user = People(user, other), user
        self.assistant = Assistant.objects.create(owner=user, name="Mine", audience="everyone")
        add(self.people, threads=SMALL)
        # Far from the newest, and from the oldest.
        self.thread = Thread.objects.filter(owner=user).order_by("-active_at")[SMALL // 4]
        Thread.objects.filter(pk=self.thread.pk).update(assistant=self.assistant)
        threads.rename(user, self.thread.id, title="About Käse")
        self.run = self.thread.runs.get()
        self.message = self.thread.messages.filter(role="user").first()
        self.entry = read_file(store_of(user, name="Read", origin="admin"), "a.txt", ["A fjord.", "A hill."])
        self.api = Api(user)
        self.client = Client(headers={"HX-Request": "true"})
        self.client.force_login(user)
        self.request = RequestFactory().get("/")
        self.request.user = user

    def page(self, path: str, **query: str) -> Work:
        return lambda: answered(self.client.get(path, query))

    def pages(self) -> Iterator[tuple[str, Work]]:
        """Yield all pages of the chat that can be read, and what one does there."""
        values = {
            "thread_id": self.thread.id,
            "message_id": self.message.id,
            "file_id": self.entry.file_id,
        }
        for pattern in pages:
            names = pattern.pattern.converters.keys()
            if names <= values.keys():
                path = reverse(pattern.name, kwargs={name: values[name] for name in names})
                response = self.client.get(path)
                response.getvalue()  # or else a file stays open
                if response.status_code != NOT_ALLOWED:
                    yield f"page {pattern.name}", self.page(path)
        yield "page further down", self.page(further(self.client.get(reverse("thread-list")).content.decode()))
        yield "page search", self.page(reverse("thread-list"), q="käse")
        yield "page search in vain", self.page(reverse("thread-list"), q="nonsense")
        new = threads.create(self.user, assistant=self.assistant)
        data = {"text": "Hello", "client_key": "a-key-of-the-page"}
        yield "page send", lambda: answered(self.client.post(reverse("message-send", args=[new.id]), data))

    def calls(self) -> Iterator[tuple[str, Work]]:
        """Yield all GETs of the API, and a run."""
        values = {
            "assistant_id": self.assistant.id,
            "thread_id": self.thread.id,
            "run_id": self.run.id,
            "message_id": self.message.id,
            "step_id": self.run.steps.get().id,
            "file_id": self.entry.file_id,
            "vector_store_id": self.entry.store_id,
            "model": "scripted",
        }
        lists = {"/v1/files": {"limit": "20"}}  # which shows 10,000 by default
        for path, operations in v2.get_openapi_schema()["paths"].items():
            if "get" in operations and set(re.findall(r"{(\w+)}", path)) <= values.keys():
                yield f"GET {path}", self.get(path.removeprefix("/v1").format(**values), **lists.get(path, {}))
        for listed in ("assistants", "threads", "files", "vector_stores"):
            second = self.api.get(f"/{listed}", limit=10).json()["last_id"]
            yield f"GET /v1/{listed} after", self.get(f"/{listed}", limit="10", after=second)
            yield f"GET /v1/{listed} asc", self.get(f"/{listed}", limit="10", order="asc")
        asked = {"assistant_id": self.assistant.id, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
        yield "POST /v1/threads/runs", lambda: self.api.made("/threads/runs", asked)

    def get(self, path: str, **query: str) -> Work:
        return lambda: answered(self.api.get(path, **query))

    def staff(self) -> Iterator[tuple[str, Work]]:
        """Yield the front page of the admin, and of each kind of rows the list, a search in it and the page of one."""
        yield "admin", self.page(reverse("admin:index"))
        shown: list[Row] = [
            self.assistant,
            self.thread,
            self.run,
            self.entry.store,
            self.user,
            self.user.api_keys.latest("created_at"),
        ]
        for row in shown:
            name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
            yield name, self.page(reverse(f"{name}_changelist"))
            if type(row) in {Thread, Run}:
                yield f"{name} search", self.page(reverse(f"{name}_changelist"), q=self.user.username)
                yield f"{name} search of one", self.page(reverse(f"{name}_changelist"), q=row.id)
                yield f"{name} search by words", self.page(reverse(f"{name}_changelist"), q="käse")
            yield f"{name} page", self.page(reverse(f"{name}_change", args=[row.pk]))
        for model in (Thread, Run):
            staff = admin.site._registry[model]
            name = f"admin:chat_{model._meta.model_name}"
            for column in staff.get_sortable_by(self.request):
                place = staff.get_changelist_instance(self.request).list_display.index(column)
                yield f"{name} by {column}", self.page(reverse(f"{name}_changelist"), o=f"{place}")

    def sweeps(self) -> Iterator[tuple[str, Work]]:
        yield "sweep", sweep
        yield "worker's look", worker.live_runs
        yield "indexing's look", lambda: [list(rows) for rows in indexing.waiting()]

    def costs(self) -> dict[str, Cost]:
        """Do everything twice, and return what it cost the second time."""
        found = {}
        for name, work in chain(self.pages(), self.calls(), self.staff(), self.sweeps()):
            work()
            found[name] = cost_of(work)
        return found


def answered(response: Any) -> None:
    """Read ``response`` to its end. Raise ``AssertionError`` if it is a refusal."""
    assert response.status_code < 400, response.content
    response.getvalue()


def further(page: str) -> str:
    """Return the address of what follows on a list of threads."""
    match = re.search(r'hx-get="([^"]+)"', page)
    assert match is not None
    return html.unescape(match[1])


class TestTheCost:
    def test_does_not_grow_with_what_is_not_shown(self, make_user, bob: User, scripted: Provider, media: Path) -> None:
        installation = Installation(make_user("ada", is_staff=True, is_superuser=True), bob)
        small = installation.costs()
        add(installation.people, threads=LARGE - SMALL)
        large = installation.costs()
        grown = [
            f"{name}: {cost.compare(small[name])}" for name, cost in large.items() if not cost.is_like(small[name])
        ]
        assert not grown, "\n".join(grown)
