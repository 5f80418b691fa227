from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from chat.providers.embedded.provider import EmbeddedProvider
from chat.providers.embedded.server.supervisor import ServerSupervisor

RUNTIME = Path(__file__).parent / "runtime"
PATIENCE = 60.0  # seconds for what should take a fraction of one


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for the native runtime, for this process and for the child."""
    monkeypatch.syspath_prepend(RUNTIME)
    monkeypatch.setenv("PYTHONPATH", str(RUNTIME))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def make_supervisor(runtime: None, tmp_path: Path, model: Path) -> Iterator[Callable[[], ServerSupervisor]]:
    """Users of one and the same server."""
    made: list[ServerSupervisor] = []

    def make() -> ServerSupervisor:
        made.append(ServerSupervisor(tmp_path, model=model))
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.close()


@pytest.fixture
async def embedded(runtime: None, tmp_path: Path, model: Path) -> AsyncIterator[EmbeddedProvider]:
    provider = EmbeddedProvider(tmp_path, model_path=model)
    yield provider
    await provider.aclose()


def until(condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` comes true before patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_running(pid: int) -> bool:
    """Whether the process is there and not a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
