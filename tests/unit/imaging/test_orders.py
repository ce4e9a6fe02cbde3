from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from imaging.frames import Channel
from imaging.orders import MAX_ORDER_BYTES, Order, Task, make_adapter, receive_order, send_order
from shared.variants import Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    type Channels = tuple[Channel, Channel]


@pytest.fixture(scope="module")
def channels() -> Iterator[Channels]:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        yield Channel(sender, seconds=60), Channel(receiver, seconds=60)


@given(st.binary(max_size=100), st.sampled_from(Task) | st.builds(Variant))
def test_order_arrives_as_it_was_sent(channels: Channels, data: bytes, order: Order) -> None:
    sender, receiver = channels
    send_order(sender, data, order)
    assert receive_order(receiver) == (data, order)
    assert len(make_adapter().dump_json(order)) < MAX_ORDER_BYTES


def test_order_of_another_kind_is_a_mistake(channels: Channels) -> None:
    sender, receiver = channels
    sender.send(b'{"width": 1}')
    with pytest.raises(ValidationError):
        receive_order(receiver)
