from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.drawn import DRAWN, ROOT, placed

DOCUMENTS = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")] + sorted(
    (ROOT / "docs").glob("*.md")
)
PATH = re.compile(r"`((?:chat|config|deploy|docs|static|templates|tests)/[\w./-]*)")
# A path with the name of what stands there: `chat/engine/worker.py`, `Worker.claim`.
NAMED = re.compile(r"`((?:chat|config|tests)/[\w./]+\.py)`, `([\w.]+)`")
SETTING = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


class TestTheDocuments:
    @pytest.mark.parametrize("name", DRAWN)
    def test_have_what_is_drawn_from_code_up_to_date(self, name: str) -> None:
        path, draw = DRAWN[name]
        text = (ROOT / path).read_text()
        assert text == placed(text, name=name, drawing=draw()), "run: python -m tests.drawn"

    def test_list_every_setting_and_no_other(self) -> None:
        read = set(SETTING.findall((ROOT / "config" / "settings.py").read_text()))
        listed = set(ROW.findall((ROOT / "docs" / "operating.md").read_text()))
        assert listed == read

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_link_only_to_files_that_are_there(self, document: Path) -> None:
        targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text())
        assert [target for target in targets if not (document.parent / target).exists()] == []

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_name_only_paths_that_are_there(self, document: Path) -> None:
        paths = [path for path in PATH.findall(document.read_text()) if "NAME" not in path]
        assert [path for path in paths if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists()] == []

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_name_only_what_stands_at_those_paths(self, document: Path) -> None:
        lost = []
        for path, names in NAMED.findall(document.read_text()):
            code = (ROOT / path).read_text()
            lost += [(path, name) for name in names.split(".") if not re.search(rf"\b(def|class) {name}\b", code)]
        assert lost == []

    def test_begin_with_a_readme_that_is_read_to_its_end(self) -> None:
        assert len((ROOT / "README.md").read_text().split()) <= 900
