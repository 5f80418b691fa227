from __future__ import annotations

import json
from typing import Any

import pytest

from chat.errors import ProviderError
from chat.providers.base import Function, Request, ToolCall, Turn, Usage
from chat.providers.embedded.tool_choice import choose_tool
from chat.providers.scripted.provider import Reply, ScriptedProvider

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Function("get_weather", "Tells the weather", CITY)
CLOCK = Function("get_time", "Tells the time")


def asking(*functions: Function, **fields: Any) -> Request:
    turns = fields.pop("turns", [Turn("user", "Does it rain in Oslo?")])
    return Request("m", turns, functions=functions, **fields)


def schema(request: Request) -> dict[str, Any]:
    assert isinstance(request.response_format, dict)
    found: dict[str, Any] = request.response_format["json_schema"]["schema"]
    return found


class TestAChoice:
    async def test_is_made_in_two_guided_passes(self) -> None:
        wish = '{"wish": "weather", "tool": "get_weather"}'
        model = ScriptedProvider([Reply(wish, once=True), Reply('{"city": "Oslo"}')])

        choice = await choose_tool(model, asking(WEATHER, CLOCK))

        assert choice.call
        assert (choice.call.name, json.loads(choice.call.arguments)) == ("get_weather", {"city": "Oslo"})
        first, second = model.requests
        assert schema(first)["properties"]["tool"]["enum"] == ["get_weather", "get_time", "reply_directly"]
        assert schema(second)["properties"] == {"city": {"type": "string"}}
        assert schema(second)["additionalProperties"] is False

    async def test_costs_the_tokens_of_both_passes(self) -> None:
        model = ScriptedProvider(
            [Reply('{"tool": "get_weather"}', Usage(100, 10), once=True), Reply('{"city": "Oslo"}', Usage(50, 5))]
        )

        choice = await choose_tool(model, asking(WEATHER, CLOCK))

        assert choice.usage == Usage(150, 15)

    async def test_can_be_to_answer_directly(self) -> None:
        model = ScriptedProvider([Reply('{"wish": "a greeting", "tool": "reply_directly"}')])

        choice = await choose_tool(model, asking(WEATHER, CLOCK))

        assert choice.call is None
        assert len(model.requests) == 1

    async def test_is_to_answer_directly_when_the_model_rambles(self) -> None:
        assert (await choose_tool(ScriptedProvider([Reply('{"wish": "the wea')]), asking(WEATHER))).call is None

    async def test_shows_the_model_the_tools_and_the_last_message(self) -> None:
        model = ScriptedProvider([Reply('{"tool": "reply_directly"}')])
        turns = [Turn("user", "Hi"), Turn("assistant", "Hello"), Turn("user", "Does it rain in Oslo?")]

        await choose_tool(model, asking(WEATHER, turns=turns))

        shown = model.requests[0].turns[-1].text
        assert "- get_weather: Tells the weather" in shown
        assert shown.endswith("Message: Does it rain in Oslo?")

    @pytest.mark.parametrize("tool_choice", ["required", {"name": "get_weather"}])
    async def test_of_one_possible_tool_is_not_asked_for(self, tool_choice: Any) -> None:
        model = ScriptedProvider([Reply('{"city": "Oslo"}')])

        choice = await choose_tool(model, asking(WEATHER, tool_choice=tool_choice))

        assert choice.call
        assert choice.call.name == "get_weather"
        assert len(model.requests) == 1

    async def test_that_is_required_leaves_no_way_out(self) -> None:
        model = ScriptedProvider([Reply('{"tool": "get_time"}')])

        choice = await choose_tool(model, asking(WEATHER, CLOCK, tool_choice="required"))

        assert schema(model.requests[0])["properties"]["tool"]["enum"] == ["get_weather", "get_time"]
        assert choice.call
        assert choice.call.arguments == "{}"

    @pytest.mark.parametrize(
        "request_", [asking(), asking(WEATHER, tool_choice="none")], ids=["without tools", "when tools are forbidden"]
    )
    async def test_is_not_offered(self, request_: Request) -> None:
        model = ScriptedProvider()

        assert (await choose_tool(model, request_)).call is None
        assert model.requests == []

    async def test_is_not_offered_after_a_result(self) -> None:
        model = ScriptedProvider()
        turns = [
            Turn("user", "Does it rain in Oslo?"),
            Turn("assistant", tool_calls=(ToolCall("call_1", "get_weather", '{"city": "Oslo"}'),)),
            Turn("tool", "rain", tool_call_id="call_1"),
        ]

        assert (await choose_tool(model, asking(WEATHER, turns=turns, tool_choice="required"))).call is None
        assert model.requests == []


class TestArguments:
    async def test_are_asked_for_as_any_json_when_the_server_refuses_the_schema(self) -> None:
        model = ScriptedProvider([Reply(ProviderError("cannot compile"), once=True), Reply('{"city": "Oslo"}')])

        choice = await choose_tool(model, asking(WEATHER, tool_choice="required"))

        assert choice.call
        assert choice.call.arguments == '{"city": "Oslo"}'
        assert model.requests[1].response_format == {"type": "json_object"}

    async def test_that_are_cut_off_are_an_error(self) -> None:
        with pytest.raises(ProviderError, match="get_weather"):
            await choose_tool(ScriptedProvider([Reply('{"city": "Os')]), asking(WEATHER, tool_choice="required"))


CODE = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
PYTHON = Function("run_python", "Runs Python code.\nAll that there is to know of it.", CODE)


def programmer(answer: str) -> ScriptedProvider:
    return ScriptedProvider([Reply('{"wish": "calculate", "tool": "run_python"}', once=True), Reply(answer)])


class TestAToolThatTakesCode:
    @pytest.mark.parametrize(
        "answer",
        [
            "```python\nprint(6 * 7)\n```",
            "Here it is:\n```\nprint(6 * 7)\n```\nDone.",
            "print(6 * 7)",
            "```py\nprint(6 * 7)",
        ],
    )
    async def test_is_given_the_program_that_the_model_writes_in_words(self, answer: str) -> None:
        model = programmer(answer)

        choice = await choose_tool(model, asking(PYTHON, turns=[Turn("user", "What is 6 times 7?")]))

        assert choice.call
        assert json.loads(choice.call.arguments) == {"code": "print(6 * 7)"}
        assert model.requests[1].response_format == "auto"
        assert model.requests[1].turns[-1].text == "What is 6 times 7?"

    @pytest.mark.parametrize("answer", ["Hello! How can I help you today?", "```python\nprint(\n```", ""])
    async def test_is_left_when_the_model_writes_no_program(self, answer: str) -> None:
        choice = await choose_tool(programmer(answer), asking(PYTHON))
        assert choice.call is None
        assert choice.usage.completion > 0

    async def test_is_shown_by_the_first_paragraph_of_its_description(self) -> None:
        model = programmer("print(1)")
        await choose_tool(model, asking(PYTHON))
        shown = model.requests[0].turns[-1].text
        assert "- run_python: Runs Python code.\n" in shown
        assert "All that there is to know" not in shown
