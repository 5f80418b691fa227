"""The programs in the documents, made ready to run against a server of ours."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tests.drawn import ROOT

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
PROMISE = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)
DOCUMENT = ROOT / "docs" / "api.md"


def program(language: str, *, url: str, key: str, document: Path = DOCUMENT) -> str:
    """All blocks in ``language``, one after the other: later ones go on from earlier ones."""
    blocks = [textwrap.dedent(code) for _indent, name, code in BLOCK.findall(document.read_text()) if name == language]
    assert blocks, f"{document.name} has no block in {language}"
    return "\n".join(blocks).replace("http://localhost:8000", url).replace("et-YOUR-KEY", key)


def promised(code: str) -> list[str]:
    """What a Python program is to print, by the comments behind its prints."""
    return PROMISE.findall(code)
