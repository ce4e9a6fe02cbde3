"""Measures the memory that an inline upload of 4.4 MB takes in the API function, on top of the idle memory.

PYTHONPATH=src:. python benchmarks/upload_memory.py

Each measurement runs in its own process, through the Lambda handler and boto3, against a server that
accepts every request. The figure includes the event, which is in memory before the handler runs. It does
not include the memory for reading the event from Lambda. The peer is the shortest code that does the same
with the standard library.
"""

from __future__ import annotations

import base64
import ctypes
import email
import json
import multiprocessing
import os
import resource
import threading
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE_BYTES = 4_400_000
ROUNDS = 3
BOUNDARY = "----form"

type Body = tuple[str, str, bool]
"""A content type, the body of an event, and whether the body is in base64."""
type Upload = Callable[[dict[str, Any]], None]
"""Handles the event of an upload."""


class Sink(BaseHTTPRequestHandler):
    """Accepts every request, and responds as S3, DynamoDB and Secrets Manager do on success."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        left = int(self.headers.get("Content-Length", 0))
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self.respond(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.respond(b'{"SecretString": "key"}')

    def respond(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def make_image(size: int) -> bytes:
    """Make a small JPEG with random bytes after its end. Some cameras write such files."""
    from tests.support.pictures import make_picture  # noqa: PLC0415 - only the other processes import it

    picture = make_picture()
    return picture + os.urandom(max(0, size - len(picture)))


def make_json(image: bytes, prefix: str = "") -> Body:
    content = prefix + base64.b64encode(image).decode()
    return "application/json", json.dumps({"image": {"content": content}}), False


def make_form(image: bytes) -> Body:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = head.encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()
    return f"multipart/form-data; boundary={BOUNDARY}", base64.b64encode(body).decode(), True


def make_raw(image: bytes) -> Body:
    return "image/jpeg", base64.b64encode(image).decode(), True


FORMATS: dict[str, Callable[[bytes], Body]] = {
    "multipart": make_form,
    "JSON": make_json,
    "data: URI": lambda image: make_json(image, "data:image/jpeg;base64,"),
    "raw body": make_raw,
}
SENT_BYTES = {name: IMAGE_BYTES * (4 / 3 if name in {"JSON", "data: URI"} else 1) for name in FORMATS}


def make_event(image_bytes: int, name: str) -> dict[str, Any]:
    from tests.support.api import make_event as make_request  # noqa: PLC0415 - only the other processes import it

    content_type, body, encoded = FORMATS[name](make_image(image_bytes))
    headers = {"Content-Type": content_type, "X-User-Id": "ann"}
    event = make_request("POST", "/images/upload", headers, None, encode=False)
    return event | {"body": body, "isBase64Encoded": encoded}


def upload_with_service(event: dict[str, Any]) -> None:
    from app.main import lambda_handler  # noqa: PLC0415 - only the other processes import it
    from tests.support.api import make_context  # noqa: PLC0415 - same

    response = lambda_handler(event, make_context())
    if response["statusCode"] != 201:  # noqa: PLR2004 - Created
        raise SystemExit(response["body"])


def upload_with_peer(event: dict[str, Any]) -> None:
    import boto3  # noqa: PLC0415 - only the other processes import it

    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
    content_type = event["headers"]["Content-Type"]
    if content_type.startswith("multipart"):
        message = email.message_from_bytes(
            f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=policy.HTTP
        )
        data = next(part.get_payload(decode=True) for part in message.iter_parts())
    elif content_type == "application/json":
        data = base64.b64decode(json.loads(body)["image"]["content"].rpartition(",")[2])
    else:
        data = body
    boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=data)


def measure_bytes(upload: Upload, name: str) -> int:
    """Return the peak of the resident memory during a large upload, minus the resident memory before it."""
    give_back = ctypes.CDLL(None).malloc_trim  # returns freed memory to the system, so that it does not count
    upload(make_event(1000, name))
    give_back(0)
    idle = read_resident_bytes("VmRSS")
    event = make_event(IMAGE_BYTES, name)
    give_back(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak (proc(5))
    upload(event)
    return read_resident_bytes("VmHWM") - idle


def read_resident_bytes(field: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field))


def report(results: Any, upload: Upload, name: str) -> None:  # noqa: ANN401 - a queue
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    results.put(measure_bytes(upload, name))


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "IMAGES_TABLE": "images",
        "BUCKET": "bucket",
        "LINK_SECRET": "links",
        "AUTH_MODE": "open",
        "POWERTOOLS_SERVICE_NAME": "api",
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
    processes = multiprocessing.get_context("spawn")
    print(f"an image of {IMAGE_BYTES:,} bytes; highest memory of {ROUNDS} rounds")
    for name in FORMATS:
        peaks: dict[str, int] = {}
        for contender in (upload_with_service, upload_with_peer):
            results = processes.Queue()
            rounds = []
            for _ in range(ROUNDS):
                process = processes.Process(target=report, args=(results, contender, name))
                process.start()
                rounds.append(results.get(timeout=60))
                process.join()
            peaks[contender.__name__] = max(rounds)
        ours, peer = peaks["upload_with_service"], peaks["upload_with_peer"]
        print(
            f"  {name:10} {ours / 1e6:6.1f} MB, {ours / IMAGE_BYTES:.2f} x the image,"
            f" {ours / SENT_BYTES[name]:.2f} x the body that the client sends;"
            f" {ours / peer:.2f} x the peer's {peer / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
