"""A server on PostgreSQL when that is restarted, takes no writes or has no room: real faults of a real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.live import LiveServer
from tests.management.test_work import Program, until
from tests.postgres import database_of, new_database, postgres, restart, terminate_all

pytestmark = pytest.mark.slow
FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON chat_message EXECUTE FUNCTION full_disk()
"""


class Served(NamedTuple):
    program: Program
    server: LiveServer
    address: str  # of PostgreSQL

    def sql(self, *statements: str) -> None:
        with psycopg.connect(database_of(self.address, "everthread"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload] # no literal

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As a primary that has become a standby."""
        self.sql("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            writable = "SET default_transaction_read_only = off"
            self.sql(writable, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")

    @contextmanager
    def full(self) -> Iterator[None]:
        """As a disk without room for messages."""
        self.sql(FULL)
        try:
            yield
        finally:
            self.sql("DROP TRIGGER full_disk ON chat_message", "DROP FUNCTION full_disk")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with ExitStack() as services:
        address = services.enter_context(postgres())
        url = new_database(address, "everthread")
        server = LiveServer(Path(tmp_path_factory.mktemp("served")), first=True, DATABASE_URL=url)
        program = services.enter_context(Program(services.enter_context(server)))
        yield Served(program, server, address)


class TestADatabaseThatTakesNoWrites:
    def test_is_read_meanwhile_and_the_runs_under_way_go_on(self, served: Served) -> None:
        run = served.program.start_run("/stream 100 20")
        until(lambda: served.program.status(run) == "in_progress")
        with served.read_only():
            assert served.program.status(run) == "in_progress"
            refused = served.program.client.post("/threads", json={})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        until(lambda: served.program.status(run) != "in_progress")
        assert served.program.status(run) == "completed"


class TestADatabaseWithoutRoom:
    def test_refuses_messages_in_words_and_takes_them_when_it_has_some(self, served: Served) -> None:
        thread = served.program.post("/threads", {})["id"]
        message = {"role": "user", "content": "Hello"}
        with served.full():
            refused = served.program.client.post(f"/threads/{thread}/messages", json=message)
            assert refused.status_code == 507
        served.program.post(f"/threads/{thread}/messages", message)


class TestADatabaseThatIsRestarted:
    @pytest.mark.parametrize("fault", [restart, lambda address: terminate_all(address, "everthread")])
    def test_loses_no_run(self, served: Served, fault: object) -> None:
        run = served.program.start_run("/stream 60 20")
        until(lambda: served.program.status(run) == "in_progress")
        fault(served.address)  # type: ignore[operator]
        until(lambda: served.program.client.get(run).status_code == 200)
        until(lambda: served.program.status(run) != "in_progress")
        assert served.program.status(run) == "completed"


class TestAWorkerElsewhereThatHangsInATransaction:
    def test_holds_up_nobody_else_and_loses_its_run(self, served: Served) -> None:
        lost = served.program.start_run("/slow 600")
        until(lambda: served.program.status(lost) == "in_progress")
        id = lost.rpartition("/")[2]
        taken = "UPDATE chat_run SET worker = 'elsewhere', heartbeat_at = now() - interval '1 hour' WHERE id = %s"
        with psycopg.connect(database_of(served.address, "everthread")) as hanging:
            hanging.execute(taken, [id])
            hanging.commit()
            hanging.execute("SELECT 1 FROM chat_run WHERE id = %s FOR UPDATE", [id])
            for _run in range(3):  # each takes a look at the rows, at least
                run = served.program.start_run("Hello")
                until(lambda run=run: served.program.status(run) == "completed")  # type: ignore[misc]
            assert served.program.status(lost) == "in_progress"
        until(lambda: served.program.status(lost) == "failed")

    def test_is_parted_from_the_database_after_a_minute(self, served: Served) -> None:
        code = "from django.db import connection as c; k = c.cursor(); k.execute('SHOW {}'); print(k.fetchone()[0])"
        assert served.server.shell(code.format("idle_in_transaction_session_timeout")).strip() == "1min"
