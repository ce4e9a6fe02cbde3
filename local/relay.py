"""Connects Docker's containers to the emulated AWS, which listens on the loopback interface only."""

import contextlib
import fcntl
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator

BRIDGE = "docker0"
SIOCGIFADDR = 0x8915  # Linux: the address of an interface
BUFFER = 1 << 16


@contextlib.contextmanager
def run_relay(port: int) -> Iterator[None]:
    """Forward connections from this port of Docker's bridge to the same port of the loopback interface.

    Docker Desktop has its bridge in a virtual machine, and needs no relay: there, `host.docker.internal`
    already leads to the loopback interface.
    """
    bridge = find_bridge()
    if bridge is None:
        yield
        return
    try:
        server = Relay((bridge, port), Passage)
    except OSError:  # another relay runs, or the bridge is in another machine
        yield
        return
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def find_bridge() -> str | None:
    """Find the address of this machine on the network of Docker's containers. None without such a network."""
    request = struct.pack("256s", BRIDGE.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            address = fcntl.ioctl(probe, SIOCGIFADDR, request)
        except OSError:  # no such interface
            return None
    return socket.inet_ntoa(address[20:24])


class Relay(socketserver.ThreadingTCPServer):
    """A server on the bridge."""

    allow_reuse_address = True
    daemon_threads = True


class Passage(socketserver.BaseRequestHandler):
    """Forwards one connection in both directions."""

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
