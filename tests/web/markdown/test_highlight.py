"""The colours of code: each class that a lexer gives has one, and each can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pygments.token import STANDARD_TYPES

CSS = Path(__file__).parents[3] / "static" / "css"
COLOURS = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
BEHIND_CODE = ("sunken", "raised", "tint", "paper")
AS_THE_TEXT_AROUND = {"", "w", "esc", "x", "n", "nx", "g", "err"}


def colours(name: str) -> dict[str, tuple[str, str]]:
    """The colours of a style sheet: on light, on dark."""
    return {each: (light, dark) for each, light, dark in COLOURS.findall((CSS / name).read_text())}


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class TestColours:
    @pytest.mark.parametrize("name", sorted(colours("highlight.css")))
    @pytest.mark.parametrize("behind", BEHIND_CODE)
    def test_can_be_read_on_light_and_on_dark(self, name: str, behind: str) -> None:
        for ink, paper in zip(colours("highlight.css")[name], colours("foundation.css")[behind], strict=True):
            assert contrast(ink, paper) >= 4.5

    def test_are_there_for_each_class_but_plain_names(self) -> None:
        styled = set(re.findall(r"\.([a-z]\w*)", (CSS / "highlight.css").read_text()))
        assert styled - {"highlight"} <= set(STANDARD_TYPES.values())
        assert set(STANDARD_TYPES.values()) - styled <= AS_THE_TEXT_AROUND

    def test_stay_inside_code(self) -> None:
        rules = re.findall(r"^([^\s}][^{]*)\{", (CSS / "highlight.css").read_text().split("*/", 1)[1], re.MULTILINE)
        assert rules
        assert all(rule.startswith(".highlight") for rule in rules)
