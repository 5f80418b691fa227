"""The sandbox's own Python: made by pip from the pins, here of wheels that have next to nothing in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from chat.sandbox.environment import build, install_steps
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.libraries import FONTS, LIBRARIES, SETS, LibrarySet
from tests.sandbox.environment import wheels

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
LAST = (1.0, "The libraries are ready.")  # that the maker of an environment hears


def silent(done: float, sentence: str) -> None:
    """Tell nobody."""


def asked(python: Path, code: str) -> str:
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    return wheels.write(tmp_path_factory.mktemp("index"))


@pytest.fixture
def offline(monkeypatch) -> None:
    """pip has nowhere to look: a machine without a network."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def online(offline: None, index: Path, monkeypatch) -> None:
    """pip finds the wheels where the operator told it to look."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))


@dataclass(frozen=True)
class Making:
    """An environment that two made at once, in a folder that had remains of others."""

    folder: Path
    heard: dict[str, list[tuple[float, str]]]  # by maker, the part that is done and the sentence

    @property
    def place(self) -> Path:
        return build.python_in(self.folder, libraries="small").parent.parent


@pytest.fixture(scope="module")
def making(index: Path, tmp_path_factory) -> Making:
    """To make one takes seconds of processor time; so all tests share it that leave it whole."""
    making = Making(tmp_path_factory.mktemp("made"), {"one": [], "two": []})
    (making.place.with_suffix(".partial") / "lib" / "junk").mkdir(parents=True)
    (making.folder / "0123456789abcdef" / "bin").mkdir(parents=True)

    def make(heard: list[tuple[float, str]]) -> None:
        build.prepare(making.folder, libraries="small", progress=lambda done, said: heard.append((done, said)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(index))
        threads = [threading.Thread(target=make, args=[heard]) for heard in making.heard.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return making


@pytest.fixture
def made(making: Making) -> Path:
    return making.folder


class TestTheEnvironment:
    def test_has_every_library_and_is_nobody_elses(self, made: Path):
        python = build.python_in(made, libraries="small")

        assert asked(python, f"import {', '.join(LIBRARIES['small'].values())}; print('all')") == "all"
        assert asked(python, "import sys; print(sys.prefix)") == str(python.parent.parent)
        with pytest.raises(subprocess.CalledProcessError):
            asked(python, "import django")

    def test_is_ready_and_not_made_again(self, made: Path):
        heard: list[str] = []

        assert build.is_ready(made, libraries="small")
        assert build.prepare(
            made, libraries="small", progress=lambda done, said: heard.append(said)
        ) == build.python_in(made, libraries="small")
        assert heard == []

    def test_has_no_pip_and_no_tests(self, made: Path):
        inside = build.python_in(made, libraries="small").parent.parent

        assert not list(inside.rglob("pip"))
        assert not list(inside.rglob("tests"))
        assert {path.name[:6] for path in (inside / "bin").iterdir()} == {"python"}

    def test_is_compiled(self, made: Path):
        inside = build.python_in(made, libraries="small").parent.parent

        sources = list(inside.rglob("numpy/**/*.py"))

        assert sources
        assert {source.stem for source in sources} == {
            compiled.name.split(".")[0] for compiled in inside.rglob("numpy/**/*.pyc")
        }

    def test_can_be_read_by_everyone_and_written_by_nobody_else(self, made: Path):
        for path in (made, *build.python_in(made, libraries="small").parent.parent.rglob("*")):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                assert mode & 0o044 == 0o044, path
                assert mode & 0o022 == 0, path


@pytest.mark.usefixtures("online")
class TestMakingIt:
    def test_tells_how_far_it_is(self, making: Making):
        (heard,) = (heard for heard in making.heard.values() if LAST in heard)

        parts = [done for done, _ in heard]
        assert parts == sorted(parts)
        assert parts[0] == 0.0
        assert heard[-1] == LAST
        assert len({sentence.split()[0] for _, sentence in heard}) >= 4

    def test_begins_anew_what_was_half_made(self, making: Making):
        assert not making.place.with_suffix(".partial").exists()
        assert not list(making.place.rglob("junk"))

    def test_removes_what_was_made_of_other_pins(self, making: Making):
        assert [path for path in making.folder.iterdir() if path.is_dir()] == [making.place]

    def test_is_done_once_by_two_at_once(self, making: Making):
        assert build.is_ready(making.folder, libraries="small")
        assert sorted(LAST in heard for heard in making.heard.values()) == [False, True]

    def test_ends_where_the_one_who_listens_says_so(self, tmp_path: Path):
        class Enough(Exception): ...

        def progress(done: float, sentence: str) -> None:
            if "Installing" in sentence or "Downloading" in sentence:
                raise Enough

        with pytest.raises(Enough):
            build.prepare(tmp_path, libraries="small", progress=progress)

        assert not [path for path in tmp_path.iterdir() if path.is_dir()]

    def test_hears_the_last_that_a_quick_program_says(self, tmp_path: Path):
        heard: list[str] = []
        with (tmp_path / "lock").open("w") as lock:
            install_steps.run_program([sys.executable, "-c", "print('Done.')"], lock=lock.fileno(), watch=heard.append)

        assert heard[-1] == "Done.\n"

    def test_of_what_was_killed_without_a_network_can_be_tried_again_from_the_command_line(
        self, tmp_path: Path, index: Path, monkeypatch
    ):
        command = [
            sys.executable,
            "-E",
            "-s",
            "-B",
            "-m",
            "chat.sandbox.environment",
            str(tmp_path),
            "--libraries=small",
        ]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        while not list(tmp_path.glob("*.partial/lib/*/site-packages")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()

        monkeypatch.delenv("PIP_FIND_LINKS")
        with pytest.raises(
            SandboxUnavailable, match=r"No matching distribution found for .*PIP_INDEX_URL names another"
        ):
            build.prepare(tmp_path, libraries="small", progress=silent)
        assert not build.is_ready(tmp_path, libraries="small")

        monkeypatch.setenv("PIP_FIND_LINKS", str(index))
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

        assert "100% The libraries are ready." in done.stdout
        python = build.python_in(tmp_path, libraries="small")
        assert done.stdout.splitlines()[-1] == str(python)
        assert asked(python, f"import {', '.join(LIBRARIES['small'].values())}; print('all')") == "all"

    def test_is_needed_again_when_a_library_is_gone(self, making: Making, tmp_path: Path):
        folder = tmp_path / "python"
        shutil.copytree(making.folder, folder, symlinks=True)
        shutil.rmtree(next(folder.glob("*/lib/*/site-packages/pandas")))

        assert not build.is_ready(folder, libraries="small")


class TestAFailure:
    @pytest.mark.parametrize("base", ["/no/such/python", "/bin/true"])
    def test_of_the_interpreter_names_the_setting(self, tmp_path: Path, base: str):
        with pytest.raises(
            SandboxUnavailable, match=f"'{base}' is not a Python .* Let EVERTHREAD_SANDBOX_PYTHON name one"
        ):
            build.prepare(tmp_path, libraries="small", base=Path(base), progress=silent)


def wanted(libraries: LibrarySet) -> set[str]:
    """The packages that pyproject.toml names for a set, but those that hold the version of another."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    lines = groups["sandbox-small"] + (groups["sandbox"] if libraries == "full" else [])
    return {re.split("[~=>]", line)[0] for line in lines if isinstance(line, str)} - {"threadpoolctl", "uharfbuzz"}


