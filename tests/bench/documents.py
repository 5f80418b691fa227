"""How fast documents are read: ``python -m tests.bench.documents [FILE…]``.

Pages, slides, rows and megabytes per second of CPU, in this process, without the child's start; beside the figure to
reach. With ``FILE``s, those are read too, each alone.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chat.documents.formats import SUPPORTED, extension
from chat.documents.passages import count_tokens, cut_passages
from chat.documents.readers import load_reader
from chat.documents.reading.normalize import normalize_sections
from chat.documents.sections import Section
from tests.documents import samples

ROUNDS = 3
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "seven",
    "wizards",
    "box",
    "Zürich",
)


@dataclass(frozen=True)
class Trial:
    """A document, how much of ``unit`` it holds, and how much per CPU second is wanted."""

    name: str
    unit: str
    make: Callable[[], bytes]
    amount: float
    wanted: float


def prose(words: int, *, start: int = 0) -> str:
    """Repeating words, in sentences."""
    chosen = [WORDS[(start + number * 7) % len(WORDS)] for number in range(words)]
    return ". ".join(" ".join(chosen[place : place + 14]) for place in range(0, words, 14)) + "."


def pages() -> bytes:
    """200 pages of 45 lines."""
    return samples.pdf([samples.prose(prose(13, start=page + line) for line in range(45)) for page in range(200)])


def columns() -> bytes:
    """100 pages in two columns, written across."""
    lines = [(left, 740 - 14 * line, prose(7, start=line)[:42]) for line in range(45) for left in (60, 330)]
    return samples.pdf([lines] * 100)


def deck() -> bytes:
    """100 slides."""
    table = [["a", "b", "c"]] * 5
    return samples.slides([(prose(5), prose(60), prose(40)) for _ in range(100)], table=table)


def sheet() -> bytes:
    """100,000 rows of five cells."""
    rows = [["name", "city", "born", "height", "note"]]
    rows += [[f"name {number}", "Zürich", number, number / 7, "a short note"] for number in range(100_000)]
    return samples.workbook({"People": rows})


def table() -> bytes:
    """100,000 lines of five cells."""
    lines = [f"name {number},Zürich,{number},{number / 7},a short note" for number in range(100_000)]
    return "\n".join(["name,city,born,height,note", *lines]).encode()


def web_page() -> bytes:
    """4 MB of a web page, of which a third is text."""
    script = f"<script>{'const answer = (question) => question ?? 42; ' * 30}</script>"
    menu = "".join(
        f'<li class="menu-item level-{n}"><a href="/some/where/{n}?from=menu">Item {n}</a></li>' for n in range(20)
    )
    text = "".join(
        f'<h2 id="part-{n}" class="title is-{n}">Part {n}</h2><p class="body">{prose(70)} <a href="/{n}">more</a></p>'
        f'<ul class="list"><li>{prose(9)}</li><li>{prose(9)}</li></ul>'
        for n in range(5)
    )
    piece = f'{script}<nav><ul>{menu}</ul></nav><div class="content grid" data-part="1">{text}</div>'
    return f"<html><body>{piece * (4_000_000 // len(piece))}</body></html>".encode()


def letters() -> bytes:
    """Plain text of 8 MB."""
    return "\n\n".join(prose(100, start=number) for number in range(8_000_000 // 560)).encode()


TRIALS = (
    Trial("prose.pdf", "pages", pages, 200, 500),
    Trial("columns.pdf", "pages", columns, 100, 500),
    Trial("deck.pptx", "slides", deck, 100, 250),
    Trial("sheet.xlsx", "rows", sheet, 100_000, 150_000),
    Trial("table.csv", "rows", table, 100_000, 150_000),
    Trial("page.html", "MB", web_page, 4, 50),
    Trial("letters.txt", "MB", letters, 8, 50),
)


def sections(path: Path) -> list[Section]:
    """What is read from the file at ``path``."""
    kind = SUPPORTED[extension(path.name)].kind
    return [item for item in normalize_sections(load_reader(kind)(path), kind=kind) if isinstance(item, Section)]


def seconds(work: Callable[[], object]) -> float:
    """The least CPU time of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def rates(trial: Trial, path: Path) -> float:
    """How much of the trial's unit is read in a CPU second."""
    path.write_bytes(trial.make())
    return trial.amount / seconds(lambda: sections(path))


def cutting(path: Path) -> float:
    """How many million characters of the file's text are cut in a CPU second."""
    read = sections(path)
    count_tokens("")
    return (
        sum(len(section.text) for section in read) / 1e6 / seconds(lambda: list(cut_passages(read, count=count_tokens)))
    )


def own(path: Path) -> str:
    """What is to be said about a file of one's own."""
    took = seconds(lambda: sections(path))
    pages = max((section.page or 0 for section in sections(path)), default=0)
    return f"{path.name[-23:]:<24}{pages / took:>17,.0f} pages, {path.stat().st_size / took / 1e6:,.1f} MB"


def main(paths: list[Path]) -> None:
    """Print a line a trial."""
    print(f"{'file':<24}{'per CPU second':>24}{'to reach':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for trial in TRIALS:
            rate = rates(trial, Path(folder) / trial.name)
            print(f"{trial.name:<24}{rate:>17,.0f} {trial.unit:<6}{trial.wanted:>12,.0f}")
        print(f"{'cutting letters.txt':<24}{cutting(Path(folder) / 'letters.txt'):>17,.0f} MB")
    for path in paths:
        print(own(path))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
