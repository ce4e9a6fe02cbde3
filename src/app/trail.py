"""The trail: the parts of a request that its one line in the log tells. Nothing in it is private."""

import re
import uuid
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Depends, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from app.access.callers import Caller
from app.access.cdn import VIEWER_ADDRESS_HEADER
from app.dependencies import get_keys
from app.parameters import get_has_cdn
from app.responses.html import ImagePage
from app.responses.outputs import DirectUpload, ImagePublic
from shared.keyring import KeyRing
from shared.observability import get_logger, hash_user

TRAIL = ["route", "user", "image_id", "network", "code", "as_admin"]
"""Fields of the line. Each ends with its request."""
NETWORK_BITS = {4: 24, 6: 48}
"""The part of an address that a network provider gives to more than one customer, or to one site."""

_IMAGE_PATH = re.compile(r"/images/([0-9a-f-]{36})(?:/|$)")


def note_request(
    app: APIGatewayRestResolver,
    next_middleware: NextMiddleware,
    keys: Annotated[KeyRing, Depends(get_keys)],
    has_cdn: Annotated[bool, Depends(get_has_cdn)],
) -> Response[Any]:
    """Name the route in all logs of the request, and the rest in its line at the end.

    The path itself may hold what a client sent.
    """
    get_logger().append_keys(route=app.request.route)
    body = None
    try:
        response = next_middleware(app)
        body = response.body
    finally:
        sender = app.context.get("sender")
        event = app.current_event
        # A request without the CDN's secret does not come this far. So the CDN has set the header.
        viewer = event.headers.get(VIEWER_ADDRESS_HEADER) if has_cdn else _get_address(event.raw_event)
        facts = {
            "user": _hash(sender, keys.find_current),
            "image_id": _find_image(event.path or "", body),
            "network": cut_address(viewer),
        }
        get_logger().append_keys(**{name: fact for name, fact in facts.items() if fact})
    return response


def _get_address(event: Mapping[str, Any]) -> str | None:
    address: str | None = ((event.get("requestContext") or {}).get("identity") or {}).get("sourceIp")
    return address


def cut_address(address: str | None) -> str | None:
    """Return the network of an address: /24 of IPv4, /48 of IPv6. None for what is no address."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ip_network(f"{str(found).partition('%')[0]}/{NETWORK_BITS[found.version]}", strict=False))


def _hash(caller: Caller | None, find_key: Callable[[], bytes | None]) -> str | None:
    if caller is None or caller.user_id is None:
        return None
    key = find_key()
    return hash_user(caller.user_id, key) if key else None


def _find_image(path: str, body: object) -> str | None:
    if isinstance(body, (ImagePublic, ImagePage, DirectUpload)):
        return body.id
    match = _IMAGE_PATH.match(path)
    try:
        return match and str(uuid.UUID(match[1]))
    except ValueError:
        return None
