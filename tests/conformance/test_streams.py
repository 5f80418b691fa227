"""Our streams beside the golden ones of the reference, section 7: by themselves, and as an SDK's handler hears them.

04 and 05 are left out: they need the code interpreter and the file search, which do not run yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from chat.events.types import Event
from tests.conformance.handlers import events_in, heard_in
from tests.engine.golden import STREAMS, assert_like
from tests.live import LiveServer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": False,
    },
}
TWO_CALLS = '/calls\nget_weather {"city":"Oslo"}\nget_weather {"city":"Rome"}'
EXPIRE = """
from django.utils import timezone
from chat.models import Run
Run.objects.filter(id="{}").update(expires_at=timezone.now())
"""
DELTA = "thread.message.delta"
Act = Callable[[dict[str, Any]], object]


class Api:
    """Raw HTTP, so that what is compared is what went over the wire."""

    def __init__(self, client: httpx2.Client, server: LiveServer) -> None:
        self.client, self.server = client, server

    def make(self, path: str, **body: Any) -> dict[str, Any]:
        """What a POST answers."""
        return told(self.client.post(path, json=body))

    def stream(self, path: str, *, on: str = "", act: Act = lambda data: None, **body: Any) -> bytes:
        """The answer to a request for a stream, to its end; ``act`` is done once, at the first event named ``on``."""
        heard = b""
        with self.client.stream("POST", path, json={**body, "stream": True}) as response:
            assert response.status_code == 200, response.read()
            for piece in response.iter_raw():
                heard += piece
                if on and (found := [event.data for event in events_of(heard) if event.name == on]):
                    on = ""
                    act(found[0])
        return heard


def told(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()
    return data


def events_of(stream: bytes) -> list[Event]:
    """The events of a recorded stream, as far as they have come, but for comments and the API's own ``done``."""
    *blocks, _rest = stream.decode().split("\n\n")
    named = [block.removeprefix("event: ").split("\ndata: ") for block in blocks if block.startswith("event: ")]
    return [
        Event(run_id="", seq=place, name=name, data=json.loads(data))
        for place, (name, data) in enumerate(named)
        if name != "done"
    ]


@pytest.fixture(scope="module")
def api(server: LiveServer, key: str) -> Iterator[Api]:
    headers = {"Authorization": f"Bearer {key}", "OpenAI-Beta": "assistants=v2"}
    with httpx2.Client(base_url=f"{server.url}/v1", headers=headers, timeout=60) as client:
        yield Api(client, server)


@pytest.fixture(scope="module")
def assistant_id(api: Api) -> str:
    return str(api.make("/assistants", model="gpt-4o", instructions="Be brief.")["id"])


def ask(api: Api, assistant_id: str, text: str, **options: Any) -> bytes:
    """The stream of a run on a new thread in which ``text`` was said."""
    thread = api.make("/threads", messages=[{"role": "user", "content": text}])
    return api.stream(f"/threads/{thread['id']}/runs", assistant_id=assistant_id, **options)


def answered(api: Api, assistant_id: str) -> bytes:
    """The stream that tool outputs begin."""
    run = events_of(ask(api, assistant_id, TWO_CALLS, tools=[WEATHER]))[-1].data
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": "3C"} for call in calls]
    return api.stream(f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs", tool_outputs=outputs)


def cancelled(api: Api, assistant_id: str) -> bytes:
    return at_the_first_word(
        api, assistant_id, lambda run: api.make(f"/threads/{run['thread_id']}/runs/{run['id']}/cancel")
    )


def expired(api: Api, assistant_id: str) -> bytes:
    return at_the_first_word(api, assistant_id, lambda run: api.server.shell(EXPIRE.format(run["id"])))


def at_the_first_word(api: Api, assistant_id: str, act: Act) -> bytes:
    """The stream of a long answer; ``act`` is done with its run at its first word."""
    thread = api.make("/threads", messages=[{"role": "user", "content": "/slow 60"}])
    path = f"/threads/{thread['id']}/runs"
    return api.stream(
        path, assistant_id=assistant_id, on=DELTA, act=lambda _delta: act(told(api.client.get(path))["data"][0])
    )


def deleted(api: Api, assistant_id: str) -> bytes:
    """The thread goes while its run is silent."""

    delete = lambda run: told(api.client.delete(f"/threads/{run['thread_id']}"))  # noqa: E731
    return ask(api, assistant_id, "/wait 60", on="thread.run.in_progress", act=delete)


def opened(api: Api, assistant_id: str) -> bytes:
    thread = {"messages": [{"role": "user", "content": "/say Hello! How can I help?"}]}
    return api.stream("/threads/runs", assistant_id=assistant_id, thread=thread)


SCENARIOS: dict[str, Callable[[Api, str], bytes]] = {
    "01_text": lambda api, assistant_id: ask(api, assistant_id, "/say Hello! How can I help?"),
    "01b_create_thread_and_run": opened,
    "02_function_requires_action": lambda api, assistant_id: ask(api, assistant_id, TWO_CALLS, tools=[WEATHER]),
    "03_submit_tool_outputs": answered,
    "06_failed": lambda api, assistant_id: ask(api, assistant_id, "/fail server 1"),
    "06b_failed_before_steps": lambda api, assistant_id: ask(api, assistant_id, "/fail rate_limit"),
    "07_cancelled": cancelled,
    "08_expired": expired,
    "09_incomplete": lambda api, assistant_id: ask(api, assistant_id, "/finish length 1"),
    "10_error": deleted,
}


@pytest.mark.parametrize("name", SCENARIOS)
class TestAStream:
    def test_is_the_golden_one_but_for_ids_times_and_texts(self, name: str, api: Api, assistant_id: str) -> None:
        ours = SCENARIOS[name](api, assistant_id)
        assert ours.endswith(b"\n\n")
        assert ours.endswith(b"event: done\ndata: [DONE]\n\n") == (name != "10_error")
        assert_like(events_of(ours), name)

    def test_calls_the_same_methods_of_a_handler(self, name: str, api: Api, assistant_id: str) -> None:
        golden = STREAMS / f"{name}.sse"
        if not golden.exists():
            pytest.skip("the reference's streams are not beside the repository")
        ours = SCENARIOS[name](api, assistant_id)
        assert heard_in(ours) == heard_in(golden.read_bytes())
        assert events_in(ours) == events_in(golden.read_bytes())
