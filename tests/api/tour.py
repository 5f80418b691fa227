"""A program that goes everywhere in the API once, and remembers what it was answered."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx2

from tests.api.belongings import picture
from tests.live import LiveServer

Body = dict[str, Any]
FUNCTION = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
FUNCTION_TOOL = {"type": "function", "function": FUNCTION}
HOSTED_TOOLS = [{"type": "file_search", "file_search": {"max_num_results": 5}}, {"type": "code_interpreter"}]
SCHEMA_FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "place", "schema": {"type": "object", "properties": {}}, "strict": False},
}
TWO_CALLS = '/calls\nget_weather {"city": "Oslo"}\nget_weather {"city": "Rome"}'
MENU = b"The soup of the day is made of leek. It costs four coins.\n"
ATTRIBUTES = {"year": 2023, "price": 1.5, "draft": True, "team": "blue"}
CHUNKS = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}
STORE_FILE = "/vector_stores/{vector_store_id}/files/{file_id}"
BATCH = "/vector_stores/{vector_store_id}/file_batches/{batch_id}"
EXPIRE = """
from django.utils import timezone
from chat.models import Run
Run.objects.filter(id={!r}).update(expires_at=timezone.now())
"""
EXPIRE_STORES = """
from datetime import timedelta
from django.utils import timezone
from chat.models import VectorStore
VectorStore.objects.update(last_active_at=timezone.now() - timedelta(days=8))
"""


class Tour:
    """``replies`` are the bodies of answers by route, ``events`` the data of events by name, ``refusals`` the bodies of
    refusals.
    """

    def __init__(self, client: httpx2.Client, server: LiveServer) -> None:
        self.client, self.server = client, server
        self.replies: dict[str, list[Body]] = defaultdict(list)
        self.events: dict[str, list[Any]] = defaultdict(list)
        self.refusals: list[Body] = []
        self.ids: dict[str, str] = {}

    def take(self) -> None:
        self.see_files()
        self.see_vector_stores()
        self.see_assistants()
        self.see_threads()
        self.see_messages()
        self.see_runs()
        self.see_endings()
        self.see_models()
        self.see_completions()
        self.see_refusals()
        self.see_deletions()

    # --- asking ----------------------------------------------------------------------------------------------------

    def ask(self, route: str, body: Body | None = None, *, query: Body | None = None, **options: Any) -> Body:
        """The answer of a route, whose ids are those made last."""
        method, path = route.split(" ")
        content = {} if body is None else {"json": body}
        reply = self.client.request(method, path.format_map(self.ids), params=query, **content, **options)
        assert reply.status_code == 200, f"{route}: {reply.text}"
        shown: Body = reply.json()
        self.replies[route].append(shown)
        return shown

    def stream(self, route: str, body: Body, *, at: str = "", act: Callable[[str], Any] | None = None) -> Body:
        """The data of the last event but ``done``. At the first event named ``at``, ``act`` is called with the run."""
        method, path = route.split(" ")
        told: list[Any] = []
        run_id = name = ""
        with self.client.stream(method, path.format_map(self.ids), json={**body, "stream": True}) as reply:
            assert reply.status_code == 200, reply.read()
            for line in reply.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name != "done":
                    told.append(json.loads(line.removeprefix("data: ")))
                    self.events[name].append(told[-1])
                    run_id = told[-1]["id"] if told[-1].get("object") == "thread.run" else run_id
                    if act and name == at:
                        act(run_id)
                        act = None
        last: Body = told[-1]
        return last

    def remember(self, **ids: str) -> None:
        self.ids |= ids

    def list_all(self, route: str) -> None:
        """A page of one, and what comes after the end."""
        page = self.ask(route, query={"limit": 1})
        while page["data"]:
            page = self.ask(route, query={"after": page["last_id"]})

    # --- what there is ---------------------------------------------------------------------------------------------

    def see_files(self) -> None:
        expiry = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        for fields in ({"purpose": "vision"}, {"purpose": "assistants", **expiry}):
            file = self.ask("POST /files", data=fields, files={"file": ("dot.png", picture())})
        self.remember(image_id=file["id"], file_id=self.hand_in("menu.txt", MENU))
        self.ask("GET /files/{file_id}")
        self.list_all("GET /files")
        announced = {"filename": "a.txt", "bytes": 5, "purpose": "assistants", "mime_type": "text/plain"}
        for ending in ("cancel", "complete"):
            self.remember(upload_id=self.ask("POST /uploads", announced)["id"])
            part = self.ask("POST /uploads/{upload_id}/parts", files={"data": ("data", b"Hello")})
            body = {"part_ids": [part["id"]]} if ending == "complete" else None
            self.ask(f"POST /uploads/{{upload_id}}/{ending}", body)

    def hand_in(self, name: str, content: bytes) -> str:
        """The id of a new file."""
        file = self.ask("POST /files", data={"purpose": "assistants"}, files={"file": (name, content)})
        return str(file["id"])

    def see_vector_stores(self) -> None:
        expiry = {"anchor": "last_active_at", "days": 7}
        self.remember(vector_store_id=self.ask("POST /vector_stores", {"expires_after": expiry})["id"])
        self.server.shell(EXPIRE_STORES)
        self.ask("GET /vector_stores/{vector_store_id}")
        self.ask("POST /vector_stores")
        store = {"name": "Notes", "file_ids": [self.ids["file_id"]], "expires_after": expiry, "metadata": {"of": "me"}}
        self.remember(vector_store_id=self.ask("POST /vector_stores", store)["id"])
        self.ask("GET /vector_stores/{vector_store_id}")
        self.ask("POST /vector_stores/{vector_store_id}", {"name": None, "expires_after": None})
        self.list_all("GET /vector_stores")
        self.see_store_files()
        self.see_file_batches()
        self.see_searches()

    def see_store_files(self) -> None:
        """In every status but cancelled: read, broken, and again in progress."""
        broken = self.hand_in("broken.pdf", b"%PDF-1.7 and no more")
        file_id = self.ids["file_id"]
        for file in ({"file_id": broken}, {"file_id": file_id, "attributes": ATTRIBUTES, "chunking_strategy": CHUNKS}):
            self.remember(file_id=self.ask("POST /vector_stores/{vector_store_id}/files", file)["id"])
            self.read()
            self.ask(f"GET {STORE_FILE}/content")
        self.ask(f"POST {STORE_FILE}", {"attributes": {"year": 2024}})
        self.ask(f"POST {STORE_FILE}", {"attributes": None})
        self.list_all("GET /vector_stores/{vector_store_id}/files")
        self.ask("GET /vector_stores/{vector_store_id}/files", query={"filter": "failed"})

    def read(self) -> Body:
        """The store's file once it is read."""
        while True:
            file = self.ask(f"GET {STORE_FILE}")
            if file["status"] != "in_progress":
                return file
            time.sleep(0.1)

    def see_file_batches(self) -> None:
        """In every status. Reading what is long takes longer than to say that it is not wanted."""
        broken, long = self.hand_in("b.pdf", b"%PDF-1.7 and no more"), self.hand_in("long.txt", MENU * 2_000)
        route = "POST /vector_stores/{vector_store_id}/file_batches"
        for batch in ({"file_ids": [self.ids["file_id"]]}, {"files": [{"file_id": broken, "attributes": ATTRIBUTES}]}):
            self.remember(batch_id=self.ask(route, batch)["id"])
            while self.ask(f"GET {BATCH}")["file_counts"]["in_progress"]:
                time.sleep(0.1)
            self.ask(f"POST {BATCH}/cancel")
        self.remember(batch_id=self.ask(route, {"file_ids": [long]})["id"])
        self.ask(f"POST {BATCH}/cancel")
        self.list_all(f"GET {BATCH}/files")

    def see_searches(self) -> None:
        found = self.ask("POST /vector_stores/{vector_store_id}/search", {"query": "What does the soup cost?"})
        assert found["data"]
        filters = {"type": "eq", "key": "year", "value": 2024}
        body = {"query": ["soup", "coins"], "filters": filters, "max_num_results": 1, "rewrite_query": True}
        self.ask("POST /vector_stores/{vector_store_id}/search", body)

    @property
    def resources(self) -> Body:
        return {
            "code_interpreter": {"file_ids": [self.ids["file_id"]]},
            "file_search": {"vector_store_ids": [self.ids["vector_store_id"]]},
        }

    def see_assistants(self) -> None:
        self.ask("POST /assistants", {"model": "scripted"})
        full = {"model": "scripted", "name": "Helper", "description": "Helps.", "instructions": "Be brief."}
        full |= {"tools": [*HOSTED_TOOLS, FUNCTION_TOOL], "tool_resources": self.resources, "temperature": 0.5}
        full |= {"top_p": 0.5, "reasoning_effort": "low", "metadata": {"of": "me"}}
        for response_format in ("auto", {"type": "text"}, {"type": "json_object"}, SCHEMA_FORMAT):
            shown = self.ask("POST /assistants", full | {"response_format": response_format})
        self.remember(assistant_id=shown["id"])
        self.ask("GET /assistants/{assistant_id}")
        self.list_all("GET /assistants")
        cleared = dict.fromkeys(["name", "description", "metadata", "temperature", "reasoning_effort"])
        self.ask("POST /assistants/{assistant_id}", {**cleared, "tools": [FUNCTION_TOOL]})

    def see_threads(self) -> None:
        self.ask("POST /threads")
        attached = [{"file_id": self.ids["file_id"], "tools": [{"type": "code_interpreter"}, {"type": "file_search"}]}]
        message = {"role": "user", "content": "Hello", "attachments": attached, "metadata": {"of": "me"}}
        thread = {"messages": [message], "metadata": {"of": "me"}, "tool_resources": self.resources}
        self.remember(thread_id=self.ask("POST /threads", thread)["id"])
        self.ask("GET /threads/{thread_id}")
        self.ask("POST /threads/{thread_id}", {"metadata": None})
        self.list_all("GET /threads")

    def see_messages(self) -> None:
        route = "POST /threads/{thread_id}/messages"
        image = {"type": "image_file", "image_file": {"file_id": self.ids["image_id"], "detail": "low"}}
        linked = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
        self.ask(route, {"role": "assistant", "content": "An earlier answer."})
        parts = [{"type": "text", "text": "Look."}, image, linked]
        attached = [{"file_id": self.ids["file_id"], "tools": [{"type": "file_search"}]}]
        message = self.ask(route, {"role": "user", "content": parts, "attachments": attached})
        self.remember(message_id=message["id"])
        self.ask("GET /threads/{thread_id}/messages/{message_id}")
        self.ask("POST /threads/{thread_id}/messages/{message_id}", {"metadata": {"of": "me"}})
        self.list_all("GET /threads/{thread_id}/messages")

    # --- runs ------------------------------------------------------------------------------------------------------

    def begin(self, said: str) -> Body:
        """A new thread in which ``said`` was said; what a run on it needs."""
        self.remember(thread_id=self.ask("POST /threads", {"messages": [{"role": "user", "content": said}]})["id"])
        return {"assistant_id": self.ids["assistant_id"]}

    def see_runs(self) -> None:
        new = {"thread": {"messages": [{"role": "user", "content": TWO_CALLS}], "tool_resources": self.resources}}
        choice = {"type": "function", "function": {"name": "get_weather"}}
        settings = {
            "tools": [FUNCTION_TOOL],
            "tool_choice": choice,
            "parallel_tool_calls": False,
            "metadata": {"a": "b"},
        }
        settings |= {"max_prompt_tokens": 4000, "max_completion_tokens": 4000, "response_format": SCHEMA_FORMAT}
        settings |= {"truncation_strategy": {"type": "last_messages", "last_messages": 5}, "instructions": "Answer."}
        whole = {"assistant_id": self.ids["assistant_id"], **new, **settings}
        run = self.ask("POST /threads/runs", whole)
        self.remember(thread_id=run["thread_id"], run_id=run["id"])
        self.answer_calls(self.ended(), stream=False)
        self.ended()
        run = self.stream("POST /threads/runs", whole)
        self.remember(thread_id=run["thread_id"], run_id=run["id"])
        self.look_around()
        self.answer_calls(run, stream=True)
        self.look_around()
        body = self.begin("Hello") | {"additional_messages": [{"role": "user", "content": "And now?"}]}
        self.remember(run_id=self.ask("POST /threads/{thread_id}/runs", body)["id"])
        self.ended()
        self.ask("POST /threads/{thread_id}/runs/{run_id}", {"metadata": {"of": "me"}})
        self.list_all("GET /threads/{thread_id}/runs")
        self.look_around()

    def ended(self) -> Body:
        """The run as soon as it needs nobody or somebody else."""
        while True:
            run = self.ask("GET /threads/{thread_id}/runs/{run_id}")
            if run["status"] not in ("queued", "in_progress", "cancelling"):
                return run

    def answer_calls(self, run: Body, *, stream: bool) -> None:
        assert run["status"] == "requires_action"
        calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        body = {"tool_outputs": [{"tool_call_id": call["id"], "output": "3 °C"} for call in calls]}
        route = "POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs"
        assert (self.stream(route, body)["status"] if stream else self.ask(route, body)["status"]) != "requires_action"

    def look_around(self) -> None:
        """Everything about the run as it is now."""
        self.ended()
        self.list_all("GET /threads/{thread_id}/runs/{run_id}/steps")
        steps = self.ask("GET /threads/{thread_id}/runs/{run_id}/steps")["data"]
        for step in steps:
            self.remember(step_id=step["id"])
            self.ask("GET /threads/{thread_id}/runs/{run_id}/steps/{step_id}")
        self.ask("GET /threads/{thread_id}/messages", query={"run_id": self.ids["run_id"]})

    def see_endings(self) -> None:
        """Every way in which a run can end, with and without a word before."""
        for said in ("Hello", "/fail server", "/fail rate_limit 3", "/finish length", "/finish content_filter 3"):
            self.see_ending(said)
        for said in ("/wait 30", "/slow 30", TWO_CALLS):
            at = "thread.message.delta" if said.startswith("/slow") else "thread.run.in_progress"
            self.see_ending(said, at=at, act=self.expire)
            self.see_ending(said, at=at, act=lambda _run_id: self.ask("POST /threads/{thread_id}/runs/{run_id}/cancel"))

    def see_ending(self, said: str, *, at: str = "", act: Callable[[str], Any] | None = None) -> None:
        body = self.begin(said)

        def remember_and_act(run_id: str) -> None:
            self.remember(run_id=run_id)
            self.ask("GET /threads/{thread_id}/messages")
            if act:
                act(run_id)

        last = self.stream("POST /threads/{thread_id}/runs", body, at=at, act=remember_and_act)
        self.remember(run_id=last["id"])
        self.look_around()

    def expire(self, run_id: str) -> None:
        self.server.shell(EXPIRE.format(run_id))

    # --- the rest --------------------------------------------------------------------------------------------------

    def see_completions(self) -> None:
        tools = {"tools": [FUNCTION_TOOL]}
        for text, more in (("Hello", {}), (TWO_CALLS, tools)):
            asked = [{"role": "user", "content": text}]
            self.ask("POST /chat/completions", {"model": "scripted", "messages": asked, **more})
        self.ask("POST /embeddings", {"model": "scripted", "input": "Hello"})

    def see_models(self) -> None:
        listed = self.ask("GET /models")["data"]
        self.remember(model=listed[0]["id"])
        self.ask("GET /models/{model}")

    def see_refusals(self) -> None:
        wrong: list[tuple[str, str, Any]] = [
            ("GET", "/threads/thread_none", None),
            ("GET", "/files/file-none", None),
            ("DELETE", "/models/scripted", None),
            ("GET", "/nothing/here", None),
            ("DELETE", "/threads", None),
            ("POST", "/assistants", {"model": "scripted", "unknown": 1}),
            ("POST", "/assistants", [1]),
            ("GET", "/threads?limit=1000", None),
        ]
        for method, path, body in wrong:
            self.refusals.append(self.client.request(method, path, json=body).json())
        stranger = {"Authorization": "Bearer wrong"}
        self.refusals.append(self.client.get("/threads", headers=stranger).json())

    def see_deletions(self) -> None:
        self.begin("Hello")
        message = self.ask("POST /threads/{thread_id}/messages", {"role": "user", "content": "Hello"})
        self.remember(message_id=message["id"])
        for path in ("threads/{thread_id}/messages/{message_id}", "threads/{thread_id}", "assistants/{assistant_id}"):
            self.ask(f"DELETE /{path}")
        self.ask(f"DELETE {STORE_FILE}")
        for path in ("vector_stores/{vector_store_id}", "files/{file_id}"):
            self.ask(f"DELETE /{path}")
