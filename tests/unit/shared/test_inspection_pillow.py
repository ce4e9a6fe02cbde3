"""The headers that are read in Python say what Pillow says, and nobody can keep their reader busy."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import UnacceptableImage, UnsupportedImage
from shared.inspection import Inspection, inspect
from tests.support.metadata import CASES
from tests.support.pictures import (
    draw_quadrants,
    encode,
    make_animation,
    make_photo,
    make_picture,
    make_png_header,
)
from tests.support.pillow import inspect_with_pillow, judge

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIC")
MOVING = ("PNG", "GIF", "WEBP", "AVIF")
TURNED = ("JPEG", "PNG", "WEBP", "AVIF", "HEIC")
MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "GIF": ("L", "P"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("L", "RGB", "RGBA"),
    "HEIC": ("L", "LA", "RGB", "RGBA", "I;16"),
}
PICTURES = {
    **{f"{name}": make_picture(name) for name in FORMATS},
    **{f"turned {name}": make_photo(6, name) for name in TURNED},
    **{f"moving {name}": make_animation(name) for name in MOVING},
    "progressive JPEG": encode(draw_quadrants(), "JPEG", progressive=True),
    "lossless WEBP": encode(draw_quadrants(), "WEBP", lossless=True),
}
EXIF_BEHIND = {"turned WEBP": b"EXIF", "turned HEIC": b"\0\0\0\6Exif"}
PICTURE = st.sampled_from([*PICTURES.values()])


def assert_same(data: bytes) -> None:
    found = judge(data)
    assert found == judge(data, inspect_with_pillow)
    assert isinstance(found, Inspection)


@pytest.mark.parametrize(
    ("image_format", "mode"), [(name, mode) for name, modes in MODES.items() for mode in modes]
)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (255, 257), (1000, 3)])
def test_both_agree_on_every_kind_of_picture(image_format: str, mode: str, size: tuple[int, int]) -> None:
    assert_same(
        encode(draw_quadrants(*size).convert("L" if mode == "I;16" else "RGB").convert(mode), image_format)
    )


@pytest.mark.parametrize("image_format", TURNED)
@pytest.mark.parametrize("orientation", range(10))
def test_both_agree_on_every_orientation(image_format: str, orientation: int) -> None:
    assert_same(make_photo(orientation, image_format))


@pytest.mark.parametrize("image_format", MOVING)
@pytest.mark.parametrize("frames", [1, 2, 20])
def test_both_agree_on_every_animation(image_format: str, frames: int) -> None:
    assert_same(make_animation(image_format, frames))


@pytest.mark.parametrize(
    ("form", "place", "make"), CASES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_both_agree_wherever_metadata_stand(form: str, place: str, make: object) -> None:
    assert form
    assert place
    assert callable(make)
    assert_same(make())


@pytest.mark.parametrize("size", [(10_000, 10_020), (20_000, 20_000), (0, 1), (1, 0), (100, 100)])
def test_both_agree_on_sizes(size: tuple[int, int]) -> None:
    data = make_png_header(*size)
    assert judge(data) == judge(data, inspect_with_pillow)


@pytest.mark.parametrize("picture", PICTURES)
def test_file_that_is_cut_off_is_refused_wherever_pillow_refuses_it(picture: str) -> None:
    """In some places it is refused here and not there, because Pillow meets the end only in the pixels.

    In some files, EXIF stands behind the pixels. No picture is refused because a part of that is missing.
    """
    whole = PICTURES[picture]
    for length in range(whole.find(EXIF_BEHIND[picture]) if picture in EXIF_BEHIND else len(whole)):
        expected = judge(whole[:length], inspect_with_pillow)
        assert judge(whole[:length]) in {expected, UnsupportedImage}, f"{length} of {len(whole)} bytes"


@given(PICTURE, st.data())
@settings(max_examples=600)
def test_damage_raises_nothing_but_unacceptable(picture: bytes, data: st.DataObject) -> None:
    damaged = bytearray(picture)
    for position in data.draw(st.lists(st.integers(0, len(picture) - 1), min_size=1, max_size=8)):
        damaged[position] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(picture)))
    with suppress(UnacceptableImage):
        inspect(bytes(damaged[:start]) + bytes(damaged[data.draw(st.integers(start, len(picture))) :]))


@given(PICTURE, st.integers(0, 64), st.binary(max_size=200))
def test_any_bytes_behind_a_beginning_raise_nothing_but_unacceptable(
    picture: bytes, length: int, rest: bytes
) -> None:
    with suppress(UnacceptableImage):
        inspect(picture[:length] + rest)
