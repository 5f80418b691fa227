"""Pieces side by side: running text in columns, or the rows of a table or form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from itertools import groupby, pairwise
from statistics import median

from chat.documents.readers.pdf import prose
from chat.documents.readers.pdf.boxes import Box, Piece

_PROSE_WORDS = 3
_PROSE_LETTERS = 8
"""In the usual line of running text; letters where the script has no spaces."""

_PROSE_FILL = 0.6
"""The share of its column that the usual line of running text fills."""

_PROSE_LINES = 3
_GOES_ON = 0.25
"""The share of the lines of running text that begin with a small letter; those of tables begin with a capital."""

_ALIGNED = 0.8
_CELL_LINES = 1.5
"""More lines than this in a row, before the file goes on in another column, are the lines of a cell."""

_ROW_SPACE = 1.2
"""The distance of the lines of two rows, as a multiple of that in a cell."""

_COLUMN_LINES = 8
"""The lines of a table's row are fewer."""

_CELL_SPACE = 0.6
"""The greatest space between lines of a cell, as a share of their height."""

_GAP = 0.9
"""The space that separates cells, as a share of their height."""

_OVERLAP = 0.3
"""How far pieces of a line may overlap, as a share of their height."""

SEPARATOR = " | "
_WORD_SPACE = 0.15
_RAISED = 0.15
"""Of the height of a line: the least space between words, and how far exponents are raised."""

_EXPONENT = re.compile("[-−–+]?[0-9]")
_NUMBER = re.compile(r"[(\[]?([\d.]+|\W{1,2}|[a-zA-Z]|[ivxIVX]+)[.)\]:]?")

_LEADERS = re.compile(r"(\.[ \u00a0]?){4}|\u2026{2}|(\u00b7[ \u00a0]?){4}")

Column = Sequence[tuple[int, Piece]]
"""The pieces of a column, each with its place in the file's order."""


def is_running_text(columns: Sequence[Column]) -> bool:
    """Return whether the columns hold running text, to be read one after the other, and not a table or form."""
    owners = sorted((place, number) for number, column in enumerate(columns) for place, _ in column)
    turns = sum(1 for _ in groupby(owners, key=lambda owner: owner[1]))
    is_prose = any(len(column) >= _PROSE_LINES for column in columns) and all(map(_is_prose, columns))
    if turns <= len(columns):  # the file goes down each of them
        return is_prose or not _is_aligned(columns) or not any(map(_has_cells, columns))
    if not is_prose:
        return False
    if len(owners) / turns < _CELL_LINES:
        return _goes_on(columns) and not _has_row_spaces(columns)
    return len(owners) / turns >= _COLUMN_LINES


def _is_prose(column: Column) -> bool:
    texts = [piece.text for _, piece in column]
    widths = [piece.box.right - piece.box.left for _, piece in column]
    words = median(len(text.split()) for text in texts)
    return (words >= _PROSE_WORDS or _has_no_spaces(texts)) and median(widths) >= _PROSE_FILL * max(widths)


def _is_aligned(columns: Sequence[Column]) -> bool:
    """Return whether nearly every piece of the shortest column has one beside it in the longest."""
    shortest, *_, longest = sorted(columns, key=len)
    aligned = sum(any(piece.box.is_beside(other.box) for _, other in longest) for _, piece in shortest)
    return aligned >= _ALIGNED * len(shortest) and len(shortest) >= len(longest) / 2


def _has_cells(column: Column) -> bool:
    """Return whether a column holds labels, numbers or single words."""
    texts = [piece.text for _, piece in column]
    labels = sum(text.endswith((":", "：")) for text in texts)
    numbers = sum(2 * sum(map(str.isalpha, text)) < len(text) for text in texts)
    return max(labels, numbers) >= len(texts) / 2 or median(len(text.split()) for text in texts) <= 1


def _has_no_spaces(texts: Sequence[str]) -> bool:
    return median(sum("\u3040" <= letter <= "\ud7af" for letter in text) for text in texts) >= _PROSE_LETTERS


