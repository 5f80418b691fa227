"""Answers where there is no model: quotations from the passages in the turns, never an imitation of an answer."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.documents.stop_words import stop_words_of
from chat.documents.words import words
from chat.providers.base import Turn

NO_MODEL = "No language model is configured"
HOW_TO = (
    "Whoever runs this server can start it with `make serve`, which fetches the embedded model, or name the server of "
    "another one in `OPENAI_BASE_URL` and `OPENAI_API_KEY`."
)
MOST_QUOTES = 3
ENOUGH = 0.34
"""The share of the question's weight that a sentence must carry to be quoted."""

LONGEST_QUOTE = 600  # characters

_PASSAGE = re.compile(r'<passage source="([^"]*)"[^>]*>(.*?)</passage>', re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage, word for word, and where it stands."""

    text: str
    source: str


def quote_passages(turns: Sequence[Turn]) -> str:
    """Return Markdown: the sentences that match the last question best, or that there are none, or what is missing."""
    sentences = list(_sentences(turns))
    if not sentences:
        return f"{NO_MODEL}, so there is nobody here who could answer. {HOW_TO}"
    question = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    quotes = _best(question, sentences)
    if not quotes:
        return f"{NO_MODEL}, and nothing in the passages found matches your question. {HOW_TO}"
    quoted = [f"> {quote.text[:LONGEST_QUOTE]}\n>\n> — {quote.source}" for quote in quotes]
    return "\n\n".join([f"{NO_MODEL}. These are quotations from the passages found, not an answer:", *quoted])


def _sentences(turns: Sequence[Turn]) -> Iterator[Quote]:
    for source, text in _passages(turns):
        for sentence in _SENTENCE_END.split(text):
            if sentence.strip():
                yield Quote(sentence.strip(), source)


def _passages(turns: Sequence[Turn]) -> Iterator[tuple[str, str]]:
    """Yield source and text of ``<passage source="…">…</passage>`` in any turn, else the whole result of a tool."""
    names = {call.id: call.name for turn in turns for call in turn.tool_calls}
    for turn in turns:
        marked = _PASSAGE.findall(turn.text)
        if turn.role == "tool" and not marked:
            yield names.get(turn.tool_call_id or "", "a tool"), turn.text
        yield from marked


def _best(question: str, sentences: Sequence[Quote]) -> list[Quote]:
    """Return the best sentences, best first: by the weight of the question's words in them; rare words weigh more."""
    bags = [set(words(quote.text)) for quote in sentences]
    counts = Counter(word for bag in bags for word in bag)
    weights = {
        word: math.log(1 + len(sentences) / max(counts[word], 1))
        for word in words(question, stop_words=stop_words_of(question))
    }
    total = sum(weights.values())
    scored = [
        (sum(weight for word, weight in weights.items() if word in bag) / total, quote)
        for bag, quote in zip(bags, sentences, strict=True)
        if total
    ]
    best = sorted(scored, key=lambda pair: -pair[0])[:MOST_QUOTES]
    return [quote for score, quote in best if score >= ENOUGH]
