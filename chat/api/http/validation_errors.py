"""pydantic's errors as refusals, in the words of the reference, section 12. Used for bodies, queries, forms, frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from ninja.errors import ValidationErrorContext
from pydantic_core import ErrorDetails

from chat.errors import InvalidRequest

Path = Sequence[str | int]

EXPECTED_TYPES = {
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
JSON_TYPES: dict[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class ValidationFailed(Exception):
    """pydantic found a request invalid."""

    def __init__(self, context: ValidationErrorContext[Any]) -> None:
        self.error = context.pydantic_validation_error.errors(include_url=False)[0]
        self.is_query = context.model.__ninja_param_source__ == "query"

    def as_refusal(self, request: HttpRequest) -> InvalidRequest:
        value = getattr(request, "json_body", None)
        if self.is_query:
            value = {name.removesuffix("[]"): values for name, values in request.GET.lists()}
        if value is None:
            return InvalidRequest("The request has no body. Send one JSON object.")
        return refusal_for(self.error, value=value)


def refusal_for(error: ErrorDetails, *, value: Any) -> InvalidRequest:
    """Return the refusal of ``value``, a body, a query or a form, that names the parameter and what is wrong."""
    kind = error["type"]
    param = dotted_path(path_in(value, error["loc"][1:], kind=kind))  # the first is our argument's name
    if kind in TYPE_ERRORS:
        expected = TYPE_ERRORS[kind]
        if expected == "an array":
            expected += " of strings" if param.endswith("_ids") else " of objects"
        message = f"Invalid type for '{param}': expected {expected}, but got {json_type(error['input'])} instead."
        return InvalidRequest(message, param=param, code="invalid_type")
    explain = EXPLANATIONS.get(kind, _other)
    message, param, code = explain(param, error.get("ctx", {}), error)
    return InvalidRequest(message, param=param, code=code)


TYPE_ERRORS = {
    f"{kind}{ending}": words
    for kind, words in EXPECTED_TYPES.items()
    for ending in ("_type", "_parsing", "_from_float", "")
}


def json_type(value: Any) -> str:
    """Return the JSON type of ``value``, with its article."""
    return JSON_TYPES.get(type(value), "something else")


def path_in(value: Any, loc: Path, *, kind: str) -> list[str | int]:
    """Return the path to the error in ``value``: ``loc`` without the tags of unions that pydantic puts between keys."""
    path: list[str | int] = []
    here, untagged = value, True
    for position, step in enumerate(loc, start=1):
        is_last = position == len(loc)
        inside = dict(enumerate(here)) if isinstance(here, list) else here if isinstance(here, dict) else {}
        if untagged and not is_last and inside.get("type") == step:
            untagged = False
        elif step in inside:
            here, untagged = inside[step], True
            path.append(step)
        elif is_last and kind == "missing":
            path.append(step)
    return path


def dotted_path(path: Path) -> str:
    """Return the path as in ``messages[0].content``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


Explanation = tuple[str, str, str | None]  # message, param and code of the refusal
Explain = Callable[[str, Mapping[str, Any], ErrorDetails], Explanation]


def _unknown_parameter(param: str, _context: Mapping[str, Any], _error: ErrorDetails) -> Explanation:
    return f"Unknown parameter: '{param}'.", param, "unknown_parameter"


def _missing_parameter(param: str, _context: Mapping[str, Any], _error: ErrorDetails) -> Explanation:
    return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"


def _no_tag(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Explanation:
    return _missing_parameter(_tag_of(param, context), context, error)


def _wrong_tag(param: str, context: Mapping[str, Any], _error: ErrorDetails) -> Explanation:
    known = quoted_list([tag.strip("' ") for tag in context["expected_tags"].split(",")])
    param = _tag_of(param, context)
    return f"Invalid value: '{context['tag']}'. Supported values are: {known}.", param, "invalid_value"


def _tag_of(param: str, context: Mapping[str, Any]) -> str:
    """Return the path of the field that says which object of a union ``param`` is; a whole frame is ``""``."""
    tag: str = context["discriminator"].strip("'")
    return f"{param}.{tag}" if param else tag


def _wrong_literal(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Explanation:
    known = quoted_list([word.strip("' ") for word in context["expected"].replace(" or ", ", ").split(",")])
    if not isinstance(error["input"], str):
        expected = f"expected one of {known}, but got {json_type(error['input'])} instead"
        return f"Invalid type for '{param}': {expected}.", param, "invalid_type"
    return f"Invalid value: '{error['input']}'. Supported values are: {known}.", param, "invalid_value"


def quoted_list(words: Sequence[str]) -> str:
    """Return the words as in ``'a', 'b', and 'c'``."""
    quoted = [f"'{word}'" for word in words]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"


def _length(wrong: str, extreme: str, code: str) -> Explain:
    """Return the explanation of a length; ``wrong`` is long or short, ``extreme`` maximum or minimum."""

    def explain(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Explanation:
        bound, length = context[f"{extreme[:3]}_length"], len(error["input"])
        if isinstance(error["input"], dict):
            expected = f"Expected an object with at most {bound} properties, but got an object with {length} properties"
            return f"Invalid '{param}': too many properties. {expected} instead.", param, "object_above_max_properties"
        kind = "string" if isinstance(error["input"], str) else "array"
        one = f"{'a' if kind == 'string' else 'an'} {kind} with"
        expected = f"Expected {one} {extreme} length {bound}, but got {one} length {length} instead."
        return f"Invalid '{param}': {kind} too {wrong}. {expected}", param, f"{kind}_{code}_length"

    return explain


def _number(direction: str, sign: str, bound: str, code: str) -> Explain:
    def explain(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Explanation:
        limit = context[bound]
        kind = "integer" if isinstance(limit, int) else "decimal"
        expected = f"Expected a value {sign} {limit:.12g}, but got {error['input']} instead."
        return f"Invalid '{param}': {kind} {direction} value. {expected}", param, f"{kind}_{code}_value"

    return explain


def _lone_surrogate(param: str, _context: Mapping[str, Any], _error: ErrorDetails) -> Explanation:
    return f"Invalid '{param}': it holds half of a surrogate pair, which is no character.", param, "invalid_value"


def _pattern(param: str, context: Mapping[str, Any], _error: ErrorDetails) -> Explanation:
    expected = f"Expected a string that matches the pattern '{context['pattern']}'."
    return f"Invalid '{param}': string does not match pattern. {expected}", param, "invalid_value"


def _other(param: str, context: Mapping[str, Any], error: ErrorDetails) -> Explanation:
    reason = str(context.get("error") or error["msg"]).removesuffix(".")
    return f"Invalid '{param}': {reason}.", param, "invalid_value"


EXPLANATIONS: dict[str, Explain] = {
    "extra_forbidden": _unknown_parameter,
    "missing": _missing_parameter,
    "union_tag_not_found": _no_tag,
    "union_tag_invalid": _wrong_tag,
    "literal_error": _wrong_literal,
    "string_too_long": _length("long", "maximum", "above_max"),
    "string_too_short": _length("short", "minimum", "below_min"),
    "string_unicode": _lone_surrogate,
    "string_pattern_mismatch": _pattern,
    "too_long": _length("long", "maximum", "above_max"),
    "too_short": _length("short", "minimum", "below_min"),
    "less_than_equal": _number("above maximum", "<=", "le", "above_max"),
    "greater_than_equal": _number("below minimum", ">=", "ge", "below_min"),
}
