"""Shows a value: as a picture, or as text like Jupyter's."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from chat.sandbox.inside.pictures import Pictures, is_part_of_figure
from chat.sandbox.inside.tracebacks import shorten

LONGEST = 40_000  # characters of a value

TABLES = {
    "display.width": 120,
    "display.max_columns": 30,
    "display.max_rows": 60,
    "display.min_rows": 20,
    "display.max_colwidth": 80,
    "io.excel.ods.reader": "calamine",
    "io.excel.xls.reader": "xlrd",
    "io.excel.xlsx.reader": "openpyxl",  # named, since pandas warns of another default to come
}
"""Options of pandas: of what is shown, in columns, rows and characters, and of what reads workbooks."""


class Markup:
    """Stands for IPython's ``Markdown``, ``HTML`` and the like: shows its source."""

    def __init__(self, data: object = "", *_: Any, **__: Any) -> None:
        self.data = data

    def __repr__(self) -> str:
        return str(self.data)


class Display:
    """Shows values of a session's cells."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self._has_set_tables = False

    def begin(self) -> None:
        """Prepare for a cell."""
        self.pictures.begin()
        if not self._has_set_tables and (pandas := sys.modules.get("pandas")):
            self._has_set_tables = True
            for option, value in TABLES.items():
                pandas.set_option(option, value)

    def text_of(self, value: Any) -> str | None:
        """Return the text of a last expression's value; None for nothing, and if it was sent as a picture."""
        if value is None or self.pictures.send(value) or is_part_of_figure(value):
            return None
        return shorten(repr(value), LONGEST)

    def display(self, *values: Any, **_: Any) -> None:
        """Show each value now, as IPython's ``display()`` does."""
        for value in values:
            if (text := self.text_of(value)) is not None:
                sys.stdout.write(f"{text}\n")

    def as_ipython(self) -> dict[str, ModuleType]:
        """Return modules for ``from IPython.display import display``, a habit of code written for notebooks."""
        ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
        module.__dict__.update(display=self.display, Image=_image, clear_output=_nothing)
        module.__dict__.update(dict.fromkeys(("Markdown", "HTML", "Latex", "Math", "Pretty", "JSON", "SVG"), Markup))
        ipython.__dict__.update(display=module, get_ipython=_nothing, version_info=(9, 0, 0), __version__="9.0.0")
        return {"IPython": ipython, "IPython.display": module}


def _image(data: Any = None, *_: Any, filename: str | None = None, **__: Any) -> Any:
    """Open a picture from a file's name or from bytes, as IPython's ``Image`` does."""
    import io

    from PIL import Image  # type: ignore[import-not-found,unused-ignore]  # only when a cell asks for it

    picture = filename or data
    return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture)


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing: this is not IPython."""
