"""Estimates cheaply how many tokens a text is, for any model.

Nothing is tokenized: every byte is given a class (one C-speed pass over the UTF-8 text), and each class has a weight in
tokens. The weights lean towards too many, because a transcript that does not fit is refused, and one that is trimmed a
little early is not noticed.

Estimate divided by the true count, measured on 0.01–0.4 MB of each with the tokenizers o200k, cl100k, Llama 3, Qwen 3:

    English documentation, Python, JavaScript     1.22–1.27
    German, French, Spanish                       1.03–1.21
    Polish, Turkish, Finnish, Vietnamese          0.77–1.16
    Russian, Ukrainian                            1.01–1.85
    Chinese, Japanese, Korean                     0.76–1.43
    Arabic, Persian, Hebrew, Greek, Hindi, Thai   1.26–1.81 with o200k, 0.62–1.56 with the others
    JSON, CSV, hexadecimal                        0.96–1.20, but 0.62–0.71 with Qwen, one token a digit
    Markdown tables, base64                       0.68–0.77
    Georgian, Armenian, Bengali, Tamil, Burmese   1.28–1.89 with o200k, 0.34–0.83 with the others

120 MB/s on one core.
"""

from __future__ import annotations

import math

_LOWER, _UPPER, _DIGIT, _SPACE, _BREAK, _MARK, _TWO, _THREE, _EAST, _FOUR, _INSIDE = range(11)

# Tokens a character. Chinese, Japanese and Korean stand apart from the rest of three bytes (Indic scripts, Thai, …).
_WEIGHTS = {
    _LOWER: 0.28,
    _UPPER: 0.65,
    _DIGIT: 0.7,
    _SPACE: 0.08,
    _BREAK: 0.4,
    _MARK: 0.55,
    _TWO: 0.65,
    _THREE: 0.9,
    _EAST: 1.0,
    _FOUR: 2.0,
}


def _class(byte: int) -> int:
    if byte < 0x80:
        return _ascii_class(chr(byte))
    starts = ((0xC0, _INSIDE), (0xE0, _TWO), (0xE3, _THREE), (0xF0, _EAST))
    return next((kind for end, kind in starts if byte < end), _FOUR)


def _ascii_class(character: str) -> int:
    if character.islower():
        return _LOWER
    if character.isupper():
        return _UPPER
    if character.isdigit():
        return _DIGIT
    if character.isspace():
        return _SPACE if character == " " else _BREAK
    return _MARK


_CLASSES = bytes(_class(byte) for byte in range(256))


def estimate(text: str) -> int:
    """Return about how many tokens ``text`` is: 0 for no text, else at least 1. Linear in the length."""
    classes = text.encode("utf-8", "replace").translate(_CLASSES)
    return math.ceil(sum(classes.count(kind) * weight for kind, weight in _WEIGHTS.items()))
