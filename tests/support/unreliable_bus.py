"""Stands between a function and EventBridge, and fails one call in three, each time in another way."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILURE = {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again."}


@dataclass
class UnreliableBus:
    """Counts the calls by what became of them."""

    client: Any
    """Of EventBridge. It signs anew, because a part of a call may be left out."""
    url: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    _faults: Iterator[str] = field(default_factory=lambda: itertools.cycle(["failed", "lost", "in part"]))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def choose(self) -> str:
        """One call in three fails: it does nothing, its response is lost, or a part of it fails."""
        with self._lock:
            outcome = next(self._faults) if random.randrange(3) == 0 else "done"  # noqa: S311 - no secret
            self.outcomes[outcome] += 1
            return outcome

    def respond(self, body: bytes) -> tuple[int, bytes]:
        outcome = self.choose()
        if outcome == "failed":
            return 500, b"{}"
        entries = json.loads(body)["Entries"]
        held = {0} if outcome == "in part" else set()
        passed = [entry for number, entry in enumerate(entries) if number not in held]
        results = iter(self.client.put_events(Entries=passed)["Entries"] if passed else [])
        if outcome == "lost":
            return 500, b"{}"
        shown = [FAILURE if number in held else next(results) for number in range(len(entries))]
        return 200, json.dumps({"FailedEntryCount": len(held), "Entries": shown}).encode()


@contextmanager
def run_unreliable_bus(client: Any) -> Iterator[UnreliableBus]:  # noqa: ANN401 - boto3's
    bus = UnreliableBus(client)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, content = bus.respond(body)
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """The function may have been killed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        bus.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield bus
        server.shutdown()
        thread.join()


def kill_function(name: str, aws_port: int) -> int:
    """Kill every process of a function of the stack on this port. Returns how many there were."""
    marks = {
        f"AWS_LAMBDA_FUNCTION_NAME={name}".encode(),
        f"AWS_ENDPOINT_URL=http://127.0.0.1:{aws_port}".encode(),
    }
    killed = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marks <= {*(folder / "environ").read_bytes().split(b"\0")}:
                os.kill(int(folder.name), signal.SIGKILL)
                killed += 1
        except (OSError, ValueError):
            continue
    return killed
