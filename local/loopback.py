"""Ports of the loopback interface for IPv4 and IPv6. A client may use either for `localhost`."""

from __future__ import annotations

import errno
import socket

from local.console import Problem


def find_addresses() -> list[str]:
    """Find the loopback addresses that this machine has."""
    return [address for address in ("127.0.0.1", "::1") if not try_binding(address, 0)]


def is_free(port: int) -> bool:
    """Tell if nothing listens on this port at any loopback address."""
    return all(try_binding(address, port) != errno.EADDRINUSE for address in find_addresses())


def require_free_port(port: int, variable: str) -> None:
    """Raise a Problem if the port is in use."""
    if not is_free(port):
        raise Problem(
            f"port {port} is in use; stop the program that uses it, or choose another port with {variable}="
        )


def find_free_port() -> int:
    """Find a port that is free at the moment."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if is_free(port):
            return port


def try_binding(address: str, port: int) -> int:
    """Bind to the port for a moment. Return the number of the error, or 0 if there was none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return 0
