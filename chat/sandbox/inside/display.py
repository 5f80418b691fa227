"""What is shown of a value: a picture, or text as Jupyter would have it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from chat.sandbox.inside.pictures import Pictures, is_part_of_figure
from chat.sandbox.inside.tracebacks import shortened

LONGEST = 40_000  # characters of a value

TABLES = {
    "display.width": 120,
    "display.max_columns": 30,
    "display.max_rows": 60,
    "display.min_rows": 20,
    "display.max_colwidth": 80,
}
"""Options of pandas. Columns, letters of a line, rows."""


class Markup:
    """Stands for IPython's ``Markdown``, ``HTML`` and the like: its source is what is shown."""

    def __init__(self, data: object = "", *_: Any, **__: Any) -> None:
        self.data = data

    def __repr__(self) -> str:
        return str(self.data)


class Display:
    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self._has_set_tables = False

    def begin(self) -> None:
        """A cell begins."""
        self.pictures.begin()
        if not self._has_set_tables and (pandas := sys.modules.get("pandas")):
            self._has_set_tables = True
            for option, value in TABLES.items():
                pandas.set_option(option, value)

    def text_of(self, value: Any) -> str | None:
        """What to show of the value of a last expression. None for nothing: also after it was sent as a picture."""
        if value is None or self.pictures.show(value) or is_part_of_figure(value):
            return None
        return shortened(repr(value), LONGEST)

    def display(self, *values: Any, **_: Any) -> None:
        """IPython's ``display()``: shows each value now."""
        for value in values:
            if (text := self.text_of(value)) is not None:
                sys.stdout.write(f"{text}\n")

    def as_ipython(self) -> dict[str, ModuleType]:
        """Modules for ``from IPython.display import display``, a habit of code that was written for notebooks."""
        ipython, shown = ModuleType("IPython"), ModuleType("IPython.display")
        shown.__dict__.update(display=self.display, Image=_image, clear_output=_nothing)
        shown.__dict__.update(dict.fromkeys(("Markdown", "HTML", "Latex", "Math", "Pretty", "JSON", "SVG"), Markup))
        ipython.__dict__.update(display=shown, get_ipython=_nothing, version_info=(9, 0, 0), __version__="9.0.0")
        return {"IPython": ipython, "IPython.display": shown}


def _image(data: Any = None, *_: Any, filename: str | None = None, **__: Any) -> Any:
    """IPython's ``Image``: of a file's name or of bytes."""
    import io

    from PIL import Image  # type: ignore[import-not-found,unused-ignore]  # only when a cell asks for it

    picture = filename or data
    return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture)


def _nothing(*_: Any, **__: Any) -> None:
    """Outside of IPython there is none."""
