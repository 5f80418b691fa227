"""A TCP proxy for tests: each connection goes to the first server that takes it, as behind a load balancer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress


class Failover:
    """Listens on ``port``; ``ports`` are the servers', in the order in which they are tried."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = ports
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self.relay, args=[client], daemon=True).start()

    def relay(self, client: socket.socket) -> None:
        """Pass bytes both ways until both ends have said their last."""
        with client:
            if (server := self.connect()) is None:
                return
            with server:
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()

    def connect(self) -> socket.socket | None:
        for port in self.ports:
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port))
        return None


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def failover(ports: Sequence[int]) -> Iterator[Failover]:
    proxy = Failover(ports)
    threading.Thread(target=proxy.accept, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.listener.shutdown(socket.SHUT_RDWR)  # it wakes ``accept``
        proxy.listener.close()
