"""Serves the API at the root of its own port, as a custom domain does on AWS."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from local.template import read_gateway_responses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from local.template import GatewayResponse

    type Message = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]
    type App = Callable[[Message, Receive, Send], Awaitable[None]]
    # path → (API id, stage, path within the API), or None while nothing is deployed
    type Resolve = Callable[[str], tuple[str, str, str] | None]

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")  # as in the events of the template
BODY_LIMIT_BYTES = 10 * 1024 * 1024  # the limit of API Gateway


class Front:
    """Passes each request to the emulator, under the path of the deployed API.

    It does not use the host name of the domain, because there the emulator's own paths, such as `/health`,
    hide those of the API. The `Host` header of the client stays, so that the service sees the address that
    the client called.
    """

    def __init__(self, app: App, resolve: Resolve, port: int, report: Callable[[str], None]) -> None:
        self._app = app
        self._resolve = resolve
        self._port = port
        self._report = report
        self._responses = read_gateway_responses()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await follow_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _respond(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.monotonic()

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                milliseconds = 1000 * (time.monotonic() - started)
                self._report(f"  {scope['method']} {scope['path']} {message['status']} {milliseconds:.0f} ms")
            await send(message)

        body = await read_body(scope, receive)
        target = self._resolve(scope["path"])
        if scope["method"] not in METHODS:
            await respond(watch, self._responses["MISSING_AUTHENTICATION_TOKEN"])
        elif body is None:
            await respond(watch, self._responses["REQUEST_TOO_LARGE"])
        elif target is None:  # nothing is deployed yet
            await respond(watch, self._responses["INTEGRATION_TIMEOUT"])
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
        if all(name.lower() != b"accept" for name, _ in headers):
            headers.append((b"accept", b"*/*"))  # without it, the emulator sends bytes as base64
        return {
            **scope,
            "path": path,
            "raw_path": quote(path).encode(),
            "headers": [*headers, *forwarded.items()],
        }


async def follow_lifespan(receive: Receive, send: Send) -> None:
    """Confirm the start and the end of the server. Nothing needs to be set up."""
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


async def read_body(scope: Message, receive: Receive) -> bytes | None:
    """Return the whole request body. None if it is longer than API Gateway allows."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > BODY_LIMIT_BYTES:
        return None
    body = bytearray()
    while len(body) <= BODY_LIMIT_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
    return None


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a function that gives this body first, and then receives further messages."""
    pending = [body]

    async def give() -> Message:
        return {"type": "http.request", "body": pending.pop()} if pending else await receive()

    return give


async def respond(send: Send, response: GatewayResponse) -> None:
    """Send a response that API Gateway makes itself."""
    body = response.render()
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
