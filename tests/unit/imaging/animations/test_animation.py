"""The rendition of an animation: its size, its times, its loops and its bounds."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imaging.animations import animation
from imaging.animations.animation import make_animation
from shared.errors import UnacceptableImage
from shared.renditions import MAX_ANIMATION_FRAMES, MAX_DELIVERED_BYTES
from tests.support.animations import (
    BLUE,
    CLEAR,
    RED,
    GifFrame,
    PngFrame,
    draw_apng,
    draw_gif,
    make_apng,
    make_gif,
)
from tests.support.pictures import draw_quadrants, encode, encode_moving, make_exif, make_swapped_profile
from tests.support.pictures import make_animation as encode_frames

FORMATS = ("GIF", "PNG", "WEBP", "AVIF")
SECRET = b"48.8583 N"


def read(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data), formats=["WEBP"])
    image.load()
    return image


def read_times(data: bytes) -> list[int]:
    """The time of each picture in milliseconds."""
    image = read(data)
    times = []
    for number in range(image.n_frames):  # type: ignore[attr-defined] # of its file
        image.seek(number)
        image.load()
        times.append(image.info["duration"])
    return times


def make_long(ticks: int, frames: int) -> bytes:
    return make_gif((4, 4), [GifFrame((0, 0, 4, 4), (at % 4,), ticks=ticks) for at in range(frames)])


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_kind_of_animation_becomes_a_moving_webp(image_format: str) -> None:
    image = read(make_animation(encode_frames(image_format)))
    assert (image.size, image.n_frames) == ((80, 40), 3)  # type: ignore[attr-defined] # of its file
    assert read_times(make_animation(encode_frames(image_format))) == [100, 100, 100]


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize(
    ("size", "shown"),
    [((1280, 640), (640, 320)), ((300, 900), (213, 640)), ((640, 640), (640, 640)), ((5, 3), (5, 3))],
)
def test_animation_fits_its_box_and_is_never_enlarged(
    image_format: str, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert read(make_animation(encode_moving(size, image_format))).size == shown


@pytest.mark.parametrize(
    ("image_format", "loops", "plays"),
    [
        ("GIF", None, 1),
        ("GIF", 0, 0),
        ("GIF", 2, 3),
        ("GIF", 65_535, 65_535),
        ("PNG", 0, 0),
        ("PNG", 2, 2),
        ("WEBP", 0, 0),
        ("WEBP", 2, 2),
    ],
)
def test_animation_plays_as_often_as_its_original(image_format: str, loops: int | None, plays: int) -> None:
    options = {} if loops is None else {"loop": loops}
    assert read(make_animation(encode_moving((80, 40), image_format, **options))).info["loop"] == plays


@pytest.mark.parametrize(("ticks", "milliseconds"), [(0, 100), (1, 100), (2, 20), (7, 70)])
def test_picture_that_is_too_short_lasts_as_long_as_in_browsers(ticks: int, milliseconds: int) -> None:
    assert read_times(make_animation(make_long(ticks, 3))) == [milliseconds] * 3


@pytest.mark.parametrize(
    ("ticks", "frames", "times"),
    [
        (400, 4, [4000, 4000, 2000]),
        (500, 3, [5000, 5000]),
        (300, 3, [3000, 3000, 3000]),
        (999, 2, [9990, 10]),
    ],
)
def test_animation_ends_after_ten_seconds(ticks: int, frames: int, times: list[int]) -> None:
    assert read_times(make_animation(make_long(ticks, frames))) == times


def make_fast(frames: int) -> bytes:
    rows = [b"\0" + bytes([255 * (at % 2)]) for at in range(frames)]
    return make_apng((1, 1), [PngFrame((0, 0, 1, 1), row, (11, 1000)) for row in rows], kind=(8, 0))


def test_many_short_pictures_are_all_shown() -> None:
    assert read_times(make_animation(make_fast(MAX_ANIMATION_FRAMES))) == [11] * MAX_ANIMATION_FRAMES


def test_parts_that_nothing_covers_are_transparent() -> None:
    left, right = GifFrame((0, 0, 20, 40), (RED,), CLEAR), GifFrame((20, 0, 20, 40), (BLUE,))
    image = read(make_animation(make_gif((40, 40), [left, right])))
    assert image.getpixel((30, 20))[3] == 0  # type: ignore[index] # RGBA
    image.seek(1)
    assert image.convert("RGBA").getpixel((10, 20))[3] == 0  # type: ignore[index] # RGBA
    assert image.convert("RGBA").getpixel((30, 20)) == pytest.approx((0, 0, 255, 255), abs=5)


def test_colours_become_srgb() -> None:
    frames = [PngFrame((0, 0, 8, 8), (b"\0" + bytes([r, 40, 40]) * 8) * 8) for r in (200, 120)]
    profile = [(b"gAMA", (100_000).to_bytes(4))]
    image = read(make_animation(make_apng((8, 8), frames, kind=(8, 2), chunks=profile))).convert("RGB")
    assert image.getpixel((4, 4)) == pytest.approx((229, 110, 110), abs=6)


def test_animation_is_upright() -> None:
    image = read(make_animation(encode_moving((80, 40), "WEBP", exif=make_exif({0x0112: 6}))))
    assert image.size == (40, 80)


@pytest.mark.parametrize("image_format", FORMATS)
def test_animation_carries_no_metadata(image_format: str) -> None:
    options: dict[str, Any] = {"comment": SECRET, "xmp": SECRET, "exif": make_exif({0x010E: SECRET.decode()})}
    options |= {"icc_profile": make_swapped_profile()}
    data = encode_moving((80, 40), image_format, **options)
    assert SECRET in data
    image = read(make_animation(data))
    assert SECRET not in make_animation(data)
    assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (encode(draw_quadrants(), "GIF"), "does not move"),
        (make_gif((4, 4), [GifFrame((0, 0, 4, 4))] * 3), "do not differ"),
        (make_long(1000, 2), "do not differ"),
        (make_fast(MAX_ANIMATION_FRAMES + 1), "too many frames"),
        (make_gif((4, 4), [GifFrame((0, 0, 4, 4)), GifFrame((0, 0, 0, 4))]), "no pixels"),
        (encode_frames("WEBP")[:-40], "damaged"),
    ],
    ids=["still", "same", "one in time", "frames", "empty frame", "damaged"],
)
def test_image_without_an_animation_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnacceptableImage, match=reason):
        make_animation(data)


def test_many_pictures_are_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_ANIMATION_PIXELS", 2 * 80 * 40 // 4)
    assert read(make_animation(encode_moving((80, 40)))).size == (40, 20)


def test_animation_of_too_many_bytes_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_moving((600, 400))
    monkeypatch.setattr(animation, "MAX_DELIVERED_BYTES", len(make_animation(data)) - 1)
    assert read(make_animation(data)).size == (300, 200)
    monkeypatch.setattr(animation, "MAX_DELIVERED_BYTES", 10)
    with pytest.raises(UnacceptableImage, match="too many bytes"):
        make_animation(data)


@given(st.integers(0, 10_000), st.sampled_from([draw_gif, draw_apng]), st.integers(0, 255), st.data())
def test_damaged_animation_is_made_or_refused(seed: int, draw: Any, value: int, data: st.DataObject) -> None:  # noqa: ANN401 - one of two functions
    damaged = bytearray(draw(Random(seed)))  # noqa: S311 - chance, not a secret
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = value
    with suppress(UnacceptableImage):
        assert len(make_animation(bytes(damaged))) <= MAX_DELIVERED_BYTES
