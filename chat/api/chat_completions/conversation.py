"""A body of Chat Completions as a request to an assistant: what is said goes to its thread, the rest to its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat.actions.conversation.completions import NewCompletion
from chat.api.chat_completions.bodies import (
    Answerable,
    AssistantMessage,
    Call,
    SystemMessage,
    ToolMessage,
    UserMessage,
    text_of,
)
from chat.errors import InvalidRequest
from chat.models import Assistant
from chat.providers.tool_names import FUNCTION

Said = UserMessage | AssistantMessage | ToolMessage
NO_OUTPUT = (
    "An assistant message with 'tool_calls' must be followed by messages with role 'tool' that answer each"
    " 'tool_call_id'. There is none for: {id}"
)


def new_completion(body: Answerable, *, assistant: Assistant) -> NewCompletion:
    """Return the request. Raise ``InvalidRequest`` for calls without outputs."""
    instructions = [text_of(each.content) for each in body.messages if isinstance(each, SystemMessage)]
    places = [place for place, each in enumerate(body.messages) if not isinstance(each, SystemMessage)]
    said: list[Said] = [each for each in body.messages if not isinstance(each, SystemMessage)]
    outputs = {each.tool_call_id: text_of(each.content) for each in said if isinstance(each, ToolMessage)}
    end = max((place for place, each in enumerate(said, start=1) if not _is_of_calls(each)), default=0)
    steps = [
        _answered(each.tool_calls, outputs)
        for each in said[end:]
        if isinstance(each, AssistantMessage) and each.tool_calls
    ]
    metadata = body.metadata or {}
    return NewCompletion(
        messages={
            place: fields
            for place, each in zip(places[:end], said[:end], strict=True)
            if (fields := _message(each, outputs))
        },
        answered_calls=steps,
        outputs=_last_outputs(said[end:]),
        settings=_settings(body, assistant=assistant, instructions="\n\n".join(filter(None, instructions))),
        end_user=body.user or "",
        thread_name=metadata.get("thread"),
    )


def _is_of_calls(message: Said) -> bool:
    return isinstance(message, ToolMessage) or (isinstance(message, AssistantMessage) and bool(message.tool_calls))


def _last_outputs(said: Sequence[Said]) -> dict[str, str]:
    """Return the outputs after the last message that calls functions, by the id of the call."""
    outputs: dict[str, str] = {}
    for each in said:
        if isinstance(each, ToolMessage):
            outputs[each.tool_call_id] = text_of(each.content)
        else:
            outputs = {}
    return outputs


def _answered(calls: Sequence[Call], outputs: Mapping[str, str]) -> list[dict[str, str]]:
    if missing := [call.id for call in calls if call.id not in outputs]:
        raise InvalidRequest(NO_OUTPUT.format(id=", ".join(missing)), param="messages")
    return [
        {"id": call.id, "name": call.function.name, "arguments": call.function.arguments, "output": outputs[call.id]}
        for call in calls
    ]


def _message(message: Said, outputs: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the fields of ``clean_message``; None for a message that says nothing."""
    if isinstance(message, UserMessage):
        content = message.content
        return {"role": "user", "content": content if isinstance(content, str) else [p.model_dump() for p in content]}
    if isinstance(message, ToolMessage):
        return None  # told with the call
    # A thread has no calls between its messages: what came of them is told in words.
    calls = [
        f"[Called {call['name']} with {call['arguments']}. It returned: {call['output']}]"
        for call in _answered(message.tool_calls or [], outputs)
    ]
    text = "\n\n".join(filter(None, [text_of(message.content), *calls]))
    return {"role": "assistant", "content": text} if text.strip() else None


def _settings(body: Answerable, *, assistant: Assistant, instructions: str) -> dict[str, Any]:
    """Return the settings of the run: what the program did not set is the assistant's."""
    functions = [tool.model_dump(exclude_unset=True) for tool in body.tools or ()]
    names = {tool[FUNCTION]["name"] for tool in functions}
    own = [tool for tool in assistant.tools if tool["type"] != FUNCTION or tool[FUNCTION]["name"] not in names]
    choice, form = body.tool_choice, body.response_format
    return {
        "additional_instructions": instructions,
        "tools": [*own, *functions] if functions else None,
        "tool_choice": choice if choice is None or isinstance(choice, str) else choice.model_dump(),
        "parallel_tool_calls": body.parallel_tool_calls,
        "temperature": body.temperature,
        "top_p": body.top_p,
        "max_completion_tokens": body.limit,
        "reasoning_effort": body.reasoning_effort,
        "response_format": form.model_dump(exclude_unset=True) if form else None,
    }
