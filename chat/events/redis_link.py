"""The link through Redis: a stream per thread keeps its newest events, a channel of the same name tells of each.

Who begins to listen to a thread subscribes to its channel, and then reads what the stream has. Streams alone would not
do: one read would have to name every thread that is followed here, each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chat.events.bus import Bus
from chat.events.link import Handlers, Link, Notes, Signal, decode, encode
from chat.events.types import RUN_CREATED, Event

PREFIX = "everthread:thread:"  # of a thread's stream, and of its channel
SIGNALS = "everthread:signals"  # the channel of all processes
KEPT = 2000  # messages of one stream, each of several events
LIFE = 900  # seconds after its last message that a stream is kept; a run takes 600 at most
PAUSE = 0.01  # seconds between two sendings, so that those of many runs go together
PULSE = 3.0  # seconds of silence after which the connection is tried
TIMEOUT = 3.0  # seconds that an answer may take
SCRIPT = """
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'm', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], ARGV[1])
"""


class RedisLink(Link):
    """The link through the Redis at ``url``."""

    errors = (RedisError, OSError)

    def __init__(self, url: str, bus: Bus, handlers: Handlers) -> None:
        super().__init__(bus, handlers)
        self.url = url
        self.mark = encode([self.origin])[:-1]  # how our own messages begin

    def listen(self, thread_id: str) -> None:
        self._note_listening(thread_id, True)

    def unlisten(self, thread_id: str) -> None:
        self._note_listening(thread_id, False)

    def _note_listening(self, thread_id: str, wanted: bool) -> None:
        if self.is_connected:  # else ``connect_and_serve`` asks the bus
            with self.lock:
                self.notes.listen[thread_id] = wanted
            self._wake()

    async def connect_and_serve(self) -> None:
        redis = Redis.from_url(
            self.url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),  # we connect again ourselves, and then subscribe and read what we missed
        )
        async with redis, aclosing(redis.pubsub()) as pubsub:
            await redis.ping()
            await pubsub.subscribe(SIGNALS)
            self.connected()
            if topics := tuple(self.bus.topics):
                await pubsub.subscribe(*(PREFIX + thread_id for thread_id in topics))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_all(redis, pubsub))
                tasks.create_task(self._receive_all(redis, pubsub))

    # --- sending ---------------------------------------------------------------------------------------------------

    async def _send_all(self, redis: Redis, pubsub: PubSub) -> None:
        publish = redis.register_script(SCRIPT)
        while True:
            notes = await self.next_notes(wait=PULSE)
            if notes is None:
                await redis.ping()
                continue
            if notes.listen:
                await self._change_listening(pubsub, notes)
            if notes.events or notes.signals:
                pipeline = redis.pipeline(transaction=False)
                for thread_id, events in notes.events.items():
                    await publish([PREFIX + thread_id], [self._encode(events=events), KEPT, LIFE], client=pipeline)
                if notes.signals:  # after the events, which they are about
                    pipeline.publish(SIGNALS, self._encode(signals=list(notes.signals)))
                await pipeline.execute()
                await asyncio.sleep(PAUSE)

    def _encode(self, *, events: Sequence[Event] = (), signals: Sequence[Signal] = ()) -> bytes:
        return encode((self.origin, events, signals))

    async def _change_listening(self, pubsub: PubSub, notes: Notes) -> None:
        begun = [PREFIX + thread_id for thread_id, wanted in notes.listen.items() if wanted]
        ended = [PREFIX + thread_id for thread_id, wanted in notes.listen.items() if not wanted]
        if begun:
            await pubsub.subscribe(*begun)
        if ended:
            await pubsub.unsubscribe(*ended)

    # --- receiving -------------------------------------------------------------------------------------------------

    async def _receive_all(self, redis: Redis, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            channel = message["channel"].decode()
            if message["type"] == "subscribe" and channel != SIGNALS:
                self._replay(channel, await redis.xrange(channel) or ())
            elif message["type"] == "message" and not message["data"].startswith(self.mark):
                self._receive(channel, message["data"])

    def _receive(self, channel: str, data: bytes) -> None:
        packet = decode(data)
        if packet.events:
            self.bus.receive(channel.removeprefix(PREFIX), packet.events)
        for signal in packet.signals:
            self.handle(signal)

    def _replay(self, channel: str, entries: Sequence[Any]) -> None:
        """Take from the stream what others published since the newest run began."""
        packets = [decode(fields.get(b"m", b"")) for _id, fields in entries]
        told = [(packet.origin, event) for packet in packets for event in packet.events]
        begin = max((at for at, (_origin, event) in enumerate(told) if event.name == RUN_CREATED), default=0)
        if events := [event for origin, event in told[begin:] if origin != self.origin]:
            self.bus.receive(channel.removeprefix(PREFIX), events)
