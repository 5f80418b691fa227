"""A package index in a folder: a wheel for each pin of the small set, with next to nothing in it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from chat.sandbox.environment.build import PINS
from chat.sandbox.libraries import FONTS, LIBRARIES

MODULES = {**LIBRARIES["small"], **FONTS}
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.]+)( ; .*)?")


def write(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for pin in map(PIN.fullmatch, PINS["small"].read_text().splitlines()):
        assert pin is not None
        write_wheel(folder, pin["name"], pin["version"])
    return folder


def write_wheel(folder: Path, name: str, version: str) -> None:
    stem = f"{name.replace('-', '_')}-{version}"
    module = MODULES.get(name, name.replace("-", "_"))
    info = f"{stem}.dist-info"
    files = {
        f"{module}/__init__.py": f"version = {version!r}\n",
        f"{module}/tests/test_it.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
