"""Chunks of wrong types, calls that are none, and pieces out of order, each with its right outcome."""

from __future__ import annotations

from chat.errors import ProviderError
from tests.providers.hostile_server import (
    BROKEN,
    END,
    GOOD,
    HI,
    NO_COMPLETION,
    UNREADABLE_CALL,
    UNREADABLE_TEXT,
    Answered,
    Refused,
    called,
    case,
    each,
    function,
    said,
    whole,
    with_choice,
    with_field,
)
from tests.providers.openai.upstream import DONE, chunk, data, usage

TYPES = [
    *each("choices", NO_COMPLETION, lambda it: [with_field(choices=it)], 7, "Hi", {"a": 1}, ["Hi"]),
    *each("choices", HI, lambda it: [with_field(choices=it), chunk("Hi")], None, [], [None]),
    *each("delta", NO_COMPLETION, lambda it: [with_choice(delta=it)], "Hi", ["Hi"], 7),
    *each("index", HI, lambda it: [with_choice(index=it)], None, "0", 0.0, [0], {}, False),
    *each("other index", HI, lambda it: [with_choice(index=it, delta={"content": "Oh"}), chunk("Hi")], 1, "1", 1e30),
    *each(
        "content",
        UNREADABLE_TEXT,
        lambda it: [chunk(content=it)],
        7,
        True,
        [7],
        [["Hi"]],
        [{"type": "text", "text": 7}],
    ),
    *each(
        "content",
        HI,
        lambda it: [chunk(content=it)],
        {"type": "text", "text": "Hi"},
        ["Hi", None],
        [{"type": "image"}, "Hi"],
    ),
    *each("content", HI, lambda it: [chunk(content=it), chunk("Hi")], None, "", [], {}, 0, False),
    *each("role", HI, lambda it: [chunk("Hi", role=it)], 7, [], "alien"),
    *each("usage", HI, lambda it: [with_field(usage=it)], 7, "many", [], True, {"prompt_tokens": "7"}),
    *each("tokens", HI, lambda it: [with_field(usage={"prompt_tokens": it})], [], -5, 10**30, 1e300, None, True, {}),
    *each("details", HI, lambda it: [with_field(usage={"prompt_tokens_details": it})], 7, [], {"cached_tokens": "7"}),
    *each(
        "finish_reason",
        HI,
        lambda it: [with_choice(finish_reason=it)],
        None,
        "",
        0,
        [],
        "end",
        7,
        ["stop"],
        {"a": 1},
        True,
    ),
    said("fields that nobody knows", HI, with_field(x={"y": [1]}, id=7, object=[], created="now", model=None)),
]

NOW = Answered(calls=(("now", "{}"),), reason="tool_calls")
BOTH = Answered(calls=(("now", "[1]"), ("then", "[2]")), reason="tool_calls")
NAMELESS = Refused(ProviderError, "without naming it")


def now_with(arguments: str) -> Answered:
    return Answered(calls=(("now", arguments),), reason="tool_calls")


def called_with(arguments: object) -> list[dict[str, object]]:
    return [chunk(tool_calls=[function(arguments=arguments)])]


