"""Has matplotlib draw letters of every script: fonts that have them stand behind the one that code asks for."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import Any

from chat.sandbox.isolation.host_paths import FONTS

STAND_INS = {
    "DejaVu Sans": (
        *("Arial", "Calibri", "Helvetica", "Helvetica Neue", "Liberation Sans", "Lucida Grande", "Open Sans"),
        *("Roboto", "Segoe UI", "Tahoma", "Verdana"),
    ),
    "DejaVu Serif": ("Cambria", "Georgia", "Liberation Serif", "Palatino", "Times", "Times New Roman"),
    "DejaVu Sans Mono": ("Consolas", "Courier New", "Liberation Mono", "Menlo", "Monaco"),
    "Noto Sans CJK SC": (
        *("Arial Unicode MS", "FangSong", "Heiti SC", "KaiTi", "Microsoft YaHei", "Noto Sans SC", "PingFang SC"),
        *("SimHei", "SimSun", "Source Han Sans CN", "Source Han Sans SC", "STHeiti", "STSong", "WenQuanYi Zen Hei"),
    ),
    "Noto Sans CJK TC": ("Heiti TC", "Microsoft JhengHei", "Noto Sans TC", "PingFang TC", "Source Han Sans TC"),
    "Noto Sans CJK JP": (
        *("Hiragino Kaku Gothic Pro", "Hiragino Maru Gothic Pro", "Hiragino Sans", "IPAexGothic", "IPAGothic"),
        *("Meiryo", "MS Gothic", "MS PGothic", "Noto Sans JP", "TakaoGothic", "TakaoPGothic", "Yu Gothic"),
    ),
    "Noto Sans CJK KR": (
        *("Apple SD Gothic Neo", "AppleGothic", "Malgun Gothic", "NanumBarunGothic", "NanumGothic", "Noto Sans KR"),
    ),
}
"""Family → those of other systems that it stands for, where they are not installed."""
WEIGHTS = (400, 700)
SCRIPTS = (range(0x590, 0x1E00), range(0x2E80, 0x1D000), range(0x20000, 0x33480))
"""Characters from Hebrew on, without those that formulas are made of, which their own fonts have."""


def prepare() -> None:
    """Change matplotlib if it has been imported. The zygote does so, once for all sessions."""
    if module := sys.modules.get("matplotlib.font_manager"):
        _add_fonts(module.fontManager)
        _add_stand_ins(module.fontManager)
        _add_fallbacks(module)
        logging.getLogger(module.__name__).addFilter(_Once())


def _add_fonts(manager: Any) -> None:
    known = {entry.fname for entry in manager.ttflist}
    for path in sorted({str(path.resolve()) for path in FONTS.glob("*")} - known):
        manager.addfont(path)


def _add_stand_ins(manager: Any) -> None:
    known = {entry.name for entry in manager.ttflist}
    for family, names in STAND_INS.items():
        entries = [entry for entry in manager.ttflist if entry.name == family]
        # A font of one weight is asked for in another: otherwise each time is logged.
        weights = WEIGHTS if len(entries) == 1 else (None,)
        manager.ttflist += [
            replace(entry, name=name, weight=weight or entry.weight)
            for name in names
            if name not in known
            for entry in entries
            for weight in weights
        ]


def _add_fallbacks(module: Any) -> None:
    upright = [path for path in sorted(FONTS.glob("NotoSans*")) if "Italic" not in path.name]
    fallbacks = [module.FontPath(str(path.resolve()), 0) for path in (*upright, *FONTS.glob("NotoEmoji*"))]
    _add_to_formulas(module, fallbacks)
    find = module.fontManager._find_fonts_by_props

    def find_with_fallbacks(*args: Any, **kwargs: Any) -> list[Any]:
        found = find(*args, **kwargs)
        return [*found, *(font for font in fallbacks if font not in found)]

    module.fontManager._find_fonts_by_props = find_with_fallbacks


def _add_to_formulas(module: Any, fallbacks: list[Any]) -> None:
    """Have text with a formula in it, which is drawn letter by letter in fonts of its own, find the same letters."""
    formulas = sys.modules["matplotlib._mathtext"].UnicodeFonts
    get_glyph = formulas._get_glyph

    def get_glyph_of_script(self: Any, fontname: str, font_class: str, sym: str) -> Any:
        if len(sym) == 1 and any(ord(sym) in characters for characters in SCRIPTS):
            for font in map(module.get_font, fallbacks):
                if font.get_char_index(ord(sym)):
                    return font, ord(sym), False
        return get_glyph(self, fontname, font_class, sym)

    formulas._get_glyph = get_glyph_of_script


class _Once(logging.Filter):
    """Lets a message through once: a font that is missing is looked for again with each label."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        is_new = message not in self._seen
        self._seen.add(message)
        return is_new
