"""What programs may declare of tools and answers, and how the API shows it."""

from __future__ import annotations

from typing import Any

import pytest

from chat.errors import InvalidRequest
from chat.tools import declarations

RANKING = {"ranker": "default_2024_08_21", "score_threshold": 0.0, "hybrid_search": None}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
CLOSED = OPEN | {"additionalProperties": False, "required": ["a", "b"]}


def function(name: str = "weather", **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


def shown(tool: dict[str, Any]) -> dict[str, Any]:
    [found] = declarations.normalised([tool])
    return found


def refused(*tools: dict[str, Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refusal:
        declarations.check(tools)
    return refusal.value


class TestToolsAreShown:
    """Reference, section 3."""

    def test_with_the_ranking_of_file_search(self) -> None:
        assert shown({"type": "file_search"}) == {"type": "file_search", "file_search": {"ranking_options": RANKING}}

    def test_with_what_was_given_for_file_search(self) -> None:
        given = {"max_num_results": 3, "ranking_options": {"score_threshold": 0.5}}
        found = shown({"type": "file_search", "file_search": given})
        assert found["file_search"] == {"max_num_results": 3, "ranking_options": RANKING | {"score_threshold": 0.5}}

    @pytest.mark.parametrize("given", [None, {}, {"max_num_results": None, "ranking_options": None}])
    def test_as_if_nulls_had_been_left_out(self, given) -> None:
        assert shown({"type": "file_search", "file_search": given}) == shown({"type": "file_search"})

    @pytest.mark.parametrize("fields", [{}, {"parameters": None, "strict": None, "description": None}])
    def test_with_the_defaults_of_functions(self, fields) -> None:
        parameters = {"type": "object", "properties": {}}
        assert shown(function(**fields))["function"] == {"name": "weather", "parameters": parameters, "strict": False}

    def test_with_what_was_given_for_functions(self) -> None:
        given = function(description="", parameters=OPEN, strict=True)
        assert shown(given) == given

    def test_as_they_are_otherwise(self) -> None:
        assert shown({"type": "code_interpreter"}) == {"type": "code_interpreter"}

    def test_the_same_when_they_are_shown_again(self) -> None:
        tools = [{"type": "file_search"}, {"type": "code_interpreter"}, function()]
        once = declarations.normalised(tools)
        assert declarations.normalised(once) == once


class TestToolsAreRefused:
    @pytest.mark.parametrize(
        ("name", "problem", "code"),
        [
            ("get weather", "does not match pattern", "invalid_value"),
            ("größe", "does not match pattern", "invalid_value"),
            ("weather\n", "does not match pattern", "invalid_value"),
            ("", "empty string", "empty_string"),
            ("x" * 65, "maximum length 64, but got a string with length 65", "string_above_max_length"),
        ],
    )
    def test_for_a_bad_name(self, name, problem, code) -> None:
        refusal = refused({"type": "file_search"}, function(name))
        assert refusal.message.startswith("Invalid 'tools[1].function.name': ")
        assert problem in refusal.message
        assert (refusal.param, refusal.code) == ("tools[1].function.name", code)

    def test_for_a_name_that_is_taken(self) -> None:
        refusal = refused(function("a"), function("b"), function("a"))
        assert "'a'" in refusal.message
        assert refusal.param == "tools[2].function.name"

    def test_for_being_too_many(self) -> None:
        refusal = refused(*(function(f"f{number}") for number in range(129)))
        assert refusal.message == (
            "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length"
            " 129 instead."
        )
        assert (refusal.param, refusal.code) == ("tools", "array_above_max_length")

    def test_for_parameters_that_are_no_object(self) -> None:
        refusal = refused(function(parameters={"type": "string"}))
        assert refusal.message == (
            "Invalid schema for function 'weather': schema must be a JSON Schema of 'type: \"object\"', got 'type:"
            ' "string"\'.'
        )
        assert (refusal.param, refusal.code) == ("tools[0].function.parameters", "invalid_function_parameters")

    def test_for_open_parameters_of_a_strict_function(self) -> None:
        refusal = refused(function(parameters=OPEN, strict=True))
        assert refusal.message == (
            "Invalid schema for function 'weather': In context=(), 'additionalProperties' is required to be supplied"
            " and to be false."
        )
        assert (refusal.param, refusal.code) == ("tools[0].function.parameters", "invalid_function_parameters")

    @pytest.mark.parametrize(
        "fields", [{}, {"parameters": {}}, {"parameters": OPEN}, {"parameters": CLOSED, "strict": True}]
    )
    def test_but_not_for_what_is_right(self, fields) -> None:
        declarations.check([function("x" * 64, **fields), {"type": "code_interpreter"}])


def answer_in(**fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "person", "schema": OPEN} | fields}


def refused_format(**fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refusal:
        declarations.check_response_format(answer_in(**fields))
    return refusal.value


class TestAFormatOfAnswersIsRefused:
    def test_for_a_bad_name(self) -> None:
        refusal = refused_format(name="a person")
        assert refusal.param == "response_format.json_schema.name"
        assert "does not match pattern" in refusal.message

    def test_without_a_schema(self) -> None:
        refusal = refused_format(schema=None)
        assert refusal.message == "Missing required parameter: 'response_format.json_schema.schema'."
        assert refusal.code == "missing_required_parameter"

    def test_for_an_open_schema_that_is_strict(self) -> None:
        refusal = refused_format(schema=OPEN | {"additionalProperties": False, "required": ["a"]}, strict=True)
        assert refusal.message == (
            "Invalid schema for response_format 'person': In context=(), 'required' is required to be supplied and to"
            " be an array including every key in properties. Missing 'b'."
        )
        assert (refusal.param, refusal.code) == ("response_format", None)

    @pytest.mark.parametrize(
        "given",
        ["auto", {"type": "text"}, {"type": "json_object"}, answer_in(), answer_in(schema=CLOSED, strict=True)],
    )
    def test_but_not_when_it_is_right(self, given) -> None:
        declarations.check_response_format(given)
