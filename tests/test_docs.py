from __future__ import annotations

import re

import pytest

from tests.drawn import DRAWN, ROOT, placed

SETTING = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


class TestTheDocuments:
    @pytest.mark.parametrize("name", DRAWN)
    def test_have_what_is_drawn_from_code_up_to_date(self, name: str) -> None:
        path, draw = DRAWN[name]
        text = (ROOT / path).read_text()
        assert text == placed(text, name=name, drawing=draw()), "run: python -m tests.drawn"

    def test_list_every_setting_in_the_readme_and_no_other(self) -> None:
        read = set(SETTING.findall((ROOT / "config" / "settings.py").read_text()))
        listed = set(ROW.findall((ROOT / "README.md").read_text()))
        assert listed == read

    def test_link_only_to_files_that_are_there(self) -> None:
        for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
                assert (document.parent / target).exists(), f"{document.name} links to {target}"
