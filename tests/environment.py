"""Loaded by pytest before Django reads its settings: a data folder of the tests' own, no settings of the machine.

Each worker of pytest-xdist loads it too, and so has a folder and a database of its own.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

KEPT = ("DJANGO_SETTINGS_MODULE", "EVERTHREAD_MODEL_PATH")

# Compiled code is kept even if the machine says otherwise: some hundred processes of one run need it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
folder = tempfile.TemporaryDirectory(prefix="everthread-tests-")
atexit.register(folder.cleanup)
for name in list(os.environ):
    if name.startswith(("EVERTHREAD_", "OPENAI_", "DJANGO_")) and name not in KEPT:
        del os.environ[name]
os.environ["EVERTHREAD_DATA_DIR"] = folder.name
(Path(folder.name) / "static").mkdir()  # WhiteNoise warns without it; collectstatic would make it


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Stop with the sentence about a wrong setting alone, where pytest-django shows a traceback and advice."""
    try:
        return (yield)
    except ImportError as error:
        if isinstance(error.__context__, ImproperlyConfigured):
            raise SystemExit(str(error.__context__)) from None
        raise
