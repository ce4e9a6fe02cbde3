"""Reports of the decoder's process: data that are checked field by field, because nobody can trust them.

A report is one frame of JSON. Then the bytes of the variant or the animation follow in a frame, or those of
each rendition in the report's order.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from imaging.frames import Channel, FrameTooLong
from shared.errors import UnacceptableImage
from shared.inspection import Inspection, inspect
from shared.models import Exif, Placeholder
from shared.renditions import MAX_DELIVERED_BYTES, STILLS, RenditionName
from shared.variants import Variant

MAX_REPORT_BYTES = 64_000
MAX_DETAIL_CHARS = 500
MAX_TRACEBACK_CHARS = 8_000


@dataclass(frozen=True)
class EncodedRendition:
    """One rendition of an image, as WebP."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Rendered:
    """The renditions and the facts of an image. `inspect` reads those in its header, not the decoder."""

    renditions: dict[RenditionName, EncodedRendition]
    placeholder: Placeholder
    exif: Exif | None


class InvalidReport(Exception):
    """The decoder's process sent something that is not a report."""


class DecoderError(Exception):
    """The decoder's process failed because of a mistake in our code."""


class _Report(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _RenditionReport(_Report):
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class _RenderedReport(_Report):
    outcome: Literal["rendered"] = "rendered"
    renditions: dict[RenditionName, _RenditionReport]
    placeholder: Placeholder
    exif: Exif | None


class _MadeReport(_Report):
    outcome: Literal["made"] = "made"


class _RefusedReport(_Report):
    outcome: Literal["refused"] = "refused"
    detail: str = Field(min_length=1, max_length=MAX_DETAIL_CHARS)


class _FailedReport(_Report):
    outcome: Literal["failed"] = "failed"
    traceback: str = Field(max_length=MAX_TRACEBACK_CHARS)


type _Outcome = _RenderedReport | _MadeReport | _RefusedReport | _FailedReport


@cache
def make_adapter() -> TypeAdapter[_Outcome]:
    return TypeAdapter(Annotated[_Outcome, Field(discriminator="outcome")])


def send_rendered(channel: Channel, rendered: Rendered) -> None:
    report = _RenderedReport(
        renditions={
            name: _RenditionReport(width=rendition.width, height=rendition.height)
            for name, rendition in rendered.renditions.items()
        },
        placeholder=rendered.placeholder,
        exif=rendered.exif,
    )
    channel.send(report.model_dump_json().encode())
    for rendition in rendered.renditions.values():
        channel.send(rendition.data)


def send_bytes(channel: Channel, data: bytes) -> None:
    """Send a variant or an animation."""
    channel.send(_MadeReport().model_dump_json().encode())
    channel.send(data)


def send_refusal(channel: Channel, error: UnacceptableImage) -> None:
    channel.send(_RefusedReport(detail=error.detail[:MAX_DETAIL_CHARS]).model_dump_json().encode())


def send_failure(channel: Channel, traceback: str) -> None:
    channel.send(_FailedReport(traceback=traceback[-MAX_TRACEBACK_CHARS:]).model_dump_json().encode())


def receive_rendered(channel: Channel) -> Rendered:
    """Receive the renditions of one image. Raises as `_receive_report` does."""
    report = _receive_report(channel)
    if not isinstance(report, _RenderedReport):
        raise InvalidReport("the report is of another order")
    return _receive_renditions(channel, report)


def receive_variant(channel: Channel, variant: Variant) -> bytes:
    """Receive a variant of exactly the size and the format that were ordered. Raises as `_receive_report`."""
    data, found = _receive_made(channel)
    if found != Inspection(variant.format.content_type, variant.width, variant.height, animated=False):
        raise InvalidReport("the variant is not the one that was ordered")
    return data


def receive_animation(channel: Channel) -> EncodedRendition:
    """Receive an animation that fits its box. Raises as `_receive_report` does."""
    data, found = _receive_made(channel)
    name = RenditionName.ANIMATION
    if not found.animated or found.width > name.width or found.height > name.height:
        raise InvalidReport("the animation is not the one that was ordered")
    _require_webp(name, data)
    return EncodedRendition(data, found.width, found.height)


def _receive_made(channel: Channel) -> tuple[bytes, Inspection]:
    if not isinstance(_receive_report(channel), _MadeReport):
        raise InvalidReport("the report is of another order")
    data = _receive_bytes(channel, "the image")
    try:
        return data, inspect(data)
    except UnacceptableImage as error:
        raise InvalidReport("what was made is not an image") from error


def _receive_report(channel: Channel) -> _RenderedReport | _MadeReport:
    """Receive the report of one image.

    Raises UnacceptableImage if the decoder refused the image, DecoderError with the traceback if it failed,
    InvalidReport for anything that is not a report, and ChannelClosed if the decoder ended early.
    """
    try:
        report = make_adapter().validate_json(channel.receive(MAX_REPORT_BYTES))
    except (ValidationError, FrameTooLong) as error:
        raise InvalidReport("the report is not valid") from error
    match report:
        case _RefusedReport():
            raise UnacceptableImage(report.detail)
        case _FailedReport():
            raise DecoderError(report.traceback)
        case _:
            return report


def _receive_renditions(channel: Channel, report: _RenderedReport) -> Rendered:
    if report.renditions.keys() != {*STILLS}:
        raise InvalidReport("the report does not name every rendition once")
    renditions = {}
    for name, size in report.renditions.items():
        if size.width > name.width or size.height > name.height:
            raise InvalidReport(f"{name} is larger than its box")
        data = _receive_bytes(channel, name)
        _require_webp(name, data)
        renditions[name] = EncodedRendition(data, size.width, size.height)
    return Rendered(renditions, report.placeholder, report.exif)


def _receive_bytes(channel: Channel, name: str) -> bytes:
    try:
        return channel.receive(MAX_DELIVERED_BYTES)
    except FrameTooLong as error:
        raise InvalidReport(f"{name} is too long") from error


def _require_webp(name: RenditionName, data: bytes) -> None:
    """A RIFF file of the kind WEBP that is exactly as long as it says."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if not is_webp or int.from_bytes(data[4:8], "little") != len(data) - 8:
        raise InvalidReport(f"{name} is not a WebP file")
