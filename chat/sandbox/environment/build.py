"""Makes the Python with its libraries in which cells run: an environment from the pins of a set of libraries."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chat.sandbox.environment.fonts import link_fonts
from chat.sandbox.environment.install_steps import OLDEST, POLL_SECONDS, InstallProgress, is_suitable, run_program
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.libraries import FONTS, LIBRARIES, LibrarySet

_ROOM = Path(__file__).parents[1]
PINS: dict[LibrarySet, Path] = {"full": _ROOM / "requirements.txt", "small": _ROOM / "requirements-small.txt"}
NEEDED: dict[LibrarySet, int] = {"full": 2_000_000_000, "small": 1_200_000_000}
"""Bytes of disk: 1 GB or 500 MB when all is done, and the wheels on their way there."""

INSTALL = (
    *("-I", "-m", "pip", "install", "--only-binary=:all:", "--no-compile", "--no-input"),
    *("--disable-pip-version-check", "--progress-bar=off", "--requirement"),
)
COMPILE = ("-I", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash")
USELESS = (
    *("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "_distutils_hack", "distutils-precedence.pth"),
    *("pyarrow/include", "pyarrow/*flight*", "pyarrow/*_s3*", "plotly/labextension"),
)
"""In ``site-packages``, once everything is installed."""
SOURCES = (".c", ".cpp", ".h", ".hpp", ".pxd", ".pyx")
"""Ends of files that only a compiler reads."""

Progress = Callable[[float, str], None]
"""Called with the part that is done, 0 to 1, and a sentence. If it raises, the work ends."""


def python_in(folder: Path, *, base: Path | None = None, libraries: LibrarySet = "full") -> Path:
    """Return the interpreter of the environment in ``folder``, whether it has been made or not."""
    return _place(folder, base or default_base(), libraries) / "bin" / "python"


def is_ready(folder: Path, *, base: Path | None = None, libraries: LibrarySet = "full") -> bool:
    """True if the interpreter and each library are there. Cheap."""
    return _is_whole(_place(folder, base or default_base(), libraries), libraries)


def prepare(folder: Path, *, base: Path | None = None, libraries: LibrarySet = "full", progress: Progress) -> Path:
    """Make the environment in ``folder`` if it is not there, and return its interpreter. Blocks for a minute or so.

    ``base`` is the interpreter that it is made from. pip installs the pinned packages, from the operator's index.
    Processes that race wait for one; a half-made environment is replaced, those of other pins are removed. Raise
    ``SandboxUnavailable``, whose message says what to do.
    """
    base = base or default_base()
    place = _place(folder, base, libraries)
    if not _is_whole(place, libraries):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        with _locked(folder, progress) as lock:
            if not _is_whole(place, libraries):
                _make(place, base, libraries, progress, lock)
    return place / "bin" / "python"


def default_base() -> Path:
    """Return the server's own interpreter, or one of the system's if the sessions' users cannot read it."""
    own = Path(getattr(sys, "_base_executable", None) or sys.executable)
    # Only where the server is root do sessions have other users than its own.
    if os.geteuid() or is_for_everyone(own):
        return own
    others = (Path("/usr/local/bin/python3"), Path("/usr/bin/python3"))
    return next((other for other in others if is_for_everyone(other) and _is_recent(other)), own)


def is_for_everyone(python: Path) -> bool:
    """True if every user of the machine may run ``python``."""
    real = python.resolve()
    return real.is_file() and all(path.stat().st_mode & 0o001 for path in (real, *real.parents))


def _is_recent(python: Path) -> bool:
    # From the name, ``python3.11``: asking the interpreter would take a process.
    version = python.resolve().name.removeprefix("python").split(".")
    return all(part.isdecimal() for part in version) and tuple(map(int, version)) >= OLDEST


def _place(folder: Path, base: Path, libraries: LibrarySet) -> Path:
    key = PINS[libraries].read_bytes() + os.fsencode(base.resolve())
    return folder.absolute() / hashlib.sha256(key).hexdigest()[:16]


def _packages(place: Path) -> Path:
    return next(place.glob("lib/python3*/site-packages"), place)


def _is_whole(place: Path, libraries: LibrarySet) -> bool:
    packages = _packages(place)
    return os.access(place / "bin" / "python", os.X_OK) and all(
        (packages / name).is_dir() or (packages / f"{name}.py").is_file()
        for name in (*LIBRARIES[libraries].values(), *FONTS.values())
    )


@contextmanager
def _locked(folder: Path, progress: Progress) -> Iterator[int]:
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress(0.0, "Another process is preparing the libraries.")
                time.sleep(POLL_SECONDS)
        yield lock
    finally:
        os.close(lock)


def _make(place: Path, base: Path, libraries: LibrarySet, progress: Progress, lock: int) -> None:
    _check(place.parent, base, needed=NEEDED[libraries])
    partial = place.with_suffix(".partial")
    _remove_environments(place.parent)
    python = str(partial / "bin" / "python")
    steps = InstallProgress(progress, packages=_package_count(PINS[libraries]), folder=partial)
    try:
        # The lock goes along: if this process is killed, nobody begins before the process it started is gone too.
        run_program([str(base), "-I", "-m", "venv", str(partial)], lock=lock, watch=steps.beginning)
        run_program([python, *INSTALL, str(PINS[libraries])], lock=lock, watch=steps.installing)
        _strip(partial)
        link_fonts(partial, _packages(partial))
        run_program([python, *COMPILE, str(_packages(partial))], lock=lock, watch=steps.compiling)
        run_program(
            [python, "-I", "-c", f"import {', '.join(LIBRARIES[libraries].values())}"], lock=lock, watch=steps.trying
        )
        partial.rename(place)
    except OSError as error:
        raise SandboxUnavailable(
            f"The sandbox's libraries could not be put into {str(place.parent)!r}: {error}."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    progress(1.0, "The libraries are ready.")


def _check(folder: Path, base: Path, *, needed: int) -> None:
    if not is_suitable(base):
        raise SandboxUnavailable(
            f"{str(base)!r} is not a Python {'.'.join(map(str, OLDEST))} or later that can make environments. Let "
            "EVERTHREAD_SANDBOX_PYTHON name one; on Debian and Ubuntu it needs the package python3-venv."
        )
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SandboxUnavailable(
            f"The disk of {str(folder)!r} has {free // 10**6} MB free, but the sandbox's libraries need "
            f"{needed // 10**6} MB. Free some space and start again."
        )


def _remove_environments(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _package_count(pins: Path) -> int:
    """Return about how many packages are installed: some pins are for other versions of Python."""
    return len({line.split("==")[0] for line in pins.read_text().splitlines()})


def _strip(environment: Path) -> None:
    """Remove what cells cannot use: pip, programs whose first line names another folder, tests (130 MB), parts of
    pyarrow that speak to networks (50 MB), sources in C (20 MB).
    """
    packages = _packages(environment)
    for pattern in USELESS:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in [*packages.rglob("tests")]:
        if path.is_dir():
            shutil.rmtree(path)
    _remove_sources(packages)
    for path in (environment / "bin").iterdir():
        if not path.name.startswith("python"):
            path.unlink()


def _remove_sources(packages: Path) -> None:
    for path in [*packages.rglob("*.*")]:
        if path.suffix in SOURCES and path.is_file():
            path.unlink()