class TestThePins:
    pins = build.PINS["full"].read_text().splitlines()

    @pytest.mark.parametrize("libraries", SETS)
    def test_have_every_library_that_cells_are_promised(self, libraries: LibrarySet):
        pins = build.PINS[libraries].read_text().splitlines()

        assert wanted(libraries) == {*LIBRARIES[libraries], *FONTS}
        assert wanted(libraries) <= {pin.split("==")[0] for pin in pins}

    def test_of_the_small_set_are_among_the_others(self):
        assert set(build.PINS["small"].read_text().splitlines()) < set(self.pins)

    def test_are_exact_and_name_no_index(self):
        assert all("==" in pin and "/" not in pin and not pin.startswith("-") for pin in self.pins)

    def test_are_what_is_installed(self, sandbox_python: Path):
        code = (
            "import json, importlib.metadata as m; print(json.dumps([[d.name, d.version] for d in m.distributions()]))"
        )
        installed = {
            f"{re.sub('[-_.]+', '-', name.lower())}=={version}"
            for name, version in json.loads(asked(sandbox_python, code))
        }
        version = {"python_full_version": asked(sandbox_python, "import platform; print(platform.python_version())")}
        pins = map(Requirement, self.pins)

        assert installed == {
            f"{pin.name}{pin.specifier}" for pin in pins if pin.marker is None or pin.marker.evaluate(version)
        }
