"""The Lambda handler as an ASGI application, for tools that bring a client of their own."""

from __future__ import annotations

from typing import Any

from app.main import lambda_handler
from tests.support.api import make_context, make_event, read_response

type Message = dict[str, Any]


async def handle(scope: Message, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    """Every body is sent as base64, because it may be anything."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    message = await receive()
    body = message["body"]
    url = f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
    headers = {name.decode().title(): value.decode("latin-1") for name, value in scope["headers"]}
    event = make_event(scope["method"], url, headers, body or None, encode=True)
    response = read_response(lambda_handler(event, make_context()))
    sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": sent})
    await send({"type": "http.response.body", "body": response.body})
