from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from imaging.frames import Channel
from imaging.renditions import render
from imaging.reports import (
    MAX_DETAIL_CHARS,
    MAX_REPORT_BYTES,
    MAX_TRACEBACK_CHARS,
    DecoderError,
    EncodedRendition,
    InvalidReport,
    receive_animation,
    receive_rendered,
    receive_variant,
    send_bytes,
    send_failure,
    send_refusal,
    send_rendered,
)
from shared.errors import UnacceptableImage
from shared.renditions import MAX_DELIVERED_BYTES, STILLS, Fit
from shared.variants import Variant, VariantFormat
from tests.support.pictures import encode_moving, make_animation, make_photo
from tests.support.reports import WEBP, make_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    type Channels = tuple[Channel, Channel]

MOVING = make_animation("WEBP")


@pytest.fixture
def channels() -> Iterator[Channels]:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        yield Channel(sender, seconds=10), Channel(receiver, seconds=10)


def test_report_of_an_image_arrives_as_it_was_sent(channels: Channels) -> None:
    sender, receiver = channels
    rendered = render(make_photo(6))
    send_rendered(sender, rendered)
    assert receive_rendered(receiver) == rendered


def test_variant_arrives_as_it_was_sent(channels: Channels) -> None:
    sender, receiver = channels
    send_bytes(sender, WEBP)
    assert receive_variant(receiver, Variant(80, 40, Fit.INSIDE, VariantFormat.WEBP)) == WEBP


def test_animation_arrives_as_it_was_sent(channels: Channels) -> None:
    sender, receiver = channels
    send_bytes(sender, MOVING)
    assert receive_animation(receiver) == EncodedRendition(MOVING, 80, 40)


@pytest.mark.parametrize(
    "data",
    [
        WEBP,
        b"x",
        make_animation("GIF"),
        encode_moving((641, 10), "WEBP"),
        encode_moving((10, 641), "WEBP"),
        MOVING + b"x",
    ],
)
def test_other_bytes_than_a_small_animation_are_refused(channels: Channels, data: bytes) -> None:
    sender, receiver = channels
    send_bytes(sender, data)
    with pytest.raises(InvalidReport):
        receive_animation(receiver)


def test_variant_for_renditions_is_refused(channels: Channels) -> None:
    sender, receiver = channels
    send_bytes(sender, WEBP)
    with pytest.raises(InvalidReport, match="another order"):
        receive_rendered(receiver)


def test_variant_that_is_too_long_is_refused(channels: Channels) -> None:
    sender, receiver = channels
    sender.send(b'{"outcome": "made"}')
    sender._connection.sendall((MAX_DELIVERED_BYTES + 1).to_bytes(8))  # noqa: SLF001 - no channel sends it
    with pytest.raises(InvalidReport, match="too long"):
        receive_variant(receiver, Variant(80, 40, Fit.INSIDE, VariantFormat.WEBP))


def test_refusal_arrives_with_the_start_of_its_reason(channels: Channels) -> None:
    sender, receiver = channels
    send_refusal(sender, UnacceptableImage("a" * MAX_DETAIL_CHARS + "b"))
    with pytest.raises(UnacceptableImage) as raised:
        receive_rendered(receiver)
    assert raised.value.detail == "a" * MAX_DETAIL_CHARS


def test_failure_arrives_with_the_end_of_its_traceback(channels: Channels) -> None:
    sender, receiver = channels
    send_failure(sender, "a" + "b" * MAX_TRACEBACK_CHARS)
    with pytest.raises(DecoderError) as raised:
        receive_rendered(receiver)
    assert str(raised.value) == "b" * MAX_TRACEBACK_CHARS


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([b"{"], "not valid"),
        ([b"[]"], "not valid"),
        ([b"x" * (MAX_REPORT_BYTES + 1)], "not valid"),
        ([b'{"outcome": "other"}'], "not valid"),
        ([b'{"outcome": "refused", "detail": ""}'], "not valid"),
        ([b'{"outcome": "refused", "detail": "' + b"x" * 501 + b'"}'], "not valid"),
        ([b'{"outcome": "failed", "traceback": "' + b"x" * 8001 + b'"}'], "not valid"),
        ([make_report(more=1)], "not valid"),
        ([make_report(inspection={"content_type": "image/jpeg", "width": 80, "height": 40})], "not valid"),
        ([make_report(placeholder={"thumbhash": "x" * 65, "dominant_color": "#aabbcc"})], "not valid"),
        ([make_report(placeholder={"thumbhash": "AA==", "dominant_color": "red"})], "not valid"),
        ([make_report(exif={"camera": "x" * 101})], "not valid"),
        ([make_report(exif={"taken_at": "<script>"})], "not valid"),
        ([make_report(exif={"aperture": "x"})], "not valid"),
        ([make_report().replace(b"80", b"0", 1)], "not valid"),
        ([make_report().replace(b"80", b"NaN", 1)], "not valid"),
        ([make_report(renditions={})], "every rendition"),
        ([make_report(renditions={"other": {"width": 1, "height": 1}})], "not valid"),
        (
            [make_report(renditions={name: {"width": 257, "height": 40} for name in STILLS})],
            "larger than its box",
        ),
        (
            [make_report(renditions={name: {"width": 40, "height": 257} for name in STILLS})],
            "larger than its box",
        ),
        ([make_report(), b"<html>"], "not a WebP"),
        ([make_report(), WEBP + b"x"], "not a WebP"),
        ([make_report(), b"RIFF" + WEBP[4:8] + b"WAVE" + WEBP[12:]], "not a WebP"),
    ],
)
def test_report_is_checked_field_by_field(channels: Channels, frames: list[bytes], reason: str) -> None:
    sender, receiver = channels
    for frame in frames:
        sender.send(frame)
    with pytest.raises(InvalidReport, match=reason):
        receive_rendered(receiver)
