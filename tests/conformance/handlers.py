"""What the methods of an event handler of the official SDK hear in a stream."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import httpx2
from openai import APIError, AssistantEventHandler, OpenAI


class Listener(AssistantEventHandler):
    """Writes down what it is told, but for ids and texts, which nobody promised."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def on_run_step_created(self, run_step: Any) -> None:
        self.heard.append(f"step created: {run_step.type}")

    def on_run_step_done(self, run_step: Any) -> None:
        self.heard.append(f"step done: {run_step.status}")

    def on_message_created(self, message: Any) -> None:
        self.heard.append("message created")

    def on_message_done(self, message: Any) -> None:
        reason = message.incomplete_details and message.incomplete_details.reason
        self.heard.append(f"message done: {message.status} {reason}")

    def on_text_created(self, text: Any) -> None:
        self.heard.append("text created")

    def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        self.heard.append(f"text delta: {len(snapshot.annotations)} annotations")

    def on_text_done(self, text: Any) -> None:
        self.heard.append(f"text done: {[(type(note).__name__, note.text in text.value) for note in text.annotations]}")

    def on_tool_call_created(self, tool_call: Any) -> None:
        self.heard.append(f"call created: {tool_call.type}")

    def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None:
        self.heard.append(f"call delta: {delta.type}")

    def on_tool_call_done(self, tool_call: Any) -> None:
        function = tool_call.function
        self.heard.append(f"call done: {function.name} {function.arguments} {function.output}")

    def on_exception(self, exception: Exception) -> None:
        self.heard.append(f"exception: {type(exception).__name__}")

    def on_end(self) -> None:
        self.heard.append("end")


def heard_in(stream: bytes) -> list[str]:
    """What is heard in a recorded ``stream``, to the states that the helpers keep; a row of equal lines is one."""
    client = client_of(stream)
    listener = Listener()
    try:
        with client.beta.threads.runs.stream(thread_id="t", assistant_id="a", event_handler=listener) as helper:
            helper.until_done()
            steps = kept(helper.get_final_run_steps)
            messages = kept(helper.get_final_messages)
            ends = [
                f"run: {helper.get_final_run().status}",
                f"steps: {[(step.type, step.status) for step in steps]}",
                f"messages: {[(message.status, [part.type for part in message.content]) for message in messages]}",
            ]
    except APIError as error:
        ends = [f"raised: {type(error).__name__}"]
    return [line for line, _same in groupby(listener.heard)] + ends


def kept(get: Callable[[], list[Any]]) -> list[Any]:
    """What a helper gives, which raises an error where there is nothing to give."""
    try:
        return get()
    except RuntimeError:
        return []


def events_in(stream: bytes) -> list[str]:
    """The names of the events that a plain ``create(stream=True)`` gives; a row of equal names is one."""
    events = client_of(stream).beta.threads.runs.create("t", assistant_id="a", stream=True)
    names: list[str] = []
    try:
        for event in events:
            names.append(event.event)
    except APIError as error:
        names.append(f"raised: {type(error).__name__}")
    return [name for name, _same in groupby(names)]


def client_of(stream: bytes) -> OpenAI:
    """A client that is told ``stream``, whatever it asks."""
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=stream))
    return OpenAI(api_key="k", base_url="http://h/v1", http_client=httpx2.Client(transport=transport))
