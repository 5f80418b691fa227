"""Our streams differ from the golden ones only in ids, times and texts: reference, section 7."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.golden import Told, golden, merged, outline
from tests.live import LiveServer

# The SDKs know these of a step; on the wire they were not seen. Both forms are sent (reference, section 3).
MORE = {"thread.run.step": {"expired_at", "metadata"}}
WEATHER = {"type": "function", "function": {"name": "get_weather"}}
TOOLS = {"call": [WEATHER], "search": [{"type": "file_search"}], "python": [{"type": "code_interpreter"}]}
TWO_CALLS = '/calls\nget_weather {"city":"Oslo"}\nget_weather {"city":"Rome"}'
CODE = """/python import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
print(42)
open("/mnt/data/out.csv", "w").write("a");"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sandbox_python: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("golden"), EVERTHREAD_SANDBOX="auto") as server:
        yield server


@pytest.fixture(scope="module")
def api(server: LiveServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {server.key}", "OpenAI-Beta": "assistants=v2"}
    with httpx2.Client(base_url=f"{server.url}/v1", headers=headers, timeout=60) as client:
        yield client


class Scene:
    """A thread on which ``said`` was said, and an assistant that may ask for the weather."""

    def __init__(self, api: httpx2.Client, server: LiveServer, said: str) -> None:
        self.api, self.server = api, server
        tools = next((tools for word, tools in TOOLS.items() if word in said), [])
        assistant = {"model": "gpt-4o", "instructions": "Be brief.", "tools": tools}
        self.assistant_id = api.post("/assistants", json=assistant).json()["id"]
        self.messages = [{"role": "user", "content": said}]
        self.thread_id = api.post("/threads", json={"messages": self.messages}).json()["id"]
        self.runs = f"/threads/{self.thread_id}/runs"

    def run(self, **settings: Any) -> list[Told]:
        return self.stream(self.runs, assistant_id=self.assistant_id, **settings)

    def stream(self, path: str, *, at: str = "", act: Callable[[str], Any] | None = None, **body: Any) -> list[Told]:
        """The events of the stream. At the first event named ``at``, ``act`` is called with the run's id."""
        told: list[Told] = []
        with self.api.stream("POST", path, json={**body, "stream": True}) as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            name = ""
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data = line.removeprefix("data: ")
                    told.append((name, data if data == "[DONE]" else json.loads(data)))
                    if act is not None and name == at:
                        threading.Thread(target=act, args=[told[0][1]["id"]]).start()
                        act = None
        return told

    def cancel(self, run_id: str) -> None:
        self.api.post(f"{self.runs}/{run_id}/cancel")

    def expire(self, run_id: str) -> None:
        self.server.shell(
            "from chat.models import Run\nfrom django.utils import timezone\n"
            f"Run.objects.filter(id={run_id!r}).update(expires_at=timezone.now())"
        )

    def delete_thread(self, _run_id: str) -> None:
        self.api.delete(f"/threads/{self.thread_id}")


def whole(scene: Scene) -> list[Told]:
    return scene.run()


def with_its_thread(scene: Scene) -> list[Told]:
    body = {"assistant_id": scene.assistant_id, "thread": {"messages": scene.messages}}
    return scene.stream("/threads/runs", **body)


def answered(scene: Scene) -> list[Told]:
    run = scene.run()[-2][1]
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": "3C"} for call in calls]
    return scene.stream(f"{scene.runs}/{run['id']}/submit_tool_outputs", tool_outputs=outputs)


def found(scene: Scene) -> list[Told]:
    """In a file that was attached."""
    files = {"file": ("foods.txt", b"Filip: cake"), "purpose": (None, "assistants")}
    file_id = scene.api.post("/files", files=files).json()["id"]
    attached = [{"file_id": file_id, "tools": [{"type": "file_search"}]}]
    question = {**scene.messages[0], "attachments": attached}
    scene.api.post(f"/threads/{scene.thread_id}/messages", json=question)
    return scene.run()


def cancelled(scene: Scene) -> list[Told]:
    return scene.run(at="thread.message.delta", act=scene.cancel)


def expired(scene: Scene) -> list[Told]:
    return scene.run(at="thread.message.delta", act=scene.expire)


def deleted(scene: Scene) -> list[Told]:
    return scene.run(at="thread.run.in_progress", act=scene.delete_thread)


SCENES: dict[str, tuple[str, Callable[[Scene], list[Told]]]] = {
    "01_text": ("/say Hello! How can I help?", whole),
    "01b_create_thread_and_run": ("/say Hello! How can I help?", with_its_thread),
    "02_function_requires_action": (TWO_CALLS, whole),
    "03_submit_tool_outputs": (TWO_CALLS, answered),
    "04_code_interpreter_image": (CODE, whole),
    "05_file_search": ("/search cake", found),
    "06_failed": ("/fail server 3", whole),
    "06b_failed_before_steps": ("/fail rate_limit", whole),
    "07_cancelled": ("/slow 50", cancelled),
    "08_expired": ("/slow 50", expired),
    "09_incomplete": ("/finish length", whole),
    "10_error": ("/wait 60", deleted),
}


@pytest.mark.parametrize("name", SCENES)
class TestAStream:
    def test_is_like_the_golden_one(self, name: str, api: httpx2.Client, server: LiveServer) -> None:
        wanted = merged(golden(name))
        said, act = SCENES[name]
        told = act(Scene(api, server, said))
        *ours, last = told if name != "10_error" else [*told, ("done", "[DONE]")]
        ours = merged(ours)
        assert last == ("done", "[DONE]")
        assert [event for event, _data in ours] == [event for event, _data in wanted]
        for (event, data), (_same, other) in zip(ours, wanted, strict=True):
            assert outline(data, keys=other) == outline(other, keys=other), event
            assert data.keys() - other.keys() <= MORE.get(data.get("object", ""), set()), event
