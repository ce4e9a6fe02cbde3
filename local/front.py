"""The API on a port of its own, at the root, as behind a custom domain."""

from __future__ import annotations

import json
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    type Message = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]
    type App = Callable[[Message, Receive, Send], Awaitable[None]]
    # path → (API id, stage, path within the API), or None while nothing is deployed
    type Resolve = Callable[[str], tuple[str, str, str] | None]

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")  # as in the template's events
BODY_LIMIT = 10 * 1024 * 1024  # API Gateway's own


class Front:
    """Hands each request to the emulator's application under the deployed API's path.

    Not under the domain's host name: paths of the emulator's own, such as `/health`, would hide ours there.
    The client's `Host` stays, so that the service sees the address it was called by.
    """

    def __init__(self, app: App, resolve: Resolve, port: int, report: Callable[[str], None]) -> None:
        self._app = app
        self._resolve = resolve
        self._port = port
        self._report = report

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await answer_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.monotonic()

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                milliseconds = 1000 * (time.monotonic() - started)
                self._report(f"  {scope['method']} {scope['path']} {message['status']} {milliseconds:.0f} ms")
            await send(message)

        body = await read_body(scope, receive)
        target = self._resolve(scope["path"])
        if scope["method"] not in METHODS:
            allow = (b"allow", ", ".join(METHODS).encode())
            detail = "No path takes this method."
            await refuse(watch, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, allow)
        elif body is None:
            detail = "The request has more than 10 MB. POST /images/uploads takes larger images."
            await refuse(watch, HTTPStatus.CONTENT_TOO_LARGE, "too_large", detail)
        elif target is None:
            await refuse(watch, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Nothing is deployed yet.")
        else:
            await self._app(self._readdress(scope, target), replay(body, receive), watch)

    def _readdress(self, scope: Message, target: tuple[str, str, str]) -> Message:
        path = "/_aws/execute-api/" + "/".join(target[:2]) + target[2]
        client = (scope.get("client") or ["127.0.0.1"])[0]
        forwarded = {
            b"x-forwarded-for": client.encode(),
            b"x-forwarded-proto": b"http",
            b"x-forwarded-port": str(self._port).encode(),
        }
        headers = [(name, value) for name, value in scope["headers"] if name.lower() not in forwarded]
        return {
            **scope,
            "path": path,
            "raw_path": quote(path).encode(),
            "headers": [*headers, *forwarded.items()],
        }


async def answer_lifespan(receive: Receive, send: Send) -> None:
    """Begin and end with the server; there is nothing to set up."""
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


async def read_body(scope: Message, receive: Receive) -> bytes | None:
    """Read the whole request body, or None when it is longer than API Gateway admits."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > BODY_LIMIT:
        return None
    body = bytearray()
    while len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
    return None


def replay(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read once more, then whatever follows it."""
    pending = [body]

    async def give() -> Message:
        return {"type": "http.request", "body": pending.pop()} if pending else await receive()

    return give


async def refuse(
    send: Send, status: HTTPStatus, code: str, detail: str, *more_headers: tuple[bytes, bytes]
) -> None:
    """Answer as the template has API Gateway do where it does not call the function."""
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": str(uuid.uuid4()),
        "errors": [],
    }
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *more_headers,
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
