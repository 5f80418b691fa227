"""What a request costs the server, beside a bare view of Django.

    python -m tests.bench.requests [--rounds N] [--count N]

Children: a bare Django view on Daphne (``bare``), a mock upstream, and Everthread as ``manage.py serve`` starts it.
Each round asks for everything ``--count`` times, one request after the other, and as often for the bare view, in turns
of ``TURN`` requests: what else the machine does meets both. Compared is the CPU of the servers' processes, without what
they use when nobody asks: the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bench.ours import Everthread
from tests.bench.processes import Child, exact_cpu_seconds
from tests.live import free_port

IDLE = 5.0  # seconds in which nobody asks
WARM = 20  # requests that nobody counts
TURN = 20
BARE = "bare view"
_PREPARED = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from chat.actions.conversation import messages, threads
from chat.models import Assistant, User
user, assistant = User.objects.get(username="admin"), Assistant.objects.first()
thread = threads.create(user, assistant=assistant)
for number in range(10):
    messages.create(user, thread.id, content="Hello")
request = HttpRequest()
request.session = import_module(settings.SESSION_ENGINE).SessionStore()
login(request, user, backend="django.contrib.auth.backends.ModelBackend")
request.session.save()
print(assistant.id, thread.id, request.session.session_key)
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and at most how many times the CPU of the bare view it shall cost; None: it has no goal."""

    name: str
    method: str
    path: str
    most: float | None = None
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def send(self, client: http.client.HTTPConnection) -> None:
        """Raise ``RuntimeError`` if the status is another one."""
        body = None if self.body is None else json.dumps(self.body)
        client.request(self.method, self.path, body=body, headers=dict(self.headers))
        response = client.getresponse()
        said = response.read()
        if response.status != self.status:
            raise RuntimeError(f"{self.name}: {response.status} {said[:500]!r}")


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int
    idle: float  # CPU seconds a second

    @classmethod
    def rested(cls, pid: int, port: int) -> Server:
        """Measure what the server uses when nobody asks."""
        began = exact_cpu_seconds(pid)
        time.sleep(IDLE)
        return cls(pid, port, (exact_cpu_seconds(pid) - began) / IDLE)

    def cost(self, call: Call, count: int) -> float:
        """Return the CPU milliseconds of one of ``count`` requests."""
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            call.send(client)  # which opens the connection
            began, used = time.monotonic(), exact_cpu_seconds(self.pid)
            for _ in range(count):
                call.send(client)
            used = exact_cpu_seconds(self.pid) - used - self.idle * (time.monotonic() - began)
        finally:
            client.close()
        return used * 1e3 / count


def calls(ours: Everthread) -> list[Call]:
    assistant, thread, session = ours.shell(_PREPARED).split()[-3:]
    key = {"Authorization": f"Bearer {ours.key}", "OpenAI-Beta": "assistants=v2", "Content-Type": "application/json"}
    cookie = {"Cookie": f"sessionid={session}"}
    run = {"assistant_id": assistant, "model": "mock-10-0-0", "stream": True}
    run |= {"thread": {"messages": [{"role": "user", "content": "Hello"}]}}
    return [
        Call("GET /healthz", "GET", "/healthz", 1.2),
        Call("GET /v1/assistants/{id}", "GET", f"/v1/assistants/{assistant}", 2.2, headers=key),
        Call("404 under /v1", "GET", "/v1/nothing", 1.9, headers=key, status=404),
        Call("GET /v1/models", "GET", "/v1/models", 2.6, headers=key),
        Call("POST /v1/threads", "POST", "/v1/threads", 2.6, {}, headers=key),
        Call("a static file", "GET", "/static/css/chat.css"),
        Call("home", "GET", "/", 6, headers=cookie),
        Call("a thread's page", "GET", f"/threads/{thread}/", 9, headers=cookie),
        Call("a short streamed run", "POST", "/v1/threads/runs", 8.4, run, headers=key),
    ]


def compare(server: Server, bare: Server, call: Call, count: int) -> tuple[float, float]:
    """Return the CPU milliseconds of one of ``count`` requests, and of as many for the bare view, taken in turns."""
    plain = Call(BARE, "GET", "/")
    server.cost(call, WARM)
    turns = [(server.cost(call, TURN), bare.cost(plain, TURN)) for _ in range(max(count // TURN, 1))]
    mine, theirs = zip(*turns, strict=True)
    return statistics.mean(mine), statistics.mean(theirs)


def main() -> int:
    """Measure and print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=200, help="requests of each kind in a round")
    options = parser.parse_args()
    with ExitStack() as stack:
        child = stack.enter_context(Child("tests.bench.bare", free_port()))
        upstream = stack.enter_context(Child("tests.bench.mock_upstream", free_port()))
        ours = Everthread.start(stack, upstream.port)
        kinds = calls(ours)
        assert ours.pid is not None
        bare, server = Server.rested(child.pid, child.port), Server.rested(ours.pid, ours.port)

        found: dict[str, list[tuple[float, float]]] = {call.name: [] for call in kinds}
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds} …", file=sys.stderr)
            for call in random.sample(kinds, len(kinds)):
                found[call.name].append(compare(server, bare, call, options.count))
    every_bare = [theirs for pairs in found.values() for _mine, theirs in pairs]
    print(f"CPU when nobody asks: {server.idle * 100:.1f} %; of a bare view {statistics.median(every_bare):.2f} ms")
    missed = False
    for call in kinds:
        ratios = [mine / theirs for mine, theirs in found[call.name]]
        ratio = statistics.median(ratios)
        missed |= call.most is not None and ratio > call.most
        goal = f", goal ≤ {call.most}: {'met' if ratio <= call.most else 'MISSED'}" if call.most else ""
        milliseconds = statistics.median(mine for mine, _theirs in found[call.name])
        print(f"{call.name:<24} {milliseconds:6.2f} ms, × {ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f}){goal}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
