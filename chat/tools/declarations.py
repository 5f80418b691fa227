"""The declarations of tools and of the answer's form by a program: checked, and in the form that the API shows.

The shapes are the API's, so the keys and types of what comes here are right already; what is refused here are values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat.errors import InvalidRequest
from chat.providers.tool_names import FILE_SEARCH, FUNCTION
from chat.tools.functions import MAX_TOOLS, NAME, api_function
from chat.tools.strictness import breach, not_an_object

MAX_NAME = 64
RANKING = {"ranker": "default_2024_08_21", "score_threshold": 0.0, "hybrid_search": None}

Tool = Mapping[str, Any]


def normalised(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """``tools`` as the API shows them: with the defaults of file search and functions (reference, section 3)."""
    return [_normalised(tool) for tool in tools]


def check(tools: Sequence[Tool]) -> None:
    """Raises ``InvalidRequest`` with the ``param`` for too many tools, and for functions whose name is bad or taken or
    whose parameters are not the schema of an object; for strict ones, not one that can be followed to the letter.
    """
    if len(tools) > MAX_TOOLS:
        raise InvalidRequest(
            f"Invalid 'tools': array too long. Expected an array with maximum length {MAX_TOOLS},"
            f" but got an array with length {len(tools)} instead.",
            param="tools",
            code="array_above_max_length",
        )
    # A model knows the tools that are ours by these names.
    names = {tool["type"] for tool in tools} - {FUNCTION}
    for place, tool in enumerate(tools):
        if tool["type"] == FUNCTION:
            _check_function(tool["function"], param=f"tools[{place}].function", other_names=names)
            names.add(tool["function"]["name"])


def check_response_format(format: str | Mapping[str, Any]) -> None:
    """Raises ``InvalidRequest`` for a ``json_schema`` without a proper name or schema."""
    if isinstance(format, str) or format["type"] != "json_schema":
        return
    json_schema = format["json_schema"]
    param = "response_format.json_schema"
    _check_name(json_schema["name"], param=f"{param}.name")
    schema = json_schema.get("schema")
    if schema is None:
        missing = f"{param}.schema"
        raise InvalidRequest(
            f"Missing required parameter: '{missing}'.", param=missing, code="missing_required_parameter"
        )
    if problem := breach(schema) if json_schema.get("strict") else None:
        raise InvalidRequest(
            f"Invalid schema for response_format '{json_schema['name']}': {problem}", param="response_format"
        )


def _normalised(tool: Tool) -> dict[str, Any]:
    if tool["type"] == FUNCTION:
        return {"type": FUNCTION, "function": api_function(tool["function"])}
    if tool["type"] == FILE_SEARCH:
        options_set = {key: value for key, value in (tool.get(FILE_SEARCH) or {}).items() if value is not None}
        ranking = options_set.get("ranking_options") or {}
        ranking_set = {key: value for key, value in ranking.items() if value is not None}
        return {"type": FILE_SEARCH, FILE_SEARCH: options_set | {"ranking_options": RANKING | ranking_set}}
    return dict(tool)


def _check_function(spec: Mapping[str, Any], *, param: str, other_names: set[str]) -> None:
    name = spec["name"]
    _check_name(name, param=f"{param}.name")
    if name in other_names:
        raise InvalidRequest(
            f"Invalid '{param}.name': there is another function with the name '{name}'.",
            param=f"{param}.name",
            code="invalid_value",
        )
    parameters = spec.get("parameters")
    look = breach if spec.get("strict") else not_an_object
    if parameters and (problem := look(parameters)):
        raise InvalidRequest(
            f"Invalid schema for function '{name}': {problem}",
            param=f"{param}.parameters",
            code="invalid_function_parameters",
        )


def _check_name(name: str, *, param: str) -> None:
    if NAME.fullmatch(name):
        return
    if not name:
        problem = "empty string. Expected a string with minimum length 1, but got an empty string instead."
        code = "empty_string"
    elif len(name) > MAX_NAME:
        problem = (
            f"string too long. Expected a string with maximum length {MAX_NAME},"
            f" but got a string with length {len(name)} instead."
        )
        code = "string_above_max_length"
    else:
        problem = "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        code = "invalid_value"
    raise InvalidRequest(f"Invalid '{param}': {problem}", param=param, code=code)