CALLS = [
    *each(
        "tool_calls", UNREADABLE_CALL, lambda it: [chunk(tool_calls=it)], "now", 7, ["now"], [7], [[function()]], [None]
    ),
    *each(
        "function",
        UNREADABLE_CALL,
        lambda it: [chunk(tool_calls=[{"index": 0, "function": it}])],
        "word",
        7,
        ["now"],
        True,
    ),
    *each("name", UNREADABLE_CALL, lambda it: [chunk(tool_calls=[function(name=it)])], 7, ["now"], {"a": 1}, True),
    *each("no name", NAMELESS, lambda it: [chunk(tool_calls=[function(name=it)])], None, "", "  ", []),
    *each(
        "id",
        NOW,
        lambda it: [chunk(tool_calls=[{**function(), "id": it}])],
        [1],
        {},
        7,
        None,
        True,
        "",
        "x" * 10_000,
        "a\x00b",
        "\ud83d",
    ),
    *each(
        "call index",
        NOW,
        lambda it: [chunk(tool_calls=[{**function(), "index": it}])],
        "0",
        None,
        -1,
        10**15,
        0.5,
        [0],
        {},
        True,
    ),
    *each("type", NOW, lambda it: [chunk(tool_calls=[{**function(), "type": it}])], 7, None, "alien", []),
    *each("no arguments", NOW, called_with, None, "", {}),
    *each("arguments", now_with('{"a":1}'), called_with, {"a": 1}),
    *each("arguments", now_with("[1]"), called_with, [1]),
    *each("arguments", now_with("7"), called_with, 7),
    *each("arguments", now_with("[["), called_with, "[["),
    *each("arguments", now_with("\ud83d"), called_with, "\ud83d"),
    *each("arguments", now_with("a\x00"), called_with, "a\x00"),
    called("one call, not a list", NOW, function()),
    called("a name that is too long", Refused(ProviderError, "name is longer than"), [function(name="x" * 1000)]),
    called("a name with NUL", Answered(calls=(("no\ufffdw", "{}"),), reason="tool_calls"), [function(name="no\x00w")]),
    called(
        "half a surrogate pair as a name",
        Answered(calls=(("no?w", "{}"),), reason="tool_calls"),
        [function(name="no\ud83dw")],
    ),
    called(
        "an id twice",
        Answered(calls=(("now", "{}"), ("then", "{}")), reason="tool_calls"),
        [function()],
        [{**function(name="then"), "index": 1}],
    ),
    called(
        "an index twice",
        Answered(calls=(("now", "{}"), ("then", "{}")), reason="tool_calls"),
        [function()],
        [{**function(name="then"), "id": "b"}],
    ),
    called(
        "indexes in the wrong order",
        Answered(calls=(("then", "{}"), ("now", "{}")), reason="tool_calls"),
        [{**function(name="then"), "index": 1, "id": "b"}],
        [function()],
    ),
    called(
        "pieces of two calls by turns",
        BOTH,
        [function(arguments="["), {**function(name="then", arguments="["), "index": 1, "id": "b"}],
        [{"index": 1, "function": {"arguments": "2]"}}],
        [{"index": 0, "function": {"arguments": "1]"}}],
    ),
    called(
        "pieces of two calls by turns, under words",
        BOTH,
        [{**function(arguments="["), "index": "a"}, {**function(name="then", arguments="["), "index": "b", "id": "b"}],
        [{"index": "b", "function": {"arguments": "2]"}}],
        [{"index": "a", "function": {"arguments": "1]"}}],
    ),
    called(
        "arguments before their name", NOW, [{"index": 0, "function": {"arguments": "{"}}], [function(arguments="}")]
    ),
    called(
        "more calls than there are functions",
        Refused(ProviderError, "more than 128"),
        [{**function(), "index": number, "id": f"c{number}"} for number in range(129)],
    ),
    case("calls without a reason for them", NOW, data(chunk(tool_calls=[function()]), chunk(finish="stop")) + DONE),
    case("a reason for calls without calls", Answered("Hi"), data(chunk("Hi"), chunk(finish="tool_calls")) + DONE),
    case(
        "the old form, as a word",
        UNREADABLE_CALL,
        data(chunk(function_call="now"), chunk(finish="function_call")) + DONE,
    ),
    whole(
        "a whole answer with a call that is none",
        UNREADABLE_CALL,
        {"choices": [{"message": {"tool_calls": ["now"]}, "finish_reason": "tool_calls"}]},
    ),
]

ORDER = [
    case("no [DONE]", HI, data(chunk("Hi"), chunk(finish="stop"))),
    case("no [DONE], and the connection stays open", HI, data(chunk("Hi"), chunk(finish="stop")), None),
    case("[DONE] twice", HI, GOOD + DONE),
    case("[DONE] first", BROKEN, DONE + GOOD),
    case("words after [DONE]", HI, GOOD + data(chunk("more"))),
    case("words after the reason", HI, data(chunk("H"), chunk(finish="stop"), chunk("i")) + DONE),
    case("usage first", HI, data(usage(5, 2), chunk("Hi")) + END),
    case("the reason first", HI, data(chunk(finish="stop"), chunk("Hi")) + DONE),
    case(
        "two reasons",
        Answered("Hi", reason="length"),
        data(chunk("Hi"), chunk(finish="stop"), chunk(finish="length")) + DONE,
    ),
    case("no reason", BROKEN, data(chunk("Hi")) + DONE),
    case("half a chunk", BROKEN, data(chunk("Hi")) + data(chunk("there"))[:30]),
    case("an answer without a word", Answered(), END),
    case("only thoughts", Answered(), data(chunk(reasoning_content="Hm", content=None)) + END),
    case(
        "words between calls",
        Answered("Hi", calls=(("now", "{}"),), reason="tool_calls"),
        data(
            chunk(tool_calls=[function(arguments="{")]),
            chunk("Hi"),
            chunk(tool_calls=[{"index": 0, "function": {"arguments": "}"}}]),
        )
        + END,
    ),
]
