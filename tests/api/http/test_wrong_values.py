"""Values that do not fit, in the exact words: reference, sections 4 and 12."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, Thread
from tests.api.calling import Api, Body, refused, told
from tests.api.http.test_wrong_requests import missing, mistyped, out_of_range, too_long, unknown, unsupported

pytestmark = pytest.mark.django_db
Said = tuple[str, str, str]
FUNCTION = {"name": "f"}
TOOLS = "'code_interpreter', 'file_search', and 'function'"


def function(**fields: Any) -> Body:
    return {"tools": [{"type": "function", "function": FUNCTION | fields}]}


def search(**resources: Any) -> Body:
    return {"tool_resources": {"file_search": resources}}


SETTINGS: list[tuple[Body, Said]] = [
    ({"model": 5}, mistyped("model", "a string", "an integer")),
    (
        {"model": ""},
        (
            "Invalid 'model': string too short. Expected a string with minimum length 1, but got a string with length 0"
            " instead.",
            "model",
            "string_below_min_length",
        ),
    ),
    ({"instructions": "x" * 256_001}, too_long("instructions", 256_000, 256_001)),
    ({"instructions": ["x"]}, mistyped("instructions", "a string", "an array")),
    (
        {"reasoning_effort": "huge"},
        unsupported("reasoning_effort", "huge", "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'"),
    ),
    ({"temperature": 2.1}, out_of_range("temperature", "<= 2", 2.1, "decimal")),
    ({"temperature": -0.1}, out_of_range("temperature", ">= 0", -0.1, "decimal")),
    ({"temperature": "1"}, mistyped("temperature", "a decimal", "a string")),
    ({"temperature": True}, mistyped("temperature", "a decimal", "a boolean")),
    ({"top_p": 1.01}, out_of_range("top_p", "<= 1", 1.01, "decimal")),
    ({"response_format": "json"}, unsupported("response_format", "json", "'auto'")),
    (
        {"response_format": {"type": "xml"}},
        unsupported("response_format.type", "xml", "'text', 'json_object', and 'json_schema'"),
    ),
    ({"response_format": {"type": "json_schema"}}, missing("response_format.json_schema")),
    ({"response_format": {}}, missing("response_format.type")),
    ({"response_format": {"type": "text", "strict": True}}, unknown("response_format.strict")),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
        missing("response_format.json_schema.schema"),
    ),
    ({"tools": {}}, mistyped("tools", "an array of objects", "an object")),
    ({"tools": ["function"]}, mistyped("tools[0]", "an object", "a string")),
    ({"tools": [{"type": "web_search"}]}, unsupported("tools[0].type", "web_search", TOOLS)),
    ({"tools": [{"type": "code_interpreter"}, {}]}, missing("tools[1].type")),
    ({"tools": [{"type": "function"}]}, missing("tools[0].function")),
    ({"tools": [{"type": "function", "function": {}}]}, missing("tools[0].function.name")),
    (function(args={}), unknown("tools[0].function.args")),
    (function(strict="yes"), mistyped("tools[0].function.strict", "a boolean", "a string")),
    (function(name="x" * 65), too_long("tools[0].function.name", 64, 65)),
    (
        function(name="a b"),
        (
            "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the"
            " pattern '^[a-zA-Z0-9_-]+$'.",
            "tools[0].function.name",
            "invalid_value",
        ),
    ),
    ({"tools": [{"type": "code_interpreter"}] * 129}, too_long("tools", 128, 129, "an array")),
    (
        {"tools": [{"type": "file_search", "file_search": {"max_num_results": 51}}]},
        out_of_range("tools[0].file_search.max_num_results", "<= 50", 51),
    ),
    (
        {"tools": [{"type": "file_search", "file_search": {"ranking_options": {}}}]},
        missing("tools[0].file_search.ranking_options.score_threshold"),
    ),
    (
        {
            "tools": [
                {
                    "type": "file_search",
                    "file_search": {"ranking_options": {"score_threshold": 0, "hybrid_search": {"text_weight": 1}}},
                }
            ]
        },
        missing("tools[0].file_search.ranking_options.hybrid_search.embedding_weight"),
    ),
]
RESOURCES: list[tuple[Body, Said]] = [
    (search(file_ids=[]), unknown("tool_resources.file_search.file_ids")),
    (
        search(vector_store_ids="vs_1"),
        mistyped("tool_resources.file_search.vector_store_ids", "an array of strings", "a string"),
    ),
    (
        search(vector_store_ids=["vs_1", "vs_2"]),
        too_long("tool_resources.file_search.vector_store_ids", 1, 2, "an array"),
    ),
    (
        search(vector_store_ids=[1]),
        mistyped("tool_resources.file_search.vector_store_ids[0]", "a string", "an integer"),
    ),
    (
        {"tool_resources": {"code_interpreter": {"file_ids": ["file-x"] * 21}}},
        too_long("tool_resources.code_interpreter.file_ids", 20, 21, "an array"),
    ),
    ({"tool_resources": {"retrieval": {}}}, unknown("tool_resources.retrieval")),
]
RUNS: list[tuple[Body, Said]] = [
    ({"stream": "true"}, mistyped("stream", "a boolean", "a string")),
    ({"max_prompt_tokens": 0}, out_of_range("max_prompt_tokens", ">= 1", 0)),
    ({"max_completion_tokens": 1.5}, mistyped("max_completion_tokens", "an integer", "a decimal")),
    (
        {"truncation_strategy": {"type": "first"}},
        unsupported("truncation_strategy.type", "first", "'auto' and 'last_messages'"),
    ),
    ({"truncation_strategy": {"type": "last_messages"}}, missing("truncation_strategy.last_messages")),
    (
        {"truncation_strategy": {"type": "last_messages", "last_messages": 0}},
        out_of_range("truncation_strategy.last_messages", ">= 1", 0),
    ),
    ({"tool_choice": "always"}, unsupported("tool_choice", "always", "'none', 'auto', and 'required'")),
    ({"tool_choice": {"type": "python"}}, unsupported("tool_choice.type", "python", TOOLS)),
    ({"tool_choice": {"type": "function"}}, missing("tool_choice.function")),
    ({"tool_choice": {"type": "function", "function": {}}}, missing("tool_choice.function.name")),
    (
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        (
            "Invalid value for 'tool_choice': the run has no function named 'f'. Add it to the tools, or choose one"
            " that is there.",
            "tool_choice",
            "invalid_value",
        ),
    ),
    ({"parallel_tool_calls": 1}, mistyped("parallel_tool_calls", "a boolean", "an integer")),
    ({"assistant_id": None}, mistyped("assistant_id", "a string", "null")),
]
MESSAGES: list[tuple[Body, Said]] = [
    ({"role": "system"}, unsupported("role", "system", "'user' and 'assistant'")),
    ({"content": None}, mistyped("content", "a string", "null")),
    ({"content": {"type": "text"}}, mistyped("content", "a string", "an object")),
    (
        {"content": []},
        (
            "Invalid 'content': array too short. Expected an array with minimum length 1, but got an array with length"
            " 0 instead.",
            "content",
            "array_below_min_length",
        ),
    ),
    ({"content": ["a"]}, mistyped("content[0]", "an object", "a string")),
    ({"content": [{"type": "text"}]}, missing("content[0].text")),
    ({"content": [{"type": "text", "text": {"value": "a"}}]}, mistyped("content[0].text", "a string", "an object")),
    (
        {"content": [{"type": "audio"}]},
        unsupported("content[0].type", "audio", "'text', 'image_file', and 'image_url'"),
    ),
    ({"content": [{"type": "image_file", "image_file": {}}]}, missing("content[0].image_file.file_id")),
    (
        {"content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "max"}}]},
        unsupported("content[0].image_url.detail", "max", "'auto', 'low', and 'high'"),
    ),
    ({"content": "x" * 256_001}, too_long("content", 256_000, 256_001)),
    ({"attachments": {}}, mistyped("attachments", "an array of objects", "an object")),
    ({"attachments": [{"tools": []}]}, missing("attachments[0].file_id")),
    (
        {"attachments": [{"file_id": "file-x", "tools": [{"type": "file_search", "file_search": {}}]}]},
        unknown("attachments[0].tools[0].file_search"),
    ),
    ({"metadata": {"type": "text", "text": 5}}, mistyped("metadata.text", "a string", "an integer")),
    (
        {"attachments": [{"file_id": "file-x", "tools": [{"type": "retrieval"}]}]},
        unsupported("attachments[0].tools[0].type", "retrieval", "'code_interpreter' and 'file_search'"),
    ),
]
ASSISTANTS: list[tuple[Body, Said]] = [
    ({"name": "x" * 257}, too_long("name", 256, 257)),
    ({"description": "x" * 513}, too_long("description", 512, 513)),
    ({"name": 1}, mistyped("name", "a string", "an integer")),
]


@pytest.mark.parametrize(("wrong", "said"), ASSISTANTS + SETTINGS + RESOURCES)
class TestAnAssistant:
    def test_is_not_made_of_what_does_not_fit(self, api: Api, wrong: Body, said: Said) -> None:
        message, param, code = said
        assert told(api.post("/assistants", {"model": "m"} | wrong)) == refused(message, param=param, code=code)
        assert not Assistant.objects.exists()

    def test_is_not_changed_to_what_does_not_fit(self, api: Api, assistant: Assistant, wrong: Body, said: Said) -> None:
        message, param, code = said
        assert told(api.post(f"/assistants/{assistant.id}", wrong)) == refused(message, param=param, code=code)


@pytest.mark.parametrize(("wrong", "said"), SETTINGS + RUNS)
class TestARun:
    def test_is_not_started_with_what_does_not_fit(
        self, api: Api, assistant: Assistant, thread: Thread, wrong: Body, said: Said
    ) -> None:
        message, param, code = said
        reply = api.post(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id} | wrong)
        assert told(reply) == refused(message, param=param, code=code)
        assert not thread.runs.exists()

    def test_leaves_no_thread_when_it_was_to_begin_with_one(
        self, api: Api, assistant: Assistant, wrong: Body, said: Said
    ) -> None:
        message, param, code = said
        reply = api.post("/threads/runs", {"assistant_id": assistant.id} | wrong)
        assert told(reply) == refused(message, param=param, code=code)
        assert not Thread.objects.exists()


@pytest.mark.parametrize(("wrong", "said"), RESOURCES)
class TestAThread:
    def test_has_no_resources_that_do_not_fit(self, api: Api, wrong: Body, said: Said) -> None:
        message, param, code = said
        assert told(api.post("/threads", wrong)) == refused(message, param=param, code=code)

    def test_of_a_run_has_none_either(self, api: Api, assistant: Assistant, wrong: Body, said: Said) -> None:
        message, param, code = said
        reply = api.post("/threads/runs", {"assistant_id": assistant.id, "thread": wrong})
        assert told(reply) == refused(message.replace("'tool", "'thread.tool"), param=f"thread.{param}", code=code)


@pytest.mark.parametrize(("wrong", "said"), MESSAGES)
class TestAMessage:
    def test_is_not_made_of_what_does_not_fit(self, api: Api, thread: Thread, wrong: Body, said: Said) -> None:
        message, param, code = said
        reply = api.post(f"/threads/{thread.id}/messages", {"role": "user", "content": "a"} | wrong)
        assert told(reply) == refused(message, param=param, code=code)
        assert not thread.messages.exists()

    @pytest.mark.parametrize("name", ["messages", "thread.messages", "additional_messages"])
    def test_is_refused_with_its_place_among_others(
        self, api: Api, thread: Thread, wrong: Body, said: Said, name: str
    ) -> None:
        message, param, code = said
        fine = {"role": "user", "content": "a"}
        messages = [fine, fine | wrong]
        path, body = {
            "messages": ("/threads", {"messages": messages}),
            "thread.messages": ("/threads/runs", {"thread": {"messages": messages}}),
            "additional_messages": (f"/threads/{thread.id}/runs", {"additional_messages": messages}),
        }[name]
        needed = {} if path == "/threads" else {"assistant_id": Assistant.objects.get().id}
        place = f"{name}[1].{param}"
        reply = told(api.post(path, needed | body))
        assert reply == refused(message.replace(f"'{param}'", f"'{place}'"), param=place, code=code)
        assert list(Thread.objects.all()) == [thread]
        assert not thread.messages.exists()
