"""Orders to the decoder's process: what to make of the bytes of an image.

An order is one frame of JSON. Then the bytes follow, in a frame of their own.
"""

from __future__ import annotations

from enum import StrEnum, auto
from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from shared.variants import Variant

if TYPE_CHECKING:
    from imaging.frames import Channel

MAX_ORDER_BYTES = 1000
MAX_IMAGE_BYTES = 64 * 2**20


class Task(StrEnum):
    """An order that needs no further words."""

    STILLS = auto()
    ANIMATION = auto()


type Order = Task | Variant


@cache
def make_adapter() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def send_order(channel: Channel, data: bytes, order: Order) -> None:
    channel.send(make_adapter().dump_json(order))
    channel.send(data)


def receive_order(channel: Channel) -> tuple[bytes, Order]:
    order = make_adapter().validate_json(channel.receive(MAX_ORDER_BYTES))
    return channel.receive(MAX_IMAGE_BYTES), order
