"""What runs, deltas and idle sockets cost in one, two and three server processes.

    python -m tests.bench.scale [--processes 1 2 3] [--rounds 3] [--sockets 10000]

Each process is ``manage.py serve`` with a data folder of its own; they share PostgreSQL and Redis. Programs stream runs
by server-sent events, each from whichever process is next, so that most runs are worked on in another process than the
one that streams them. CPU is that of the server processes alone and the measure where the machine is the limit; chats
with few deltas and with many tell a run's price from a delta's. Then that many websockets stay idle on two processes
while an answer streams to one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from picows import WSFrame, WSListener, WSTransport, ws_connect

from tests.bench.processes import Child, cpu_seconds, memory
from tests.live import MIGRATE, SET_UP, LiveServer, free_port
from tests.management.test_work import HEADERS
from tests.postgres import new_database, postgres
from tests.redis_server import redis_server

CHATS, FEW, MANY, RATE = 40, 1, 150, 30  # at once; deltas of a short and a long answer; deltas a second
QUIET = 20.0  # seconds in which idle sockets are watched
AT_ONCE = 100  # sockets that are opened together
THREADS = 100  # that the idle sockets follow


class Cost(NamedTuple):
    """One load: how long it took, and the CPU of all server processes."""

    runs: int
    seconds: float
    cpu: float


class Servers:
    """The running server processes, and a client of their API."""

    def __init__(self, servers: list[LiveServer], key: str) -> None:
        self.servers, self.urls = servers, cycle([server.url for server in servers])
        self.headers = {**HEADERS, "Authorization": f"Bearer {key}"}
        self.http = httpx2.AsyncClient(headers=self.headers, timeout=120, limits=httpx2.Limits(max_connections=500))

    def cpu(self) -> float:
        return sum(cpu_seconds(server.process.pid) for server in self.servers if server.process)

    def memory(self) -> int:
        return sum(memory(server.process.pid) for server in self.servers if server.process)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        reply = await self.http.post(f"{next(self.urls)}/v1{path}", json=body)
        reply.raise_for_status()
        return reply.json()

    async def prepare(self) -> None:
        self.assistant = (await self.post("/assistants", {"model": "mock-1-0-0"}))["id"]

    async def stream(self, model: str, arrivals: list[float] | None = None) -> None:
        """Start a run in a new thread and read its stream; note when each delta arrives."""
        message = {"role": "user", "content": "Hello"}
        body = {"assistant_id": self.assistant, "model": model, "stream": True, "thread": {"messages": [message]}}
        async with self.http.stream("POST", f"{next(self.urls)}/v1/threads/runs", json=body) as reply:
            async for line in reply.aiter_lines():
                if arrivals is not None and line == "event: thread.message.delta":
                    arrivals.append(time.monotonic())
        assert line == "" or "[DONE]" in line, line

    async def load(self, deltas: int) -> Cost:
        """Have ``CHATS`` runs of so many deltas streamed at once."""
        cpu, begun_at = self.cpu(), time.monotonic()
        await asyncio.gather(*(self.stream(f"mock-{deltas}-{RATE}-0") for _ in range(CHATS)))
        return Cost(CHATS, time.monotonic() - begun_at, self.cpu() - cpu)


@contextmanager
def serve(count: int, upstream: int) -> Iterator[Servers]:
    """Yield so many processes on a PostgreSQL and a Redis of their own."""
    os.environ["CI"] = "true"  # started by root the PostgreSQL of tests adds a user
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="everthread-scale-")))
        shared = {
            "DATABASE_URL": new_database(stack.enter_context(postgres()), "everthread"),
            "REDIS_URL": stack.enter_context(redis_server()).url,
            "DJANGO_SECRET_KEY": "of all processes",
            "EVERTHREAD_REQUESTS_PER_MINUTE": "0",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream}/v1",
            "OPENAI_API_KEY": "any",
        }
        servers = []
        for number in range(count):
            (folder / str(number)).mkdir()
            servers.append(LiveServer(folder / str(number), **shared))
        set_up = MIGRATE.partition("Provider.objects")[0] + SET_UP
        key = servers[0].shell(set_up).split()[-1]
        for server in servers:
            stack.enter_context(server)
        yield Servers(servers, key)


async def measure(count: int, upstream: int, rounds: int) -> tuple[float, float, float]:
    """Return the CPU of a run in ms and of a delta in µs, and runs a second, as medians of so many rounds."""
    with serve(count, upstream) as servers:
        await servers.prepare()
        await servers.load(FEW)  # not counted: everything is imported by then
        found = [(await servers.load(FEW), await servers.load(MANY)) for _ in range(rounds)]
        await servers.http.aclose()
    run = statistics.median(few.cpu / few.runs for few, _many in found)
    delta = statistics.median((many.cpu - few.cpu) / (many.runs * (MANY - FEW)) for few, many in found)
    return run * 1000, delta * 1e6, statistics.median(few.runs / few.seconds for few, _many in found)


class Idle(WSListener):  # type: ignore[misc] # picows has no types
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        pass


async def idle(sockets: int, upstream: int) -> None:
    """Print what so many idle sockets on two processes take, and how an answer streams beside them."""
    with serve(2, upstream) as servers:
        await servers.prepare()
        threads = [(await servers.post("/threads", {}))["id"] for _ in range(THREADS)]
        await servers.stream(f"mock-{MANY}-{RATE}-0")
        before, urls = servers.memory(), cycle([server.url.replace("http", "ws") for server in servers.servers])
        cpu, open_sockets = servers.cpu(), []
        for begin in range(0, sockets, AT_ONCE):
            places = [f"{next(urls)}/ws/threads/{threads[at % THREADS]}/" for at in range(begin, begin + AT_ONCE)]
            connecting = (ws_connect(Idle, place, extra_headers=servers.headers) for place in places)
            open_sockets += await asyncio.gather(*connecting)
        print(f"{sockets} sockets on two processes: {(servers.cpu() - cpu) / sockets * 1000:.1f} ms of CPU to open one")
        print(f"  {(servers.memory() - before) / sockets / 1024:.0f} kB each")
        cpu = servers.cpu()
        await asyncio.sleep(QUIET)
        print(f"  {(servers.cpu() - cpu) / QUIET * 100:.1f} % of a core while nothing happens")
        arrivals: list[float] = []
        await servers.stream(f"mock-{MANY}-{RATE}-0", arrivals)
        gaps = [later - sooner for sooner, later in pairwise(arrivals)]
        print(f"  an answer beside them: {len(arrivals)} updates, at most {max(gaps):.2f} s between two")
        closed = sum(transport.is_close_frame_sent for transport, _listener in open_sockets)
        print(f"  {closed} sockets were closed meanwhile")
        for transport, _listener in open_sockets:
            transport.disconnect()
        await servers.http.aclose()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sockets", type=int, default=10_000, help="0: none")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    with Child("tests.bench.mock_upstream", free_port()) as upstream:
        figures = {}
        print(f"{'processes':>9}  {'ms a run':>8}  {'µs a delta':>10}  {'runs a second':>13}")
        for count in options.processes:
            figures[count] = run, delta, rate = await measure(count, upstream.port, options.rounds)
            print(f"{count:>9}  {run:>8.1f}  {delta:>10.0f}  {rate:>13.1f}", flush=True)
        if options.sockets:
            await idle(options.sockets, upstream.port)
        if options.json:
            await asyncio.to_thread(options.json.write_text, json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
