"""One live server for the whole suite, and the clients of other people.

The suite needs a package index and some minutes, so it runs only when it is asked for by its marker.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from tests.live import LiveServer

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
PATIENCE = 60  # seconds for one program
# The names that programs ask for, and no other.
MODELS = """
from chat.models import Alias, Model, Provider
Provider.objects.update(accepts_any_name=False)
scripted = Provider.objects.get(name="scripted")
Model.objects.create(provider=scripted, name="vendor/model:7b")
Alias.objects.create(pattern="gpt-*", model=Model.objects.create(provider=scripted, name="gpt-4o"))
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skipped unless ``-m conformance`` asks for them; else they may take long, the first time."""
    wanted = "conformance" in config.option.markexpr
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.conformance)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(900))
            if not wanted:
                item.add_marker(pytest.mark.skip(reason="needs a package index: make conformance runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The end of the server's log goes with what failed."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server:
        report.sections.append(("the server's log", server.log.read_text()[-5000:]))
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, sandbox_python: Path) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("conformance"), EVERTHREAD_SANDBOX="auto")
    with server:
        server.shell(MODELS)
        yield server


@pytest.fixture(scope="session")
def key(server: LiveServer) -> str:
    return server.key


@pytest.fixture(scope="session")
def environment(server: LiveServer, key: str) -> dict[str, str]:
    """What a program finds in its environment: where to go, with which key, and nothing else of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    azure = {
        "AZURE_OPENAI_ENDPOINT": server.url,
        "AZURE_OPENAI_API_KEY": key,
        "OPENAI_API_VERSION": "2024-05-01-preview",
    }
    return {**kept, **azure, "OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": key}


Seen = list[object]


def saw(command: Sequence[str | Path], *, environment: dict[str, str]) -> Seen:
    """What a program printed, a JSON value a line. It must end well."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return lines(done.stdout)


def expected(program: Path) -> Seen:
    """What a program is to print: the file beside it."""
    return lines(program.with_suffix(".jsonl").read_text())


def lines(text: str) -> Seen:
    return [json.loads(line) for line in text.splitlines()]
