"""Clients that other people wrote, each in a folder of its own in the user's cache, so that only the first run waits.

A folder is made under a passing name and then renamed: what has its final name is complete.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

# What each release of the SDK needs besides itself: releases before 1.55 pass httpx an argument that 0.28 dropped.
PYTHON: dict[str, list[str]] = {
    "1.3.5": ["httpx<0.28"],
    "1.26.0": ["httpx<0.28"],
    "1.66.5": [],
    "1.109.1": [],
    "2.54.0": [],
    "3.52.0": [],
}
NODE_SDK = "7.55.0"
# Others' clients for Node, and a page without a screen for one of them.
NODE_CLIENTS = {"@azure/openai-assistants": "1.0.0-beta.6", "deep-chat": "2.4.2", "jsdom": "29.1.1"}
OTHERS = {"azure-ai-agents": "1.1.0", "litellm": "1.110.2"}  # for Python; the latter has 350 MB
NODE = 22  # the SDK's lowest; fetched as a package where the machine's is older
CONTRACT = "3.52.0"  # whose own tests are run
PATIENCE = 300  # seconds for one download


def folder() -> Path:
    """Where clients are kept: ``$XDG_CACHE_HOME/everthread-conformance``, by default in ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "everthread-conformance"


def python_client(version: str) -> Path:
    """The interpreter of an environment that has the Python SDK of ``version``."""
    name = f"openai-{version}-python{sys.version_info.major}.{sys.version_info.minor}"

    def make(new: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", str(new))
        run(*PIP[:3], "--python", str(new / "bin" / "python"), "install", f"openai=={version}", *PYTHON[version])

    return kept(name, make) / "bin" / "python"


def other_client(name: str) -> Path:
    """The interpreter of an environment that has another Python client."""
    version = OTHERS[name]

    def make(new: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", str(new))
        run(*PIP[:3], "--python", str(new / "bin" / "python"), "install", f"{name}=={version}")

    return kept(f"{name}-{version}-python{sys.version_info.major}.{sys.version_info.minor}", make) / "bin" / "python"


def node_client() -> tuple[Path, Path]:
    """An interpreter of JavaScript, and a folder below which programs find the Node SDK."""
    if not shutil.which("npm"):
        missing("npm is not on the PATH")
    own = shutil.which("node")
    packages = [f"openai@{NODE_SDK}", *(f"{name}@{version}" for name, version in NODE_CLIENTS.items())]
    packages += [] if own and is_new(own) else [f"node@{NODE}"]

    def make(new: Path) -> None:
        new.mkdir()
        (new / "package.json").write_text("{}")
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(new), *packages)

    found = kept("-".join(packages).replace("@", "-").replace("/", "-"), make)
    fetched = found / "node_modules" / "node" / "bin" / "node"
    return (fetched if fetched.exists() else Path(own or "node")), found


def is_new(node: str) -> bool:
    """Whether an interpreter is one that the SDK runs on."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return int(said.removeprefix("v").partition(".")[0] or 0) >= NODE


def contract_tests() -> Path:
    """The unpacked source distribution of the Python SDK, with its tests."""

    def make(new: Path) -> None:
        with tempfile.TemporaryDirectory() as here:
            run(*PIP, "download", "--no-deps", "--no-binary", ":all:", "--dest", here, f"openai=={CONTRACT}")
            with tarfile.open(next(Path(here).glob("*.tar.gz"))) as archive:
                archive.extractall(here, filter="data")
            shutil.move(Path(here) / f"openai-{CONTRACT}", new)

    return kept(f"openai-{CONTRACT}-source", make)


# pip rather than something quicker: it finds packages wherever ``make install`` found them.
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache, which ``make`` fills if it is not there."""
    complete = folder() / name
    if not complete.exists():
        if FAILURES:
            missing(FAILURES[0])
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder(), prefix=f"{name}.") as passing:
            make(Path(passing) / "new")
            try:
                (Path(passing) / "new").rename(complete)
            except OSError:  # another run of the suite was faster
                assert complete.exists()
    return complete


# Why a download failed, if one did: the others are not tried, each would take its time to fail.
FAILURES: list[str] = []


def run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        said = "" if done.returncode == 0 else " ".join((done.stdout + done.stderr).splitlines()[-3:]) or "no word"
    except subprocess.TimeoutExpired:
        said = f"no end after {PATIENCE} seconds"
    if said:
        FAILURES.append(f"{' '.join(command)}: {said}")
        missing(FAILURES[-1])


def missing(why: str) -> NoReturn:
    """A machine without npm or without a package index skips; CI fails."""
    why = f"a client cannot be installed: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
