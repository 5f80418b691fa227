"""What is said about a request that does not fit: pydantic's errors in the house style of the reference, section 12."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from ninja.errors import ValidationErrorContext
from pydantic_core import ErrorDetails

from chat.errors import InvalidRequest

Place = Sequence[str | int]

EXPECTED = {
    "string": "a string",
    "int": "an integer",
    "float": "a decimal",
    "bool": "a boolean",
    "list": "an array",
    "dict": "an object",
    "model": "an object",
    "model_attributes": "an object",
    "none_required": "null",
    "bytes": "a string",
    "scalar": "a string, a number, or a boolean",
}
NAMES: dict[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class Unfit(Exception):
    """A request of which pydantic says that it does not fit."""

    def __init__(self, context: ValidationErrorContext[Any]) -> None:
        self.error = context.pydantic_validation_error.errors(include_url=False)[0]
        self.is_query = context.model.__ninja_param_source__ == "query"

    def refusal(self, request: HttpRequest) -> InvalidRequest:
        """What is wrong, in words."""
        given = getattr(request, "json_body", None)
        if self.is_query:
            given = {name.removesuffix("[]"): values for name, values in request.GET.lists()}
        if given is None:
            return InvalidRequest("The request has no body. Send one JSON object.")
        return refusal(self.error, given=given)


def refusal(error: ErrorDetails, *, given: Any) -> InvalidRequest:
    """One of pydantic's errors about ``given``, the body or the query, in words that name the parameter."""
    kind = error["type"]
    param = dotted(place_in(given, error["loc"][1:], kind=kind))  # first comes the name of our own argument
    if kind in TYPE_ERRORS:
        expected = TYPE_ERRORS[kind]
        if expected == "an array":
            expected += " of strings" if param.endswith("_ids") else " of objects"
        message = f"Invalid type for '{param}': expected {expected}, but got {named(error['input'])} instead."
        return InvalidRequest(message, param=param, code="invalid_type")
    say = SAYINGS.get(kind, _otherwise)
    message, param, code = say(param, error.get("ctx", {}), error)
    return InvalidRequest(message, param=param, code=code)


TYPE_ERRORS = {
    f"{kind}{ending}": words for kind, words in EXPECTED.items() for ending in ("_type", "_parsing", "_from_float", "")
}


def named(value: Any) -> str:
    """The JSON type of a value, with its article."""
    return NAMES.get(type(value), "something else")


def place_in(given: Any, loc: Place, *, kind: str) -> list[str | int]:
    """The way to what is wrong. pydantic puts the tags of unions between the keys; those are no keys of ``given``."""
    way: list[str | int] = []
    here, untagged = given, True
    for position, step in enumerate(loc, start=1):
        is_last = position == len(loc)
        inside = dict(enumerate(here)) if isinstance(here, list) else here if isinstance(here, dict) else {}
        if untagged and not is_last and inside.get("type") == step:
            untagged = False
        elif step in inside:
            here, untagged = inside[step], True
            way.append(step)
        elif is_last and kind == "missing":
            way.append(step)
    return way


def dotted(way: Place) -> str:
    """``messages[0].content``."""
    path = ""
    for step in way:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


Saying = tuple[str, str, str | None]
Say = Callable[[str, Mapping[str, Any], ErrorDetails], Saying]


def _unknown(param: str, _context: Mapping[str, Any], _error: ErrorDetails) -> Saying:
    return f"Unknown parameter: '{param}'.", param, "unknown_parameter"


def _missing(param: str, _context: Mapping[str, Any], _error: ErrorDetails) -> Saying:
    return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"


def _no_tag(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Saying:
    return _missing(_tag_of(param, context), context, error)


def _wrong_tag(param: str, context: Mapping[str, Any], _error: ErrorDetails) -> Saying:
    known = listed([tag.strip("' ") for tag in context["expected_tags"].split(",")])
    param = _tag_of(param, context)
    return f"Invalid value: '{context['tag']}'. Supported values are: {known}.", param, "invalid_value"


def _tag_of(param: str, context: Mapping[str, Any]) -> str:
    """Return the path of the field that says which object of a union ``param`` is; a whole frame is ``""``."""
    tag: str = context["discriminator"].strip("'")
    return f"{param}.{tag}" if param else tag


def _wrong_literal(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Saying:
    known = listed([word.strip("' ") for word in context["expected"].replace(" or ", ", ").split(",")])
    if not isinstance(error["input"], str):
        expected = f"expected one of {known}, but got {named(error['input'])} instead"
        return f"Invalid type for '{param}': {expected}.", param, "invalid_type"
    return f"Invalid value: '{error['input']}'. Supported values are: {known}.", param, "invalid_value"


def listed(words: Sequence[str]) -> str:
    """``'a', 'b', and 'c'``."""
    quoted = [f"'{word}'" for word in words]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"


def _length(wrong: str, extreme: str, code: str) -> Say:
    """``wrong`` is long or short; pydantic's bound is ``max_length`` or ``min_length``."""

    def say(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Saying:
        bound, length = context[f"{extreme[:3]}_length"], len(error["input"])
        if isinstance(error["input"], dict):
            expected = f"Expected an object with at most {bound} properties, but got {length} instead."
            return f"Invalid '{param}': too many properties. {expected}", param, "object_above_max_properties"
        kind = "string" if isinstance(error["input"], str) else "array"
        one = f"{'a' if kind == 'string' else 'an'} {kind} with"
        expected = f"Expected {one} {extreme} length {bound}, but got {one} length {length} instead."
        return f"Invalid '{param}': {kind} too {wrong}. {expected}", param, f"{kind}_{code}_length"

    return say


def _number(direction: str, sign: str, bound: str, code: str) -> Say:
    def say(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Saying:
        most = context[bound]
        kind = "integer" if isinstance(most, int) else "decimal"
        expected = f"Expected a value {sign} {most:.12g}, but got {error['input']} instead."
        return f"Invalid '{param}': {kind} {direction} value. {expected}", param, f"{kind}_{code}_value"

    return say


def _unpaired(param: str, _context: Mapping[str, Any], _error: ErrorDetails) -> Saying:
    return f"Invalid '{param}': it holds half of a surrogate pair, which is no character.", param, "invalid_value"


def _pattern(param: str, context: Mapping[str, Any], _error: ErrorDetails) -> Saying:
    expected = f"Expected a string that matches the pattern '{context['pattern']}'."
    return f"Invalid '{param}': string does not match pattern. {expected}", param, "invalid_value"


def _otherwise(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Saying:
    reason = str(context.get("error") or error["msg"]).removesuffix(".")
    return f"Invalid '{param}': {reason}.", param, "invalid_value"


SAYINGS: dict[str, Say] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "union_tag_not_found": _no_tag,
    "union_tag_invalid": _wrong_tag,
    "literal_error": _wrong_literal,
    "string_too_long": _length("long", "maximum", "above_max"),
    "string_too_short": _length("short", "minimum", "below_min"),
    "string_unicode": _unpaired,
    "string_pattern_mismatch": _pattern,
    "too_long": _length("long", "maximum", "above_max"),
    "too_short": _length("short", "minimum", "below_min"),
    "less_than_equal": _number("above maximum", "<=", "le", "above_max"),
    "greater_than_equal": _number("below minimum", ">=", "ge", "below_min"),
}
