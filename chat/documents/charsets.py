"""Names of encodings: which one bytes are in that do not say so, and what is meant by the labels of web pages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import chardet

_CANDIDATES = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("iso8859-2", "iso8859-5", "iso8859-7", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u", "mac-roman"),
    *("cp437", "cp850", "cp852", "cp866"),
    *("cp932", "shift_jis_2004", "euc_jis_2004", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext"),
    *("gb18030", "big5hkscs", "cp949", "euc_kr", "utf-8"),
)
"""The encodings that files are in. Of chardet's 86 others are rarely used, and often taken for one of these."""

_READ_AS = {"shift_jis_2004": "cp932", "euc_jis_2004": "euc_jp", "euc_kr": "cp949", "iso8859-1": "cp1252"}
"""The encodings that are read as a neighbour which means the usual thing: ``\\`` and no ``¥`` in Japanese."""

_LABEL = re.compile(rb"(?:charset|coding)\s*[=:]", re.IGNORECASE)
"""What chardet would believe. Who asks for a guess has found that the label is wrong."""

_NEVER_MEANT = re.compile("[\x80-\x9f\ue000-\uf8fe\ufffd]")
"""What shows that text was decoded wrongly: controls that no text has, private letters, bytes that mean nothing."""

_FOREIGN = re.compile("[\u0370-\u06ff]")
_IN_A_LATIN_WORD = re.compile("(?<=[a-zA-Z])[\u0370-\u06ff]|[\u0370-\u06ff](?=[a-zA-Z])")
_MOST_IN_LATIN_WORDS = 0.2
"""The share of the Greek, Cyrillic, Hebrew and Arabic letters: where it is more, they are Latin ones with accents."""

_CONTROLS = frozenset("\t\n\v\f\r\x1b")
_NO_TEXT = frozenset(("Cc", "Cn", "Co", "Cs"))
_MOST_NO_TEXT = 0.02
_PRINTABLE = bytes(range(32, 127))
_MOST_PRINTABLE = 0.66
"""The share of bytes that are printable ASCII: half of English in UTF-16, nearly as many of Chinese."""

_MEANT = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1"), "cp1252"),
    **dict.fromkeys(("us-ascii", "ascii", "x-cp1252", "ansi_x3.4-1968"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "iso8859-9", "latin5", "x-cp1254"), "cp1254"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("x-euc-jp", "cseucpkdfmtjapanese"), "euc_jp"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "chinese"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "korean", "windows-949"), "cp949"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "dos-874", "windows-874"), "cp874"),
    **dict.fromkeys(("iso-8859-8-i", "logical", "visual"), "iso8859-8"),
    **dict.fromkeys(("x-cp1250",), "cp1250"),
    **dict.fromkeys(("x-cp1251",), "cp1251"),
    **dict.fromkeys(("koi", "koi8", "koi8_r"), "koi8-r"),
    **dict.fromkeys(("x-mac-roman", "macintosh", "mac"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    **dict.fromkeys(("unicode-1-1-utf-8", "x-unicode20utf8"), "utf-8"),
}
"""What browsers take labels for (https://encoding.spec.whatwg.org/#names-and-labels), where Python's codecs differ."""


def meant_by(label: str) -> str | None:
    """Return the name of the codec that a page means by ``label``; None if there is none."""
    name = label.strip().lower()
    if name.startswith("utf-16"):
        return "utf-8"  # or the label could not be read
    name = _MEANT.get(name, name)
    try:
        b"a".decode(name)
    except (LookupError, ValueError):
        return None
    return name


def guess(sample: bytes) -> tuple[str, float]:
    """Return the name of the codec that ``sample`` is in, as it seems, and how certain that is, 0 to 1."""
    unlabelled = _LABEL.sub(b" ", sample)
    guesses = chardet.detect_all(
        unlabelled, ignore_threshold=True, compat_names=False, include_encodings=_CANDIDATES, no_match_encoding="utf-8"
    )
    named = [(_READ_AS.get(name, name), found["confidence"]) for found in guesses if (name := found["encoding"])]
    best = next((found for found in named if could_be_meant(sample.decode(found[0], "replace"))), None)
    return best or (named[0] if named else ("utf-8", 0.0))


def could_be_meant(text: str) -> bool:
    """Return whether ``text`` was decoded rightly, as far as single characters and words show."""
    if _NEVER_MEANT.search(text):
        return False
    return len(_IN_A_LATIN_WORD.findall(text)) <= _MOST_IN_LATIN_WORDS * len(_FOREIGN.findall(text))


def utf16_name(sample: bytes) -> str | None:
    """Return the name of UTF-16 if ``sample``, which has no mark, is in it; None if not.

    The high bytes are those of which there are fewer: scripts are near each other, letters of a script are not.
    """
    units = sample[: len(sample) & ~1]
    if len(units) - len(units.translate(None, _PRINTABLE)) >= _MOST_PRINTABLE * len(units):
        return None
    name = "utf-16-be" if len(set(units[::2])) < len(set(units[1::2])) else "utf-16-le"
    bad = sum(_is_no_text(units.decode(name, "replace")))
    return name if bad <= _MOST_NO_TEXT * len(units) / 2 else None


def _is_no_text(text: str) -> Iterator[bool]:
    for character in text:
        unusual = character == "\ufffd" or unicodedata.category(character) in _NO_TEXT
        yield unusual and character not in _CONTROLS
