"""Puts nginx in front of an API on loopback, with TLS and HTTP/2 as API Gateway and CloudFront have it."""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64decode, b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from subprocess import Popen
from typing import TYPE_CHECKING

import httpx

from local import commands, deployment
from local.build import provide_build
from local.loopback import find_free_port
from tests.support.client import await_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack import Stack

CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl{protocol};
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    client_max_body_size 10m;
    location /plain/ {{
      root {folder};
      default_type text/html;
    }}
    location / {{
      proxy_pass {origin};
      proxy_http_version 1.1;
    }}
  }}
}}
"""
PUBLIC_KEY = re.compile("-----[^-]+-----|\n")
CERTIFICATE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"


@dataclass(frozen=True)
class Front:
    """The new URL of the API, which is in its answers too, and the digest of the key of its certificate."""

    url: str
    key_digest: str

    @property
    def browser_argument(self) -> str:
        """Make Chromium trust the certificate. It caches nothing of a server whose certificate is wrong."""
        return f"--ignore-certificate-errors-spki-list={self.key_digest}"


@contextmanager
def run_front(stack: Stack, folder: Path, *, is_http2: bool) -> Iterator[Front]:
    """Run it until the block ends. Files in `folder/plain` are at `/plain/`."""
    nginx, port = shutil.which("nginx"), find_free_port()
    if nginx is None:
        raise SystemExit("nginx is not installed")
    (folder / "plain").mkdir(parents=True)
    commands.run(
        "openssl", *CERTIFICATE.split(), "-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"
    )
    public_key = PUBLIC_KEY.sub(
        "", commands.run("openssl", "pkey", "-in", f"{folder}/key.pem", "-pubout").stdout
    )
    digest = b64encode(sha256(b64decode(public_key)).digest()).decode()
    text = CONFIGURATION.format(
        # Its workers would have another user, who may not write here.
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        port=port,
        protocol=" http2" if is_http2 else "",
        origin=stack.api_url,
    )
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    url = f"https://localhost:{port}"
    move(stack, url)
    process = Popen([nginx, "-c", folder / "nginx.conf", "-e", folder / "error.log"])  # noqa: S603 - our own configuration
    try:
        await_value(lambda: can_connect(url))
        yield Front(url, digest)
    finally:
        process.terminate()
        process.wait()


def move(stack: Stack, url: str) -> None:
    """Tell the API that it is at this URL."""
    parameters = deployment.read_parameters() | {
        "AuthMode": "open",
        "PublicUrl": url,
        "S3PublicUrl": stack.aws_url,
    }
    deployment.deploy(provide_build(), parameters, stack.client, stack.aws, stack.state / "deploy-front.log")


def can_connect(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/health", verify=False).is_success or None  # noqa: S501 - our own certificate
    except httpx.TransportError:
        return None
