"""A way from Docker's containers to the emulated AWS, which listens on the loopback interface alone."""

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator

from local import commands

BUFFER = 1 << 16


@contextlib.contextmanager
def run_relay(port: int) -> Iterator[None]:
    """Pass what comes to this port of Docker's bridge on to the same port of the loopback interface.

    Where the bridge is not this machine's own (Docker Desktop), `host.docker.internal` already leads there.
    """
    bridge = find_bridge()
    if bridge is None:
        yield
        return
    try:
        server = Relay((bridge, port), Passage)
    except OSError:  # another relay, or another machine's bridge
        yield
        return
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def find_bridge() -> str | None:
    """Find the address that this machine has on the network in which containers start."""
    shape = "{{(index .IPAM.Config 0).Gateway}}"
    try:
        found = commands.run("docker", "network", "inspect", "bridge", "--format", shape)
    except FileNotFoundError:
        return None
    return found.stdout.strip() or None


class Relay(socketserver.ThreadingTCPServer):
    """Listens on the bridge."""

    allow_reuse_address = True
    daemon_threads = True


class Passage(socketserver.BaseRequestHandler):
    """One connection, passed on both ways."""

    def handle(self) -> None:
        _, port = self.request.getsockname()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as inner:
            ends = {self.request: inner, inner: self.request}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(BUFFER)
                    if not data:
                        return
                    ends[end].sendall(data)
