"""Sends figures and images as PNGs. matplotlib and Pillow are used if a cell imported them, and not imported here."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

from chat.sandbox.protocol import MAX_BODY

WIDEST = 4096  # pixels of a figure's longer side
WIDEST_IMAGE = 2048  # pixels of an image's longer side: photographs make large PNGs
PARTS = 100  # of a list that are looked at
PLAIN_MODES = {"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"}


class Pictures:
    """Sends at most ``limit`` pictures a cell with ``send_png``, and prints a line if there were more."""

    def __init__(self, send_png: Callable[[bytes], None], *, limit: int) -> None:
        self._send_png = send_png
        self._limit = limit
        self._count = 0

    def begin(self) -> None:
        """Prepare for a cell: have the libraries' own ways of showing a picture send it."""
        self._count = 0
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            # Not a method: pyplot sets attributes of the function.
            vars(pyplot).update(show=lambda *_, **__: self.show_figures())
            sys.modules["matplotlib.figure"].Figure.show = self._show_method
        if pillow := sys.modules.get("PIL.Image"):
            pillow.Image.show = self._show_method

    @property
    def _show_method(self) -> Callable[..., None]:
        """Return a method ``show`` for figures and images."""

        def show_picture(value: Any, *_: Any, **__: Any) -> None:
            self.send(value)

        return show_picture

    def show_figures(self) -> None:
        """Send every open figure and close it, as ``plt.show()`` does."""
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            figures: list[Any] = [pyplot.figure(number) for number in pyplot.get_fignums()]
            self.close_figures()
            for figure in figures:
                # It has more than its background.
                if len(figure.get_children()) > 1:
                    self.send(figure)

    def close_figures(self) -> None:
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")

    def send(self, value: Any) -> bool:
        """Send ``value`` and return True if it is a figure or an image."""
        if is_figure(value):
            if pyplot := sys.modules.get("matplotlib.pyplot"):
                pyplot.close(value)
            self._add(lambda scale: _figure_png(value, scale))
        elif is_image(value):
            self._add(lambda scale: _image_png(value, scale))
        else:
            return False
        return True

    def _add(self, make: Callable[[float], bytes]) -> None:
        self._count += 1
        if self._count > self._limit:
            if self._count == self._limit + 1:
                sys.stderr.write(f"Only the first {self._limit} pictures of a cell are shown.\n")
            return
        for scale in (1.0, 0.5, 0.25, 0.125):
            png = make(scale)
            if len(png) <= MAX_BODY:
                self._send_png(png)
                return
        sys.stderr.write("The picture is too large to be shown.\n")


def is_figure(value: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def is_image(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def is_part_of_figure(value: Any) -> bool:
    """True for axes, lines, bars, and lists of them: values of plotting functions that nobody wants to read."""
    artist, container = sys.modules.get("matplotlib.artist"), sys.modules.get("matplotlib.container")
    if artist is None or container is None:
        return False
    if type(value).__name__ == "ndarray" and value.dtype == object:
        value = list(value.flat)
    some = value[:PARTS] if type(value) in {list, tuple} else [value]
    return any(isinstance(part, (artist.Artist, container.Container)) for part in some)


def _figure_png(figure: Any, scale: float) -> bytes:
    longer = max(*figure.get_size_inches(), 0.1)
    dpi = scale * min(figure.dpi, WIDEST / longer)
    png = io.BytesIO()
    try:
        figure.savefig(png, format="png", dpi=dpi, bbox_inches="tight")
    except ValueError:
        # Something lies so far outside that the picture would be immense.
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=dpi)
    return png.getvalue()


def _image_png(image: Any, scale: float) -> bytes:
    if image.mode not in PLAIN_MODES:
        image = image.convert("RGB")
    longest = int(WIDEST_IMAGE * scale)
    if max(image.size) > longest:
        image = image.copy()
        image.thumbnail((longest, longest))
    png = io.BytesIO()
    image.save(png, format="PNG")
    return png.getvalue()
