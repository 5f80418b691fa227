"""Puts links to the fonts of an environment into one folder, where Pillow and reportlab look for names of files.

Code often asks for a font that it knows from other machines. Such a name is a link to a font that has its letters.
"""

from __future__ import annotations

import os
from pathlib import Path

from chat.sandbox.libraries import FONTS

FOLDER = "share/fonts"  # in the environment
PACKAGES = ("matplotlib/mpl-data/fonts/ttf", *FONTS.values())
SUFFIXES = (".ttf", ".ttc", ".otf")

STAND_INS = {
    "DejaVuSans.ttf": ("arial", "Arial", "calibri", "Helvetica", "tahoma", "verdana", "LiberationSans-Regular"),
    "DejaVuSans-Bold.ttf": ("arialbd", "calibrib", "verdanab", "LiberationSans-Bold"),
    "DejaVuSerif.ttf": ("times", "georgia", "LiberationSerif-Regular"),
    "DejaVuSansMono.ttf": ("cour", "consola", "LiberationMono-Regular"),
    "wqy-microhei.ttc": (  # the only one with Chinese, Japanese and Korean that reportlab can read
        *("simhei", "SimHei", "simsun", "SimSun", "simkai", "msyh", "msjh", "msgothic", "meiryo", "ipaexg", "ipag"),
        *("malgun", "NanumGothic"),
    ),
}
"""File of a font → names of others, without their ends, that stand for it."""


def link_fonts(environment: Path, packages: Path) -> None:
    """Make the folder of links in ``environment``, whose libraries are in ``packages``."""
    folder = environment / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        for font in sorted((packages / package).rglob("*")):
            if font.suffix in SUFFIXES:
                _link(folder / font.name.replace("[wght]", ""), font)
    for font_name, names in STAND_INS.items():
        for name in names:
            for suffix in {".ttf", Path(font_name).suffix}:
                _link(folder / f"{name}{suffix}", folder / font_name)


def _link(link: Path, target: Path) -> None:
    # Relative: the environment is moved when it is whole.
    link.symlink_to(os.path.relpath(target, link.parent))
