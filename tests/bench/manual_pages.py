"""Manual pages: what stands on them, in the languages that they are translated to.

Debian's packages of translations are fetched with apt-get into a folder, not installed.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

INSTALLED = Path("/usr/share/man")
LONGEST = 20_000  # characters of a translated page: the few longer ones would be most of what is embedded


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles of a page's ``name``, of its ``description`` and of ``formal`` sections in a language."""

    name: frozenset[str]
    description: frozenset[str]
    formal: frozenset[str]


def _titles(name: str, description: str, formal: str) -> Titles:
    return Titles(*(frozenset(titles.split(",")) for titles in (name, description, formal)))


TITLES = {
    "en": _titles(
        "NAME", "DESCRIPTION", "SYNOPSIS,OPTIONS,SEE ALSO,AUTHOR,AUTHORS,COPYRIGHT,REPORTING BUGS,BUGS,HISTORY"
    ),
    "de": _titles(
        "BEZEICHNUNG,NAME",
        "BESCHREIBUNG",
        "ÜBERSICHT,OPTIONEN,SIEHE AUCH,AUTOR,AUTOREN,COPYRIGHT,FEHLER MELDEN,FEHLER,GESCHICHTE,ÜBERSETZUNG,"
        "VERFÜGBARKEIT,DANKSAGUNGEN,HOMEPAGE,WARENZEICHEN,WARNHINWEIS,TEXI DOKUMENTATION ANZEIGEN",
    ),
    "fr": _titles(
        "NOM",
        "DESCRIPTION",
        "SYNOPSIS,OPTIONS,VOIR AUSSI,AUTEUR,AUTEURS,COPYRIGHT,SIGNALER DES BOGUES,SIGNALEMENTS DE BOGUES,BOGUES,"
        "HISTORIQUE,TRADUCTION,DISPONIBILITÉ,PAGE D'ACCUEIL",
    ),
    "es": _titles(
        "NOMBRE",
        "DESCRIPCIÓN",
        "SINOPSIS,OPCIONES,VÉASE TAMBIÉN,AUTOR,AUTORES,COPYRIGHT,INFORMAR DE ERRORES,ERRORES,FALLOS,HISTORIAL,"
        "TRADUCCIÓN,DISPONIBILIDAD,MARCAS REGISTRADAS,NOTA DE ADVERTENCIA,VISUALIZANDO EL DOCUMENTO TEXI",
    ),
    "ja": _titles(
        "名前,名称",
        "説明,解説",
        "書式,オプション,関連項目,著者,作者,著作権,バグ,バグ報告,履歴,歴史,この文書について,翻訳者謝辞,入手方法,謝辞,"
        "関連ファイル,ファイル,準拠,免責",
    ),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page. ``about`` is what the page's name line says of it, with its description alone; the first
    sentence of a section that ``is_formal`` does not introduce the rest."""

    title: str
    text: str
    about: str
    is_formal: bool


def fetch(language: str, folder: Path) -> Path | None:
    """Return the folder of the translated pages, fetched into ``folder``; None without apt-get or its packages."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    package = f"manpages-{language}"
    fetched = subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True)
    archive = next(folder.glob(f"{package}_*.deb"), None)
    if fetched.returncode or archive is None:
        return None
    subprocess.run(["dpkg-deb", "--extract", archive, folder / language], check=True)
    return folder / language / "usr/share/man" / language


def paths(folder: Path) -> Iterator[Path]:
    """Yield the pages of programs, files, subjects and administration, without other names of the same page."""
    for section in (1, 5, 7, 8):
        for path in sorted((folder / f"man{section}").glob("*.gz")):
            if not path.name.startswith("gcloud"):  # thousands of pages that are nearly the same
                yield path


def read(path: Path, *, language: str) -> list[Section]:
    """Return the sections of a page, but that of its name."""
    source = gzip.decompress(path.read_bytes()).decode(errors="replace")
    parts = re.split(r"^\.S[Hh] +(.+)$", source, flags=re.MULTILINE)
    titles = [_plain(title).strip('" ').upper() for title in parts[1::2]]
    texts = [_plain(text) for text in parts[2::2]]
    known = TITLES[language]
    name = next((text for title, text in zip(titles, texts, strict=True) if title in known.name), "")
    about = re.split(r"\s[-–—]+\s", name, maxsplit=1)[-1]
    return [
        Section(
            title=title.title(),
            text=text,
            about=about if title in known.description else "",
            is_formal=title in known.formal | known.description,
        )
        for title, text in zip(titles, texts, strict=True)
        if title not in known.name
    ]


def translated(folder: Path, *, language: str) -> Iterator[tuple[str, Sequence[Section]]]:
    """Yield the names and sections of pages that are not very long, each once."""
    for path in paths(folder):
        if not path.is_symlink():
            sections = read(path, language=language)
            if sum(len(section.text) for section in sections) <= LONGEST:
                yield path.name, sections


def _plain(roff: str) -> str:
    """Return the words of a page without its markup."""
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
    text = re.sub(rf"(?<={_EASTERN})\n(?={_EASTERN})", "", text)  # lines end anywhere, as there are no spaces
    return re.sub(r"\n{3,}", "\n\n", text.replace("\\-", "-").replace("\\e", "\\").replace("\\ ", " ")).strip()


_EASTERN = "[\u3001-\u30ff\u3400-\u9fff\uff01-\uff60]"
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
