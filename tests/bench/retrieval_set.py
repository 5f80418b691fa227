"""Questions with known answers, from the documentation that is on this machine anyway.

Each document is written anew without some of its sentences, which become the questions; the answer is the text that
they introduced, so that no question stands beside its answer word for word.

- Python's standard library and the packages numpy and django: a document a module, of its docstrings. The first
  sentence of a docstring asks for the rest.
- Python's language reference, as ``pydoc`` has it: a document a topic. A heading asks for the text below; if it is
  short, the first sentence of that text.
- The manual pages, where there are any: a document a page. The line under NAME asks for the beginning of DESCRIPTION;
  the first sentence of another section for its rest.

Questions have at least five words that are no stop words, and no two are alike. Documents without a question are left
out. They are drawn in an order that depends on their names alone, as many of each kind.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

from chat.retrieval.keywords.terms import terms

LEAST_ANSWER = 30  # words
LEAST_QUESTION = 5  # terms
ANSWER = 300  # characters of its beginning, which a passage that answers has
PACKAGES = ("numpy", "django")
MANUAL = Path("/usr/share/man")
FORMAL = ("SYNOPSIS", "OPTIONS", "SEE ALSO", "AUTHOR", "AUTHORS", "COPYRIGHT", "REPORTING BUGS", "BUGS", "HISTORY")
"""Sections whose first sentence does not introduce the rest."""


@dataclass(frozen=True, slots=True)
class Question:
    """``answer`` is the range of the document's characters that a passage must have to answer."""

    text: str
    answer: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """``text`` has none of the questions in it."""

    name: str
    text: str
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a document under a title, perhaps with what it answers."""

    title: str
    question: str
    text: str


def documents(size: int) -> list[Document]:
    """``size`` documents, or as many as there are."""
    kinds = [_drawn(find()) for find in KINDS]
    asked: set[str] = set()
    found = []
    while len(found) < size and any(kinds):
        for kind in kinds:
            made = [_document(*kind.pop(), asked)] if kind else []
            found += [document for document in made if document.questions]
    return found[:size]


def _drawn(sources: Iterator[tuple[str, Callable[[], list[Piece]]]]) -> list[tuple[str, Callable[[], list[Piece]]]]:
    return sorted(sources, key=lambda source: hashlib.sha256(source[0].encode()).digest())


def _document(name: str, read: Callable[[], list[Piece]], asked: set[str]) -> Document:
    text, questions = "", []
    for piece in read():
        text += f"{piece.title}\n"
        question = " ".join(piece.question.split())
        if _is_question(question) and question.lower() not in asked and len(piece.text.split()) >= LEAST_ANSWER:
            asked.add(question.lower())
            questions.append(Question(question, (len(text), len(text) + min(ANSWER, len(piece.text)))))
        else:
            text += f"{piece.question}\n"
        text += f"{piece.text}\n\n"
    return Document(name, text, questions)


def _is_question(text: str) -> bool:
    return len(terms(text)) >= LEAST_QUESTION and len(text) < 200


def _modules() -> Iterator[tuple[str, Callable[[], list[Piece]]]]:
    places = {name: Path(path) for name, path in sysconfig.get_paths().items()}
    roots = [places["stdlib"], *(places["purelib"] / package for package in PACKAGES)]
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            name = str(path.relative_to(root.parent))
            if not re.search(r"test|site-packages|idlelib|_pydoc|pydoc_data|lib2to3|migrations|locale", name):
                yield name, lambda path=path: _docstrings(path)


def _docstrings(path: Path) -> list[Piece]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return []
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (said := ast.get_docstring(node)):
            title = path.stem if isinstance(node, ast.Module) else node.name
            first, rest = _first_sentence(said)
            found.append(Piece(title, first, rest))
    return found


def _first_sentence(text: str) -> tuple[str, str]:
    parts = re.split(r"(?<=\.)\s|\n\s*\n", text, maxsplit=1)
    return parts[0], parts[1].strip() if len(parts) > 1 else ""


def _topics() -> Iterator[tuple[str, Callable[[], list[Piece]]]]:
    for name, text in topics.items():
        yield f"topic {name}", lambda text=text: _under_headings(text)


def _under_headings(text: str) -> list[Piece]:
    parts = re.split(r"^(.+)\n([*=\-~^]{3,})$", text, flags=re.MULTILINE)
    return [_headed(parts[at], parts[at + 2].strip()) for at in range(1, len(parts), 3)]


def _headed(heading: str, text: str) -> Piece:
    return Piece("", heading, text) if _is_question(heading) else Piece(heading, *_first_sentence(text))


def _manual() -> Iterator[tuple[str, Callable[[], list[Piece]]]]:
    for section in (1, 5, 7, 8):
        for path in sorted((MANUAL / f"man{section}").glob("*.gz")):
            if not path.name.startswith("gcloud"):  # thousands of pages that are nearly the same
                yield path.name, lambda path=path: _page(path)


def _page(path: Path) -> list[Piece]:
    source = gzip.decompress(path.read_bytes()).decode(errors="replace")
    parts = re.split(r"^\.S[Hh] +(.+)$", source, flags=re.MULTILINE)
    titles = [title.strip('" ').upper() for title in parts[1::2]]
    texts = [_plain(text) for text in parts[2::2]]
    named = dict(zip(titles, texts, strict=True))
    about = re.split(r"\s[-–—]+\s", named.get("NAME", ""), maxsplit=1)[-1]
    return [
        Piece("Description", about, text) if title == "DESCRIPTION" else _section(title, text)
        for title, text in zip(titles, texts, strict=True)
        if title != "NAME"
    ]


def _section(title: str, text: str) -> Piece:
    return Piece(title.title(), "", text) if title in FORMAL else Piece(title.title(), *_first_sentence(text))


def _plain(roff: str) -> str:
    """The words of a page without its markup."""
    text = re.sub(
        r'^[.\'](\\"|Dd|Dt|Os|ie|el|if|de|ds|nr|IX|RS|RE|TP|PD|sp|nf|fi|ft|in|ne|ta|ad|hy|so|tr|ll|na|br).*$',
        "",
        roff,
        flags=re.MULTILINE,
    )
    text = re.sub(r"^\.Nd ", "- ", text, flags=re.MULTILINE)
    text = re.sub(r"^\.[A-Za-z]{1,2} ?", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\f(\[\w*\]|\(..|.)|\\s[-+]?\d|\\[&,/|^:%]", "", text)
    text = re.sub(r"\\\*\(Aq", "'", re.sub(r"\\\*\([LR]\"", '"', text))
    text = re.sub(r"\\\((..)|\\\[(\w+)\]", lambda match: _CHARACTERS.get(match[1] or match[2], " "), text)
    return re.sub(r"\n{3,}", "\n\n", text.replace("\\-", "-").replace("\\e", "\\").replace("\\ ", " ")).strip()


_CHARACTERS = {
    "aq": "'",
    "dq": '"',
    "cq": "'",
    "oq": "'",
    "lq": '"',
    "rq": '"',
    "em": "-",
    "en": "-",
    "bu": "*",
    "co": "©",
}
KINDS = (_modules, _topics, _manual)
