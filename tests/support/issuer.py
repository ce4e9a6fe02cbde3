"""An OpenID Connect issuer on this machine, for tokens that `tests.support.tokens` makes."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support.tokens import make_key_document

if TYPE_CHECKING:
    from collections.abc import Iterator

DISCOVERY_PATH = "/.well-known/openid-configuration"


@contextmanager
def run_issuer() -> Iterator[str]:
    """Yield the URL of the document that says where the keys are, and where people sign in."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_discovery = self.path == DISCOVERY_PATH
            body = json.dumps(describe() if is_discovery else make_key_document("one")).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    def describe() -> dict[str, str]:
        names = {"jwks_uri": "keys", "authorization_endpoint": "authorize", "token_endpoint": "token"}
        return {name: f"{url}/{path}" for name, path in names.items()}

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://localhost:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield url + DISCOVERY_PATH
        server.shutdown()
