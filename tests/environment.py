"""Loaded by pytest before Django reads its settings: a data folder of the tests' own, no settings of the machine."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

KEPT = ("DJANGO_SETTINGS_MODULE", "EVERTHREAD_MODEL_PATH")

folder = tempfile.TemporaryDirectory(prefix="everthread-tests-")
atexit.register(folder.cleanup)
for name in list(os.environ):
    if name.startswith(("EVERTHREAD_", "OPENAI_", "DJANGO_")) and name not in KEPT:
        del os.environ[name]
os.environ["EVERTHREAD_DATA_DIR"] = folder.name
(Path(folder.name) / "static").mkdir()  # WhiteNoise warns without it; collectstatic would make it
