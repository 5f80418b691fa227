"""The recipe for containers, as far as it can be read: the sidecar has nothing that code could want to get at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chat.sandbox.broker_options import BrokerOptions

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"])


@pytest.fixture(scope="module")
def sandbox(services: dict[str, Any]) -> dict[str, Any]:
    return dict(services["sandbox"])


def stage(name: str) -> str:
    """The lines of that target of the Dockerfile."""
    stages = re.split(r"^FROM ", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    return next(text for text in stages if text.splitlines()[0].endswith(f" AS {name}"))


class TestTheSidecar:
    def test_has_no_network_no_secret_and_no_way_up(self, sandbox: dict[str, Any]) -> None:
        assert sandbox["network_mode"] == "none"
        assert sandbox["cap_drop"] == ["ALL"]
        assert sandbox["security_opt"] == ["no-new-privileges:true"]
        assert not {"environment", "env_file", "secrets", "ports", "privileged", "cap_add"} & set(sandbox)

    def test_writes_to_memory_of_a_limited_size_only(self, sandbox: dict[str, Any]) -> None:
        assert sandbox["read_only"] is True
        assert sandbox["volumes"] == ["socket:/run/everthread"]
        assert all("size=" in place and "nr_inodes=" in place for place in sandbox["tmpfs"])
        assert {"pids_limit", "mem_limit", "cpus"} <= set(sandbox)

    def test_serves_the_socket_that_the_server_is_told_of(
        self, services: dict[str, Any], sandbox: dict[str, Any]
    ) -> None:
        options = BrokerOptions.from_json(sandbox["command"][0])
        assert str(options.socket) == services["server"]["environment"]["EVERTHREAD_SANDBOX_SOCKET"]
        assert any(place.startswith(f"{options.folder}:") for place in sandbox["tmpfs"])
        assert not options.leashed

    def test_is_given_only_the_room_that_runs_code(self) -> None:
        copied = re.findall(r"^COPY (\S+)", stage("sandbox"), flags=re.MULTILINE)
        assert copied == ["chat/__init__.py", "chat/sandbox"]

    @pytest.mark.parametrize("name", ["server", "sandbox"])
    def test_and_the_server_run_as_the_same_ordinary_user(self, name: str) -> None:
        assert "\nUSER 10001:10001\n" in stage(name)
