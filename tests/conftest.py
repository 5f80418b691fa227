"""What every test stands on: people, assistants, a provider whose answers are known."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection
from django.db.models.signals import post_save
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from chat import data_folder
from chat.models import Assistant, Kind, Provider, User
from chat.models.resource_uses import COLUMNS
from chat.sandbox.libraries import PRELOAD
from tests.live import LiveServer
from tests.providers.openai.upstream import Upstream
from tests.sandbox.brokers import RunningBroker, broker
from tests.sandbox.python import sandbox_python
from tests.uses import keep_uses, wrong_uses

__all__ = ["sandbox_python"]


SLOW_MARKS = ("browser", "embedded")
LONGEST = "test_on_postgres.py"  # else one process works on it when all others are done
SLOW_FIXTURES = {"sandbox_python", "batteries", "mutations"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark as slow what starts a server, a browser or a sandbox, beside what says so itself. Begin with the longest."""
    for item in items:
        has_server = LiveServer in vars(getattr(item, "module", item)).values()
        has_sandbox = not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        if has_server or has_sandbox or any(map(item.get_closest_marker, SLOW_MARKS)):
            item.add_marker("slow")
    yield
    items.sort(key=lambda item: item.path.name != LONGEST)


def pytest_configure() -> None:
    """Cheap password hashes; static files without a manifest, which only ``collectstatic`` makes.

    Before tests are collected: a storage that a test module names is made then, and all others with it.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session", autouse=True)
def _quick_flush(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """After a test that commits, empty the tables and no more: Django would make all content types and permissions
    again, which takes longer than most tests."""
    with django_db_blocker.unblock():
        existing = connection.introspection.django_table_names(only_existing=True, include_views=False)
        data_folder.make_private()  # Django has made the database, and perhaps its neighbours, for everyone
    tables = set(existing) - {ContentType._meta.db_table, Permission._meta.db_table}

    def empty(test_case: TransactionTestCase) -> None:
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), sorted(tables)))

    TransactionTestCase._fixture_teardown = empty


@pytest.fixture(autouse=True)
def _processor_time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given up when it costs too much processor time, like colours in code, is not given up by chance."""
    monkeypatch.setattr(time, "thread_time", lambda: 0.0)


@pytest.fixture(scope="session", autouse=True)
def _interrupts_reach_children() -> None:
    """What a shell runs in the background ignores Ctrl-C, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _rows_made_by_hand_have_uses() -> None:
    for model in COLUMNS:
        post_save.connect(keep_uses, sender=model)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """After every test with a database, the table of uses says what the rows say: no writer of rows forgets it."""
    yield
    if {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db"):
        assert wrong_uses() == []


@pytest.fixture
def media(settings, tmp_path: Path) -> Path:
    """A folder of the test's own for files."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(username: str, **fields: object) -> User:
        return User.objects.create_user(username=username, password="correct horse battery", **fields)

    return make


@pytest.fixture
def ada(make_user) -> User:
    return make_user("ada")


@pytest.fixture
def bob(make_user) -> User:
    """Someone else."""
    return make_user("bob")


@pytest.fixture
def scripted(db) -> Provider:
    """The default provider: answers that are known beforehand."""
    provider = Provider.objects.create(name="scripted", kind=Kind.SCRIPTED, default_model="scripted")
    provider.make_default()
    return provider


@pytest.fixture
def assistant(ada: User, scripted: Provider) -> Assistant:
    return Assistant.objects.create(owner=ada, name="Helper", instructions="Be brief.", audience="everyone")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A provider's server, which answers what a test has told it."""
    server = Upstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A running server, for all tests that do it no harm and do not mind what others have put there."""
    with LiveServer(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture(scope="session")
def running_broker(sandbox_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with broker(
        sandbox_python, tmp_path_factory.mktemp("sandbox"), sessions=500, sessions_each=500, preload=PRELOAD
    ) as running:
        yield running


@pytest.fixture
def sandbox(settings, running_broker: RunningBroker) -> RunningBroker:
    """A real sandbox, in which runs of this process run their code."""
    settings.EVERTHREAD_SANDBOX_SOCKET = running_broker.options.socket
    return running_broker
