"""File search: the model, or the engine for it, asks; passages of vector stores answer (reference, section 8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat.models import Run
from chat.providers import tokens
from chat.providers.base import Function
from chat.providers.storable import storable_text
from chat.providers.tool_names import FILE_SEARCH
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import Hit
from chat.tools.citations import CitableResult, Place, Sources, marker

MOST_RESULTS = 20
MOST_RESULTS_OF_OLD_MODELS = 5  # gpt-3.5
MOST_QUERIES = 5
MOST_QUERY = 2000  # characters
LEAST = 60  # tokens of a passage: less of it helps nobody
MOST_NAMED = 5  # files that are still being read

DECLARED = Function(
    name=FILE_SEARCH,
    description=(
        "Searches the files of this conversation and the assistant's knowledge, and returns the passages that fit best."
        " Search before you answer anything that may stand in them. Write each query so that it can be understood"
        " without the conversation: replace words such as 'it' or 'that' by what they mean."
    ),
    parameters={
        "type": "object",
        "properties": {
            "queries": {
                "type": "array",
                "items": {"type": "string"},
                "description": "One query for each thing to find, at most five.",
            }
        },
        "required": ["queries"],
    },
)
CITE = (
    "Put the source of what you use, exactly as it stands here, such as {example}, right after the sentence that relies"
    " on it. Say so when the passages do not hold the answer."
)
USE = "Answer from these passages. Say so when they do not hold the answer."
NOTHING = "Nothing was found."
UNREAD = "Still being read, so not searched yet: {files}. Say so if the answer may stand there."

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run's searches. ``ranking`` is shown with each search."""

    limit: int
    threshold: float
    weights: RankingWeights
    ranking: Mapping[str, Any]


def options(run: Run) -> Options | None:
    """None when the run may not search, or has nowhere to."""
    tool = next((tool[FILE_SEARCH] for tool in run.tools if tool["type"] == FILE_SEARCH), None)
    if tool is None or not store_ids(run):
        return None
    most = MOST_RESULTS_OF_OLD_MODELS if run.model.startswith("gpt-3.5") else MOST_RESULTS
    ranking = tool["ranking_options"]
    ranking_options = {"ranker": ranking["ranker"], "score_threshold": ranking["score_threshold"]}
    hybrid = ranking.get("hybrid_search")
    return Options(
        limit=tool.get("max_num_results") or most,
        threshold=ranking["score_threshold"],
        weights=RankingWeights(text=hybrid["text_weight"], embedding=hybrid["embedding_weight"])
        if hybrid
        else RankingWeights(),
        ranking=ranking_options,
    )


def store_ids(run: Run) -> list[str]:
    ids: list[str] = run.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    return ids


def queries_of(arguments: str) -> list[str]:
    """Return the queries that the model wrote. What is not of the declared form is a query itself."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        value = arguments
    if isinstance(value, dict):
        value = value.get("queries") or value.get("query") or list(value.values())
    listed = value if isinstance(value, list) else [value]
    texts = [storable_text(text[:MOST_QUERY]).strip() for text in listed if isinstance(text, str)]
    return [text for text in dict.fromkeys(texts) if text][:MOST_QUERIES]


def search_result(hit: Hit) -> Result:
    """Return a result as a step keeps it: what the API shows, and ``place``, where it stands in the file."""
    passage, entry = hit.passage, hit.passage.entry
    return {
        "file_id": entry.file_id,
        "file_name": entry.file.filename,
        "score": hit.score,
        "attributes": entry.attributes,
        "content": [{"type": "text", "text": passage.text}],
        "place": {
            "store_id": entry.store_id,
            "page_from": passage.page_at(hit.quote[0]),
            "page_to": passage.page_at(hit.quote[1] - 1),
            "heading": passage.heading_at(sum(hit.quote) // 2),
            "char_from": passage.char_from,
            "char_to": passage.char_to,
            "quote_from": hit.quote[0],
            "quote_to": hit.quote[1],
        },
    }


def search_call(
    id: str, *, how: Options, number: int = 0, queries: Sequence[str] = (), results: Sequence[Result] = ()
) -> Result:
    """A search as its step keeps it. ``number`` is that of its markers; it and ``queries`` are not the API's."""
    search = {"ranking_options": dict(how.ranking), "results": list(results)}
    return {"id": id, "type": FILE_SEARCH, FILE_SEARCH: {**search, "queries": list(queries), "marker": number}}


def unread_files(names: Iterable[str], *, count: int) -> Result:
    """What a search keeps of the ``count`` files that could not be searched yet, of which ``names`` are some."""
    return {"unread": {"names": list(names), "count": count}}


def sources(searches: Iterable[Mapping[str, Any]]) -> Sources:
    """Return the results of ``searches`` by the place that citations name."""
    results_by_place: dict[Place, CitableResult] = {}
    for search in searches:
        for rank, result in enumerate(search["results"]):
            text = result["content"][0]["text"]
            results_by_place[search["marker"], rank] = CitableResult(result["file_id"], result["file_name"], text)
    return results_by_place


def describe_search(search: Mapping[str, Any], *, budget: int, cites: bool = True) -> str:
    """Return the text that tells the model of a ``search``: the best passages with sources, at most ``budget`` tokens.

    ``cites``: the model is asked to name the sources, which is too much for a small one. Passages that do not fit whole
    are cut to the surroundings of what fitted the query best.
    """
    results, unread = search["results"], _describe_unread(search)
    if not results:
        return " ".join([NOTHING, *unread])
    parts: list[str] = []
    share = max(LEAST, budget // 4)  # so that at least four are told
    sizes = [tokens.estimate(result["content"][0]["text"]) for result in results[:4]]
    for rank, result in enumerate(results):
        text, most = result["content"][0]["text"], min(budget, share) if sum(sizes) > budget else budget
        if tokens.estimate(text) > most:
            text = _surroundings_of_quote(result, most=most)
        budget -= tokens.estimate(text) + LEAST // 2
        if budget < 0 and parts:
            break
        parts.append(_passage(result, text, source=marker((search["marker"], rank), result["file_name"])))
        if budget < LEAST:
            break
    example = marker((search["marker"], 0), results[0]["file_name"])
    return "\n\n".join([*parts, *unread, CITE.format(example=example) if cites else USE])


def _describe_unread(search: Mapping[str, Any]) -> list[str]:
    if "unread" not in search:
        return []
    names, count = search["unread"]["names"], search["unread"]["count"]
    more = [f"{count - len(names)} more"] if count > len(names) else []
    return [UNREAD.format(files=", ".join([*names, *more]))]


def _passage(result: Result, text: str, *, source: str) -> str:
    place = result["place"]
    page = f' page="{place["page_from"]}"' if place["page_from"] is not None else ""
    inside = text.replace("</passage", "< /passage")
    return f'<passage source="{source.replace(chr(34), chr(39))}"{page}>\n{inside}\n</passage>'


def _surroundings_of_quote(result: Result, *, most: int) -> str:
    """Return as much of a passage around its quote as ``most`` tokens are."""
    text: str = result["content"][0]["text"]
    place = result["place"]
    keep = max(1, len(text) * most // tokens.estimate(text))
    middle = (place["quote_from"] + place["quote_to"]) // 2 - place["char_from"]
    begin = min(max(0, middle - keep // 2), len(text) - keep)
    return "…" + text[begin : begin + keep].strip() + "…"
