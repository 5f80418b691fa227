"""The public form of our rows: the objects of the Assistants API (reference, section 3), in wire order.

Every door and every event shows rows this way, so a program sees the same object whichever way it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, overload

from chat.models.api_objects.run_shapes import RunObject, StepObject, UsageObject
from chat.models.api_objects.shapes import (
    AssistantObject,
    DeletedObject,
    MessageObject,
    ModelObject,
    ShownToolResources,
    ThreadObject,
)
from chat.models.assistants import Assistant
from chat.models.runs import Run, RunStep, StepStatus
from chat.models.threads import Message, Thread
from chat.providers.base import Usage
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

Object = Mapping[str, Any]  # any of them, to be read
RUNS_CODE = {"type": CODE_INTERPRETER}
NO_FILES: ShownToolResources = {CODE_INTERPRETER: {"file_ids": []}}  # shown where there are none, as OpenAI did


@overload
def seconds(instant: datetime) -> int: ...
@overload
def seconds(instant: datetime | None) -> int | None: ...
def seconds(instant: datetime | None) -> int | None:
    """Unix seconds, or None."""
    return None if instant is None else int(instant.timestamp())


def usage_object(usage: Usage) -> UsageObject:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_token_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def usage_of(usage: Object) -> Usage:
    """Return the ``Usage`` that a usage object shows."""
    return Usage(
        prompt=usage["prompt_tokens"],
        completion=usage["completion_tokens"],
        cached=usage["prompt_token_details"]["cached_tokens"],
        reasoning=usage["completion_tokens_details"]["reasoning_tokens"],
    )


def _chosen(value: float | None) -> float:
    """Return a temperature or top p as the API shows it: 1 where nobody chose."""
    return 1.0 if value is None else value


def assistant_object(row: Assistant) -> AssistantObject:
    return {
        "id": row.id,
        "object": "assistant",
        "created_at": seconds(row.created_at),
        "name": row.name or None,
        "description": row.description or None,
        "model": row.model,
        "instructions": row.instructions or None,
        "tools": row.tools,
        "top_p": _chosen(row.top_p),
        "temperature": _chosen(row.temperature),
        "reasoning_effort": row.reasoning_effort or None,
        "tool_resources": (NO_FILES if RUNS_CODE in row.tools else {}) | row.tool_resources,
        "metadata": row.metadata,
        "response_format": row.response_format,
    }


def thread_object(row: Thread) -> ThreadObject:
    return {
        "id": row.id,
        "object": "thread",
        "created_at": seconds(row.created_at),
        "metadata": row.metadata,
        "tool_resources": NO_FILES | row.tool_resources,
    }


def message_object(row: Message) -> MessageObject:
    return {
        "id": row.id,
        "object": "thread.message",
        "created_at": seconds(row.created_at),
        "assistant_id": row.assistant_id,
        "thread_id": row.thread_id,
        "run_id": row.run_id,
        "status": row.status,
        "incomplete_details": {"reason": row.incomplete_reason} if row.incomplete_reason else None,
        "incomplete_at": seconds(row.incomplete_at),
        "completed_at": seconds(row.completed_at),
        "role": row.role,
        "content": row.content,
        "attachments": row.attachments,
        "metadata": row.metadata,
    }


def run_object(row: Run) -> RunObject:
    return {
        "id": row.id,
        "object": "thread.run",
        "created_at": seconds(row.created_at),
        "assistant_id": row.assistant_id,
        "thread_id": row.thread_id,
        "status": row.status,
        "started_at": seconds(row.started_at),
        "expires_at": seconds(row.expires_at),
        "cancelled_at": seconds(row.cancelled_at),
        "failed_at": seconds(row.failed_at),
        "completed_at": seconds(row.completed_at),
        "required_action": row.required_action,
        "last_error": row.last_error,
        "model": row.model,
        "instructions": (row.instructions or None) if row.shown_instructions is None else row.shown_instructions,
        "tools": row.tools,
        "tool_resources": NO_FILES | row.tool_resources,
        "metadata": row.metadata,
        "temperature": _chosen(row.temperature),
        "top_p": _chosen(row.top_p),
        "reasoning_effort": row.reasoning_effort or None,
        "max_completion_tokens": row.max_completion_tokens,
        "max_prompt_tokens": row.max_prompt_tokens,
        "truncation_strategy": {"type": "auto", "last_messages": None} | row.truncation_strategy,
        "incomplete_details": row.incomplete_details,
        "usage": row.usage,
        "response_format": row.response_format,
        "tool_choice": row.tool_choice,
        "parallel_tool_calls": row.parallel_tool_calls,
    }


def step_object(row: RunStep, *, run: Run) -> StepObject:
    details: Any = row.details
    if details["type"] == "tool_calls":
        details = {**details, "tool_calls": [_shown_call(call) for call in details["tool_calls"]]}
    return {
        "id": row.id,
        "object": "thread.run.step",
        "created_at": seconds(row.created_at),
        "run_id": run.id,
        "assistant_id": run.assistant_id,
        "thread_id": run.thread_id,
        "type": row.type,
        "status": row.status,
        "cancelled_at": seconds(row.cancelled_at),
        "completed_at": seconds(row.completed_at),
        "expires_at": seconds(run.expires_at),
        "expired_at": seconds(run.expires_at) if row.status == StepStatus.EXPIRED else None,
        "failed_at": seconds(row.failed_at),
        "last_error": row.last_error,
        "step_details": details,
        "usage": None if row.status == StepStatus.IN_PROGRESS else row.usage,
        "metadata": None,
    }


def _shown_call(call: Object) -> Object:
    """Return the call without what only we keep: what was searched for, where a result stands, how code ended."""
    if call["type"] == CODE_INTERPRETER:
        value = call[CODE_INTERPRETER]
        return {**call, CODE_INTERPRETER: {"input": value["input"], "outputs": value["outputs"]}}
    if call["type"] != FILE_SEARCH:
        return call
    search = call[FILE_SEARCH]
    results = [{key: value for key, value in result.items() if key != "place"} for result in search["results"]]
    return {**call, FILE_SEARCH: {"ranking_options": search["ranking_options"], "results": results}}


def model_object(name: str, *, owner: str, created_at: datetime) -> ModelObject:
    return {"id": name, "object": "model", "created": seconds(created_at), "owned_by": owner}


def deleted_object(id: str, kind: str) -> DeletedObject:
    """Return the object that says that one of ``kind``, such as ``thread``, was deleted."""
    return {"id": id, "object": f"{kind}.deleted", "deleted": True}
