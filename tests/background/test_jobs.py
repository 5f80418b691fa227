"""Jobs of Procrastinate, which there are on PostgreSQL alone: ``tests/test_on_postgres.py`` runs these."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction

from chat.actions import notify
from chat.background.database_threads import in_thread
from chat.models import User
from tests.retrieval.reading import file_with, store_of

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="jobs are on PostgreSQL"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("media"),
]


@pytest.fixture(autouse=True)
def _no_jobs_of_other_tests(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")  # their tables are none that Django empties


def jobs() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, queue_name, status FROM procrastinate_jobs ORDER BY id")
        return cursor.fetchall()


class TestAJob:
    def test_tells_of_new_files_once_they_are_committed(self, ada: User) -> None:
        with transaction.atomic():
            store_of(ada, file_with(ada, "a.txt", b"hello"))
            assert jobs() == []
        assert jobs() == [("index_files", "ingestion", "todo")]

    def test_is_one_while_it_waits(self) -> None:
        for _ in range(3):
            notify.wake_indexing()
            notify.wake_indexing(attached=True)
        assert jobs() == [("index_files", "ingestion", "todo"), ("index_attachments", "attachments", "todo")]

    def test_follows_one_that_has_begun(self) -> None:
        notify.wake_indexing()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        notify.wake_indexing()
        assert [status for *_name, status in jobs()] == ["doing", "todo"]

    def test_may_be_missing_and_the_request_is_answered(self, monkeypatch: pytest.MonkeyPatch, ada: User) -> None:
        def fails(**attached: bool) -> None:
            raise OSError("the database is gone")

        monkeypatch.setattr("chat.background.jobs.call_for_indexing", fails)
        store = store_of(ada, file_with(ada, "a.txt", b"hello"))
        assert store.entries.count() == 1


class TestAJobOfADeadProcess:
    """It is taken up again, or goes if another one waits in its place."""

    @pytest.mark.parametrize("waiting", [0, 1])
    async def test_leaves_one_that_waits(self, waiting: int) -> None:
        await in_thread(self.leave_jobs, waiting)
        from chat.management.tasks import create_job_worker  # Procrastinate's tables are PostgreSQL's

        app = create_job_worker(sweeps=True, indexing=None).app
        async with app.open_async():
            await app.tasks["rescue_jobs"].func(timestamp=0)
        assert [status for *_name, status in await in_thread(jobs)] == ["todo"]

    def leave_jobs(self, waiting: int) -> None:
        notify.wake_indexing()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        for _ in range(waiting):
            notify.wake_indexing()


class TestTheAdmin:
    def test_shows_jobs_to_those_who_may_view_them_and_lets_nobody_change_them(
        self, client: Any, make_user: Any
    ) -> None:
        notify.wake_indexing()
        staff = make_user("staff", is_staff=True)
        client.force_login(staff)
        assert client.get("/admin/procrastinate/procrastinatejob/").status_code == 403
        staff.user_permissions.add(Permission.objects.get(codename="view_procrastinatejob"))
        assert "Jobs" in client.get("/admin/").content.decode()
        page = client.get("/admin/procrastinate/procrastinatejob/").content.decode()
        assert "index_files" in page
        assert 'name="action"' not in page
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM procrastinate_jobs")
            (key,) = cursor.fetchone()
        address = f"/admin/procrastinate/procrastinatejob/{key}/change/"
        assert "deferred" in client.get(address).content.decode().lower()
        assert client.post(address, {"status": "failed"}).status_code == 403
