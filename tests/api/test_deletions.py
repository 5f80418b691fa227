"""An object that is deleted while an operation works on it is absent, or was there: never an error of the server.

Every operation of the table of routes meets every deletion of what it names, before each of its queries; what only
reads, and the deletion of the key, before its last ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection, transaction

from chat.actions.assistants import assistants
from chat.actions.conversation import messages, threads
from chat.actions.files import files, uploads
from chat.actions.knowledge import store_files, vector_stores
from chat.models import User
from tests.api.belongings import Ids, belongings
from tests.api.calling import Api
from tests.api.foreign_calls import NEW, Case, call, cases, used_by

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("media", "scripted")]
AUTHENTICATION = 2  # queries that find the key, before the operation's own
CALLS = (case for case in cases() if case.beta == NEW and not case.streams and not case.cursor)
CASES = {(str(case.route), case.place): case for case in CALLS}  # each operation, with each id that its body can have
Delete = Callable[[User, Ids], Any]
# By the id whose object goes.
DELETIONS: dict[str, list[Delete]] = {
    "assistant_id": [lambda user, ids: assistants.delete(user, ids["assistant_id"])],
    "thread_id": [lambda user, ids: threads.delete(user, ids["thread_id"])],
    "message_id": [lambda user, ids: messages.delete(user, ids["thread_id"], ids["message_id"])],
    "file_id": [
        lambda user, ids: files.delete(user, ids["file_id"]),
        lambda user, ids: store_files.delete(store_files.get(user, ids["vector_store_id"], ids["file_id"])),
    ],
    "vector_store_id": [lambda user, ids: vector_stores.delete(user, ids["vector_store_id"])],
    "upload_id": [lambda user, ids: uploads.cancel(user, ids["upload_id"])],
    "user": [lambda user, _ids: user.delete()],
    "key": [lambda user, _ids: user.api_keys.all().delete()],
}


class Interruption:
    """Does ``act`` before the query at ``place`` of those that are outside a transaction of the operation's own.

    There alone others can write: SQLite's transactions take the one lock for writing at their beginning.
    """

    def __init__(self, place: int, act: Callable[[], Any]) -> None:
        self.place, self.act = place, act
        self.depth = len(connection.atomic_blocks)
        self.passed, self.has_acted = 0, False

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        if not self.has_acted and len(connection.atomic_blocks) == self.depth:
            if self.passed == self.place:
                self.has_acted = True
                self.act()
            self.passed += 1
        return execute(*arguments)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def close(answer: Any) -> None:
    """Close the file of a download. That tells Django that the request is over, which would close the connection."""
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


class TestAnOperation:
    @pytest.mark.parametrize("case", CASES.values(), ids=str)
    def test_survives_what_is_deleted_meanwhile(self, case: Case, bob: User) -> None:
        client, ids = Api(bob).client, belongings(bob, waiting=case.needs_waiting_run)
        client.raise_request_exception = False

        def interrupted(place: int, delete: Delete | None) -> Interruption:
            with undone():
                interruption = Interruption(place, lambda: delete and delete(User.objects.get(), ids))
                with connection.execute_wrapper(interruption):
                    answer = call(client, case, ids)
                assert answer.status_code < 500, (place, answer)
                close(answer)
            return interruption

        interrupted(1000, None)  # what is looked up once for all is known then
        last = interrupted(1000, None).passed - 1
        named = sorted({*case.others, *used_by(case.route)} & DELETIONS.keys())
        for name in (*named, "user", "key"):
            reaches_all = name != "key" and case.route.method != "GET"
            places = range(AUTHENTICATION if reaches_all else last, last + 1)
            met = [interrupted(place, delete).has_acted for delete, place in product(DELETIONS[name], places)]
            assert any(met)
