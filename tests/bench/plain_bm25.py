"""BM25 as anybody would write it, to compare with: no stop words, no stems, no meaning."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping

_EASTERN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_EASTERN}]+|[^\W_{_EASTERN}]+")
_K1, _B = 1.2, 0.75


class PlainBM25:
    """An index of ``texts`` by their keys."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        counts = {key: Counter(tokens(text)) for key, text in texts.items()}
        self._lengths = {key: count.total() for key, count in counts.items()}
        self._mean = sum(self._lengths.values()) / max(1, len(counts))
        self._times: dict[str, dict[int, int]] = defaultdict(dict)
        for key, count in counts.items():
            for token, times in count.items():
                self._times[token][key] = times

    def search(self, query: str, *, limit: int) -> list[int]:
        """Return the keys of the texts that fit ``query`` best, the best first."""
        scores: Counter[int] = Counter()
        for token in set(tokens(query)):
            found = self._times.get(token, {})
            rarity = math.log(1 + (len(self._lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for key, times in found.items():
                length = 1 - _B + _B * self._lengths[key] / self._mean
                scores[key] += rarity * times * (_K1 + 1) / (times + _K1 * length)
        return [key for key, _score in scores.most_common(limit)]


def tokens(text: str) -> list[str]:
    """Return the words of ``text`` in small letters, and the pairs of characters of eastern scripts."""
    found = []
    for word in _WORD.findall(text.lower()):
        pairs = [word[at : at + 2] for at in range(len(word) - 1)] if word[0] >= "\u3040" else []
        found += pairs or [word]
    return found