def _goes_on(columns: Sequence[Column]) -> bool:
    firsts = [piece.text[0] for column in columns for _, piece in column[1:]]
    cased = [letter for letter in firsts if letter.lower() != letter.upper()]
    return len(cased) < len(firsts) / 2 or sum(map(str.islower, cased)) >= _GOES_ON * len(cased)


def _has_row_spaces(columns: Sequence[Column]) -> bool:
    """Return whether all columns have a wider space at the same heights, as the rows of a table have."""
    return len(_row_heights([piece for column in columns for _, piece in column])) > 1


def _row_heights(pieces: Sequence[Piece]) -> list[float]:
    """Return the tops of the parts into which wider spaces across all columns cut ``pieces``, from the top."""
    tops = [line[0].box.top for line in _by_lines(pieces)]
    spaces = [before - here for before, here in pairwise(tops)]
    if not spaces:
        return tops[:1]
    usual = min(spaces) if len(spaces) < 3 else sorted(spaces)[len(spaces) // 4]
    return [tops[0], *(top for top, space in zip(tops[1:], spaces, strict=True) if space > _ROW_SPACE * usual)]


def _by_lines(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return pieces that stand beside each other together, from top to bottom."""
    found: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.box.top):
        if found and found[-1][0].box.is_beside(piece.box):
            found[-1].append(piece)
        else:
            found.append([piece])
    return found


Cell = tuple[int, Piece]
"""A piece of a table: the number of its column from 0, and the piece."""


def rows(cells: Sequence[Cell], *, leftwards: bool = False) -> list[str]:
    """Return the rows of a table, of cells in the file's order, each as one line with separators.

    The text of a cell may go over several lines.
    """
    numbers = [number for number, _ in cells]
    turns = sum(1 for _ in groupby(numbers))
    found = _rows_as_written(cells, leftwards) if turns > len(set(numbers)) else []
    is_torn = any(above[0][1].box.top < below[0][1].box.bottom for above, below in pairwise(found))
    if not found or is_torn or any(map(_has_list, found)):
        owners = {id(piece): number for number, piece in cells}
        found = [[(owners[id(piece)], piece) for piece in line] for line in _by_lines([piece for _, piece in cells])]
        full = sum(len({number for number, _ in row}) > 1 for row in found)
        if 2 * full < len(found):  # no table, such as an equation: the file knows better
            return [line.text for line in lines([piece for _, piece in cells])]
    separator = " " if _is_numbered(cells) else SEPARATOR
    return [_row(row, separator, leftwards) for row in found]


def _has_list(row: Sequence[Cell]) -> bool:
    """Return whether a cell of a row has so many lines, and not of running text, that they are rows of their own."""
    columns = ([cell for cell in row if cell[0] == number] for number in {number for number, _ in row})
    return any(
        len(column) > _COLUMN_LINES
        and len(_by_lines([piece for _, piece in column])) > _COLUMN_LINES
        and not _is_prose(column)
        for column in columns
    )


def _is_numbered(cells: Sequence[Cell]) -> bool:
    """Return whether there are two columns, of which the first only has numbers or signs, as in lists and listings."""
    firsts = [piece.text for number, piece in cells if number == 0]
    return max(number for number, _ in cells) == 1 and all(map(_NUMBER.fullmatch, firsts))


def _rows_as_written(cells: Sequence[Cell], leftwards: bool) -> list[list[Cell]]:
    """Return the rows of cells that were written one after the other."""
    found: list[list[Cell]] = []
    runs = [list(run) for _, run in groupby(cells, key=lambda cell: cell[0])]
    for run, after in zip(runs, [*runs[1:], None], strict=True):
        number = run[0][0]
        is_back = found and (number > found[-1][-1][0] if leftwards else number < found[-1][-1][0])
        if not found or is_back or not _reaches(found[-1], run[0][1]):
            found += _first_cells(run, after[0][1] if after else None)
        else:
            found += _later_cells(found.pop(), run)
    return found


def _reaches(row: Sequence[Cell], piece: Piece) -> bool:
    """Return whether a piece is no lower than the lines of a row."""
    return piece.box.top > min(other.box.bottom for _, other in row)


def _first_cells(run: Sequence[Cell], after: Piece | None) -> list[list[Cell]]:
    """Return the rows that begin with pieces of the first column; ``after``: what is written next to the last."""
    # The cell that the next piece is beside is the first of its row: those above it are rows with one cell.
    start = next((at for at, (_, piece) in enumerate(run) if after and piece.box.is_beside(after.box)), len(run) - 1)
    above: list[list[Cell]] = []
    for cell in run[:start]:
        if above and above[-1][-1][1].box.is_beside(cell[1].box):
            above[-1].append(cell)
        else:
            above.append([cell])
    return [*above, *_later_cells([], run[start:])]


def _later_cells(row: list[Cell], run: Sequence[Cell]) -> list[list[Cell]]:
    """Return ``row`` with the pieces of one column that go on in it, and rows of those that are too far below.

    Dots that lead to the number of a page end a row of a table of contents.
    """
    found = [row]
    for number, piece in run:
        last = found[-1][-1][1] if found[-1] else piece
        is_apart = last.box.bottom - piece.box.top > _CELL_SPACE * piece.box.height
        if is_apart or (not last.box.is_beside(piece.box) and _has_ended(found[-1], last, piece)):
            found.append([])
        found[-1].append((number, piece))
    return found


def _has_ended(row: Sequence[Cell], last: Piece, after: Piece) -> bool:
    """Return whether the line of ``last`` is an entry of a table of contents, and ``after`` below it another."""
    if any(_LEADERS.search(piece.text) for _, piece in row if piece.box.is_beside(last.box)):
        return True
    return last.text[-1:].isdigit() and _LEADERS.search(after.text) is not None


def _row(row: Sequence[Cell], separator: str, leftwards: bool) -> str:
    texts: list[str] = []
    before: Piece | None = None
    for _, cells in groupby(sorted(row, key=lambda cell: cell[0], reverse=leftwards), key=lambda cell: cell[0]):
        parts = [_side_by_side(line, leftwards) for line in _by_lines([piece for _, piece in cells])]
        if before:
            texts.append(separator if _space(before, parts[0]) > _GAP * parts[0].box.height else " ")
        texts.append(prose.join(parts, between=" "))
        before = parts[-1]
    return "".join(texts)


def _side_by_side(pieces: Sequence[Piece], leftwards: bool) -> Piece:
    """Return the pieces of a line as one, with separators where there is much space."""
    ordered = sorted(pieces, key=lambda piece: piece.box.left, reverse=leftwards)
    parts = [ordered[0].text]
    for before, here in pairwise(ordered):
        parts += [SEPARATOR if _space(before, here) > _GAP * here.box.height else " ", here.text]
    return Piece(_around(ordered), "".join(parts), ordered[-1].hyphen)


def _space(one: Piece, other: Piece) -> float:
    return max(other.box.left - one.box.right, one.box.left - other.box.right)


def _around(pieces: Sequence[Piece]) -> Box:
    return reduce(Box.joined, [piece.box for piece in pieces])


def lines(pieces: Sequence[Piece]) -> list[Piece]:
    """Return ``pieces``, in reading order, with those that follow one another in a line as one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and not found[-1].hyphen and _goes_on_beside(found[-1], piece):
            before = found[-1]
            text = f"{before.text}{_link(before, piece)}{piece.text}"
            found[-1] = Piece(before.box.joined(piece.box), text, piece.hyphen)
        else:
            found.append(piece)
    return found


def _goes_on_beside(before: Piece, piece: Piece) -> bool:
    return before.box.is_beside(piece.box) and _space(before, piece) > -_OVERLAP * piece.box.height


def _link(before: Piece, piece: Piece) -> str:
    """Return what stands between two pieces of a line: nothing, a space, or the sign of an exponent or mark."""
    height = before.box.height
    if _space(before, piece) > _WORD_SPACE * height:
        return " "
    is_raised = piece.box.bottom - before.box.bottom > _RAISED * height and piece.box.height < height
    return "^" if is_raised and _EXPONENT.match(piece.text) and before.text[-1:].isalnum() else ""
