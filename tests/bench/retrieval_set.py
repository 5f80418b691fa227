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
import hashlib
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

from chat.retrieval.keywords.terms import terms
from tests.bench import manual_pages

LEAST_ANSWER = 30  # words
LEAST_QUESTION = 5  # terms
ANSWER = 300  # characters of its beginning, which a passage that answers has
PACKAGES = ("numpy", "django")


@dataclass(frozen=True, slots=True)
class Question:
    """``answer`` is the range of the document's characters that a passage must have to answer."""

    text: str
    answer: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """``sections`` are titles and texts, which have the title and none of the questions in them."""

    name: str
    sections: Sequence[tuple[str, str]]
    questions: Sequence[Question]

    @property
    def text(self) -> str:
        return "".join(text for _title, text in self.sections)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a document under a title, perhaps with what it answers."""

    title: str
    question: str
    text: str


Source = tuple[str, Callable[[], list[Piece]]]
Sources = Iterator[Source]


def documents(size: int) -> list[Document]:
    """``size`` documents in English, or as many as there are."""
    return _documents(size, [_modules(), _topics(), _manual()])


def translated_documents(size: int, folder: Path, *, language: str) -> list[Document]:
    """``size`` documents, or as many as there are, of the translated manual pages in ``folder``."""
    return _documents(size, [_translated(folder, language)])


def _documents(size: int, sources: Sequence[Sources]) -> list[Document]:
    kinds = [_drawn(each) for each in sources]
    asked: set[str] = set()
    found = []
    while len(found) < size and any(kinds):
        for kind in kinds:
            made = [_document(*kind.pop(), asked)] if kind else []
            found += [document for document in made if document.questions]
    return found[:size]


def _drawn(sources: Sources) -> list[Source]:
    return sorted(sources, key=lambda source: hashlib.sha256(source[0].encode()).digest())


def _document(name: str, read: Callable[[], list[Piece]], asked: set[str]) -> Document:
    sections, questions, length = [], [], 0
    for piece in read():
        text = f"{piece.title}\n"
        question = " ".join(piece.question.split())
        if _is_question(question) and question.lower() not in asked and _is_answer(piece.text):
            asked.add(question.lower())
            start = length + len(text)
            questions.append(Question(question, (start, start + min(ANSWER, len(piece.text)))))
        else:
            text += f"{piece.question}\n"
        text += f"{piece.text}\n\n"
        sections.append((piece.title, text))
        length += len(text)
    return Document(name, sections, questions)


def _is_question(text: str) -> bool:
    return len(terms(text)) >= LEAST_QUESTION and len(text) < 200


def _is_answer(text: str) -> bool:
    eastern = sum("\u3040" <= character <= "\u9fff" for character in text)
    return len(text.split()) + eastern // 2 >= LEAST_ANSWER  # two characters are about a word


def _modules() -> Sources:
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
    parts = re.split(r"(?<=\.)\s|(?<=。)|\n\s*\n", text, maxsplit=1)
    return parts[0], parts[1].strip() if len(parts) > 1 else ""


def _topics() -> Sources:
    for name, text in topics.items():
        yield f"topic {name}", lambda text=text: _under_headings(text)


def _under_headings(text: str) -> list[Piece]:
    parts = re.split(r"^(.+)\n([*=\-~^]{3,})$", text, flags=re.MULTILINE)
    return [_headed(parts[at], parts[at + 2].strip()) for at in range(1, len(parts), 3)]


def _headed(heading: str, text: str) -> Piece:
    return Piece("", heading, text) if _is_question(heading) else Piece(heading, *_first_sentence(text))


def _manual() -> Sources:
    for path in manual_pages.paths(manual_pages.INSTALLED):
        yield path.name, lambda path=path: _page(manual_pages.read(path, language="en"))


def _page(sections: Sequence[manual_pages.Section]) -> list[Piece]:
    return [
        Piece(section.title, section.about, section.text)
        if section.about
        else Piece(section.title, "", section.text)
        if section.is_formal
        else Piece(section.title, *_first_sentence(section.text))
        for section in sections
    ]


def _translated(folder: Path, language: str) -> Sources:
    for name, sections in manual_pages.translated(folder, language=language):
        yield name, lambda sections=sections: _page(sections)
