from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from imaging import encoding
from imaging.encoding import LOWER_QUALITIES, encode
from imaging.variants import OPTIONS
from shared.inspection import inspect
from shared.renditions import MAX_DELIVERED_BYTES
from shared.variants import MAX_VARIANT_SIDE_PX, VariantFormat

AVIF, WEBP, JPEG, PNG = VariantFormat
MODES = {AVIF: ("RGB", "RGBA"), WEBP: ("RGB", "RGBA"), JPEG: ("RGB",), PNG: ("RGB", "RGBA")}
PICTURES = [(picture_format, mode) for picture_format, modes in MODES.items() for mode in modes]


def make_noise(mode: str, side: int) -> Image.Image:
    return Image.merge(mode, [Image.effect_noise((side, side), 250) for _ in mode])


@pytest.mark.parametrize(("picture_format", "mode"), PICTURES)
def test_what_would_be_too_large_has_less_quality(
    picture_format: VariantFormat, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = make_noise(mode, 100)
    sizes = [len(encode(noise, picture_format, OPTIONS[picture_format]))]
    for _ in range(1 if picture_format is PNG else len(LOWER_QUALITIES)):
        monkeypatch.setattr(encoding, "MAX_DELIVERED_BYTES", sizes[-1] - 1)
        data = encode(noise, picture_format, OPTIONS[picture_format])
        sizes.append(len(data))
        assert inspect(data).content_type == picture_format.content_type
        assert Image.open(BytesIO(data)).has_transparency_data is (mode == "RGBA")
    assert sizes == sorted({*sizes}, reverse=True)


# AVIF of noise with transparency takes seconds. It is the smallest of the formats.
@pytest.mark.parametrize(("picture_format", "mode"), [each for each in PICTURES if each != (AVIF, "RGBA")])
def test_largest_picture_of_noise_fits_in_a_response(picture_format: VariantFormat, mode: str) -> None:
    """Noisier than any rendition that variants are made of."""
    data = encode(make_noise(mode, MAX_VARIANT_SIDE_PX), picture_format, OPTIONS[picture_format])
    assert 1_000_000 < len(data) <= MAX_DELIVERED_BYTES
