"""A page with many pictures, as a site of another origin makes it of the API's listing."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOADED = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
"""True in the page when every picture is there."""


@contextmanager
def run_gallery(list_urls: Callable[[], Sequence[str]]) -> Iterator[str]:
    """Serve a page that shows these pictures. They are listed anew for each view."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pictures = "".join(f'<img src="{url}">' for url in list_urls()) if self.path == "/" else ""
            body = f"<!doctype html><title>Gallery</title>{pictures}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
