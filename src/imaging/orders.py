"""Orders to the decoder's process: what to make of the bytes of an image.

An order is one frame of JSON. Then the bytes follow, in a frame of their own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from shared.variants import Variant

if TYPE_CHECKING:
    from imaging.frames import Channel

MAX_ORDER_BYTES = 1000
MAX_IMAGE_BYTES = 64 * 2**20


@cache
def make_adapter() -> TypeAdapter[Variant | None]:
    return TypeAdapter(Variant | None)


def send_order(channel: Channel, data: bytes, variant: Variant | None) -> None:
    """Ask for a variant of an image. Without one, ask for the renditions."""
    channel.send(make_adapter().dump_json(variant))
    channel.send(data)


def receive_order(channel: Channel) -> tuple[bytes, Variant | None]:
    variant = make_adapter().validate_json(channel.receive(MAX_ORDER_BYTES))
    return channel.receive(MAX_IMAGE_BYTES), variant
