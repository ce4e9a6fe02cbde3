"""Receives webhooks of the image service, verifies them, and keeps the newest version of each image.

usage: WEBHOOK_SECRET=whsec_... python webhook_receiver.py [port]

It needs nothing but Python. `WEBHOOK_SECRET` may name several secrets, separated by spaces: while you rotate
one, a webhook is taken if any of them has signed it. The checks are those of https://www.standardwebhooks.com,
whose libraries do the same in other languages.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 300
MAX_BODY_BYTES = 100_000


class Refused(Exception):
    """The webhook is not from the service, or it is too old."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: float) -> None:
    """Raises Refused unless one of the secrets has signed exactly this body not long ago."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Refused("webhook-timestamp is missing or too far away")
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    expected = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    given = headers.get("webhook-signature", "").encode().split()
    # `any` over a list compares all of them: the time tells nothing.
    if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in given):
        raise Refused("webhook-signature fits no secret")


class Images:
    """The newest version of each image. A real consumer keeps it in its database."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, image: Mapping[str, Any]) -> bool:
        """False for a version that is known or older. Webhooks come at least once, and in any order."""
        with self._lock:
            if self._newest.get(image["id"], 0) >= image["version"]:
                return False
            self._newest[image["id"]] = image["version"]
            return True


class Receiver(BaseHTTPRequestHandler):
    """Takes webhooks at every path."""

    images = Images()
    secrets: Sequence[str] = ()

    def do_POST(self) -> None:
        """Respond fast: work that takes long is for later. What gets no 2xx comes again, for a day."""
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._respond(HTTPStatus.CONTENT_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        try:
            verify(self._read_headers(), body, self.secrets, now=time.time())
        except Refused as error:
            self.log_error("refused: %s", error)
            self._respond(HTTPStatus.UNAUTHORIZED)
            return
        event = json.loads(body)
        if self.images.take(event["data"]):
            print(event["type"], json.dumps(event["data"]), flush=True)
        self._respond(HTTPStatus.NO_CONTENT)

    def _read_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _respond(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def main(arguments: Sequence[str]) -> None:
    Receiver.secrets = os.environ["WEBHOOK_SECRET"].split()
    port = int(arguments[0]) if arguments else 3002
    with ThreadingHTTPServer(("127.0.0.1", port), Receiver) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
