"""Frames that no program would send: each is carried out or refused, whatever its fields hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chat.api.websocket.commands import execute
from chat.api.websocket.frames import Resume, parse_frame
from chat.api.websocket.replies import error_frame
from chat.errors import Refusal
from chat.models import Assistant, Thread, User

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TYPES = ["send_message", "start_run", "cancel_run", "submit_tool_outputs", "resume"]
FIELDS = [
    *("request_id", "client_key", "role", "content", "attachments", "metadata", "run", "run_id", "seq", "assistant_id"),
    *("model", "instructions", "additional_messages", "tools", "tool_choice", "temperature", "response_format"),
    *("truncation_strategy", "max_prompt_tokens", "tool_outputs", "stream", "parallel_tool_calls", "reasoning_effort"),
]
KEYS = st.sampled_from(
    [*FIELDS, "type", "text", "image_url", "image_file", "file_id", "tool_call_id", "output", "name", ""]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["ASSISTANT", "RUN", "file-1", "user", "auto", "text", "function", "code_interpreter", "\ud800", "\x00"]
    ),
    st.sampled_from(["HUGE", "x" * 300_000, -(10**30)]),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
FRAMES = st.builds(
    lambda kind, fields: fields | {"type": kind},
    st.sampled_from([*TYPES, "send_message", "nothing", None]),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5),
)


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


def named(value: Any, names: dict[str, str]) -> Any:
    """Return ``value`` with the ids of what is there."""
    if isinstance(value, dict):
        return {key: named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def status_of(user: User, thread: Thread, text: str) -> int:
    """Return the status of the refusal of a frame; 200 if it is carried out."""
    try:
        parsed = parse_frame(text)
        if not isinstance(parsed, Resume):
            execute(user, thread.id, parsed)
    except Refusal as refusal:
        error_frame(refusal, request_id=None)
        return refusal.status
    return 200


class TestAnOddFrame:
    @pytest.mark.parametrize("waiting", [False, True])
    def test_breaks_nothing(self, ada: User, thread: Thread, waiting: bool) -> None:
        run_id = "run_1"
        if waiting:
            started = execute(ada, thread.id, parse_frame(json.dumps({"type": "send_message", "content": "Hello"})))
            run_id = started["run"]["id"]
        names = {"ASSISTANT": thread.assistant.id, "RUN": run_id}

        @settings(
            max_examples=150,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(frame=st.one_of(FRAMES, VALUES))
        def check(frame: Any) -> None:
            text = json.dumps(named(frame, names)).replace('"HUGE"', "9" * 5000)  # more digits than Python reads
            assert status_of(ada, thread, text) < 500

        check()
