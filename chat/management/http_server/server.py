"""Daphne with back-pressure, long bodies kept out of memory, and workers that end with it. ``manage.py serve`` runs it.

Daphne buffers without bound for a client that does not read: five stuck sockets took 170 MB in six seconds. Here
``await send()`` waits while the transport's buffer is above Twisted's mark of 64 KiB.
"""

# Daphne installs Twisted's asyncio reactor when it is imported, so it comes before anything else of Twisted.
from daphne.server import Server  # isort: skip

import asyncio
import gc
from typing import Any

from twisted.internet import defer
from twisted.internet import reactor as installed_reactor
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.management.http_server import request_bodies
from chat.management.http_server.draining import Connections
from chat.management.http_server.http_channel import BoundedChannel
from chat.management.process_link import is_alone
from chat.management.workers import Workers

reactor: Any = installed_reactor  # its type is that of a module

MAX_MESSAGE = 2 * 1024 * 1024  # bytes; the sockets refuse less than this in words, Daphne cuts off what is more


@implementer(IPushProducer)
class Valve:
    """Closed by a transport while its buffer is full; senders wait until it is ``open``."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:  # noqa: N802 -- Twisted's names
        self.open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.open.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.open.set()


class EverthreadServer(Server):
    """Serves ``application`` on one endpoint; runs ``workers`` in the same event loop.

    ``failure`` is the reason if it could not listen, else "".
    """

    def __init__(self, application: Any, *, endpoints: list[str], workers: Workers) -> None:
        super().__init__(
            request_bodies.stream_bodies(application),
            endpoints=endpoints,
            server_name="everthread",
            websocket_timeout=-1,  # the default cuts a socket after 24 hours; pings find the dead ones
            websocket_max_message_size=MAX_MESSAGE,
            websocket_max_frame_size=MAX_MESSAGE,
        )
        self.workers = workers
        self.failure = ""
        self.drain = Connections(lambda: self.connections)
        workers.last.insert(0, self.drain)
        self.valves: dict[Any, Valve] = {}

    def run(self) -> None:
        reactor.callWhenRunning(self.start_work)
        # A look of the garbage collector through everything that was imported stops all streams for 0.4 s and more.
        gc.collect()
        gc.freeze()
        super().run()  # before its end it calls ``kill_all_applications``

    def start_work(self) -> None:
        self.http_factory.protocol = BoundedChannel  # Daphne makes its factory in ``run`` and has no argument for it
        self.workers.start(asyncio.get_event_loop())  # Twisted calls this before the loop counts as running

    def kill_all_applications(self) -> Any:
        """End the work, and only then the connections: pages and programs hear how their answers end."""
        self.drain.begin_to_drain(is_alone=is_alone())
        work: Any = defer.Deferred.fromFuture(asyncio.ensure_future(self.workers.stop()))
        return work.addBoth(lambda _result: self.cancel_applications())

    def cancel_applications(self) -> Any:
        """Cancel what is left, as Daphne's ``kill_all_applications`` does, which breaks at a connection without any."""
        running = [details.get("application_instance") for details in self.connections.values()]
        left = [application for application in running if application is not None and not application.done()]
        for application in left:
            application.cancel()
        return defer.Deferred.fromFuture(asyncio.gather(*left, return_exceptions=True))

    def listen_success(self, port: Any) -> None:
        self.drain.ports.append(port)
        super().listen_success(port)

    def listen_error(self, failure: Failure) -> None:
        self.failure = failure.getErrorMessage()
        self.stop()

    def protocol_connected(self, protocol: Any) -> None:
        request_bodies.skip_form_parsing(protocol)
        super().protocol_connected(protocol)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        request_bodies.set_body_aside(protocol, scope)
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and protocol.state == protocol.STATE_OPEN:
            protocol.sendCloseFrame(code=message["code"])  # Daphne's own way takes none of the protocol's codes
            return
        await super().handle_reply(protocol, message)
        body = message["type"] == "http.response.body" and message.get("more_body")
        if message["type"] != "websocket.send" and not body:
            return
        valve = self.valves.get(protocol) or self.install_valve(protocol, websocket=not body)
        if valve is not None:
            await valve.open.wait()

    def install_valve(self, protocol: Any, *, websocket: bool) -> Valve | None:
        """Return a new valve that the protocol's transport closes while its buffer is full; None if it is gone."""
        producer = protocol.transport if websocket else protocol
        is_gone = "disconnected" in self.connections.get(protocol, {"disconnected": 0})
        if producer is None or is_gone or (not websocket and protocol.finished):
            return None
        valve = self.valves[protocol] = Valve()
        if websocket:
            producer.unregisterProducer()  # the HTTP channel's, from before the upgrade
        producer.registerProducer(valve, True)
        if not websocket:
            finish = protocol.finish

            def finish_without_producer() -> None:
                protocol.unregisterProducer()
                finish()

            protocol.finish = finish_without_producer
        return valve

    def protocol_disconnected(self, protocol: Any) -> None:
        if valve := self.valves.pop(protocol, None):
            valve.open.set()
        super().protocol_disconnected(protocol)
