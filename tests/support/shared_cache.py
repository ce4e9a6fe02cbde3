"""A shared cache that obeys RFC 9111: nginx in front of the API, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from local.loopback import find_free_port
from tests.support.client import await_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CACHE_STATUS = "X-Cache"
"""The header in which nginx tells what the cache did: MISS, HIT, REVALIDATED, EXPIRED, or nothing."""
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=pictures:10m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {origin};
      proxy_http_version 1.1;
      proxy_cache pictures;
      proxy_cache_revalidate on;
      add_header {header} $upstream_cache_status always;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class SharedCache:
    """A running cache."""

    url: str
    folder: Path

    def count_requests(self, path: str) -> int:
        """Return how many requests with this in their path have come to it."""
        return sum(path in line for line in (self.folder / "access.log").read_text().splitlines())


def is_available() -> bool:
    return shutil.which("nginx") is not None


@contextmanager
def run_shared_cache(origin: str, folder: Path) -> Iterator[SharedCache]:
    port = find_free_port()
    configuration = folder / "nginx.conf"
    # Its workers would have another user, who may not write here.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        user + CONFIGURATION.format(folder=folder, port=port, origin=origin, header=CACHE_STATUS)
    )
    nginx = shutil.which("nginx")
    assert nginx
    process = subprocess.Popen([nginx, "-c", str(configuration), "-e", str(folder / "error.log")])  # noqa: S603 - our own configuration
    cache = SharedCache(f"http://127.0.0.1:{port}", folder)
    try:
        await_value(lambda: _can_connect(cache.url))
        yield cache
    finally:
        process.terminate()
        process.wait()


def get(
    client: httpx.Client,
    path: str,
    headers: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - of httpx
) -> tuple[httpx.Response, str]:
    """Return the response, and what the cache did."""
    response = client.get(path, headers=headers, **options)
    return response, response.headers.get(CACHE_STATUS, "")


def _can_connect(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/health").is_success or None
    except httpx.TransportError:
        return None
