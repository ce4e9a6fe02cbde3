from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import InvalidFields
from shared.models import Rendition
from shared.renditions import MAX_DELIVERED_BYTES, STILLS, Fit, RenditionName
from shared.variants import (
    ASPECT_RATIOS,
    AUTO_FORMAT,
    CARD_SIZE,
    LADDER_PX,
    MAX_VARIANT_SIDE_PX,
    SPARE_SCALE,
    Variant,
    VariantFormat,
    VariantMode,
    VariantRequest,
    choose_source,
    find_rendition,
    list_heights,
)
from tests.support.variants import list_requests

CLOSED_SET = [*list_requests()]
SIZES = st.tuples(st.integers(1, 2000), st.integers(1, 2000))
BOUNDS = st.none() | st.integers(1, 2000)
FORMATS = st.sampled_from(VariantFormat)
CHOICES = st.none() | st.just(AUTO_FORMAT) | FORMATS
REQUESTS = st.builds(VariantRequest, BOUNDS, BOUNDS, st.none() | st.sampled_from(Fit), CHOICES).filter(
    lambda request: not request.fit or request.width or request.height
)
LARGE, WEBP = (2000, 1500), VariantFormat.WEBP


def make_renditions(width: int, height: int, size: int = 1) -> dict[RenditionName, Rendition]:
    """The renditions of an image of this size."""
    scales = {name: min(1, name.width / width, name.height / height) for name in STILLS}
    return {
        name: Rendition(width=max(1, round(width * scale)), height=max(1, round(height * scale)), size=size)
        for name, scale in scales.items()
    }


def read_errors(
    request: VariantRequest, mode: VariantMode = VariantMode.ENABLED, *, is_signed: bool = False
) -> dict[str, str]:
    try:
        request.require_allowed(mode, is_signed=is_signed)
    except InvalidFields as invalid:
        return {error.field: error.message for error in invalid.errors}
    return {}


@pytest.mark.parametrize(
    "size", [LARGE, (1500, 2000), (2000, 1333), (2000, 2000), (2000, 1125), (1125, 2000), (800, 600), (1, 1)]
)
def test_image_has_about_200_variants_at_most(size: tuple[int, int]) -> None:
    renditions = make_renditions(*size)
    names = {request.resolve(renditions, request.fixed_format or WEBP).name for request in CLOSED_SET}
    assert len(names) <= 250
    if max(size) == 2000:
        assert len(names) >= 150


def test_every_request_of_the_closed_set_is_allowed_to_strangers() -> None:
    assert [read_errors(request) for request in CLOSED_SET if read_errors(request)] == []


@given(REQUESTS)
@example(VariantRequest(*CARD_SIZE))
@example(VariantRequest(640, 427))
def test_strangers_may_ask_for_the_closed_set_and_nothing_else(request: VariantRequest) -> None:
    same = [
        (listed.width, listed.height)
        for listed in CLOSED_SET
        if (listed.width, listed.height) == (request.width, request.height)
    ]
    assert request.is_listed is bool(same)
    assert bool(read_errors(request)) is not request.is_listed


@pytest.mark.parametrize(
    ("request_", "errors"),
    [
        (VariantRequest(200), {"width": "64, 320, 640, 960, 1280, 2000, or 1200 with a height of 630"}),
        (VariantRequest(0, 1), {"width": "64, 320"}),
        (VariantRequest(1200), {"width": "1200 with a height of 630"}),
        (VariantRequest(None, 630), {"height": "Alone it must be one of 64, 320, 640, 960, 1280, 2000."}),
        (VariantRequest(None, -1), {"height": "Alone"}),
        (VariantRequest(640, 400), {"height": "With a width of 640 it must be one of 360, 427, 480, 640"}),
        (VariantRequest(640, 2001), {"height": "960, 1138"}),
    ],
)
def test_refusal_names_what_is_allowed(request_: VariantRequest, errors: dict[str, str]) -> None:
    found = read_errors(request_)
    assert found.keys() == errors.keys()
    assert all(errors[name] in message for name, message in found.items())


@given(REQUESTS)
def test_signed_link_opens_any_size_up_to_2000_pixels(request: VariantRequest) -> None:
    assert read_errors(request, is_signed=True) == {}
    assert read_errors(request, VariantMode.SIGNED, is_signed=True) == {}


@pytest.mark.parametrize("side", [-1, 0, MAX_VARIANT_SIDE_PX + 1, 10**30])
def test_signed_link_is_bounded(side: int) -> None:
    errors = read_errors(VariantRequest(side, side), is_signed=True)
    assert errors == dict.fromkeys(("width", "height"), "It must be 1 to 2000.")


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("choice", [None, AUTO_FORMAT, WEBP])
def test_fit_takes_something_to_fit(is_signed: bool, fit: Fit, choice: Any) -> None:  # noqa: ANN401 - a format
    errors = read_errors(VariantRequest(fit=fit, format=choice), is_signed=is_signed)
    assert errors == {"fit": "It takes a width or a height."}
    for width, height in ((64, None), (None, 64), (64, 64)):
        assert read_errors(VariantRequest(width, height, fit), is_signed=is_signed) == {}


@pytest.mark.parametrize(
    ("mode", "is_signed", "message"),
    [
        (VariantMode.SIGNED, False, "signed link"),
        (VariantMode.DISABLED, False, "no variants here"),
        (VariantMode.DISABLED, True, "no variants here"),
    ],
)
@pytest.mark.parametrize(
    "request_", [VariantRequest(640, 480, Fit.COVER, WEBP), VariantRequest(format=AUTO_FORMAT)]
)
def test_deployment_can_refuse_all_that_a_client_names(
    request_: VariantRequest, mode: VariantMode, is_signed: bool, message: str
) -> None:
    errors = read_errors(request_, mode, is_signed=is_signed)
    assert errors.keys() == request_.named.keys()
    assert all(message in text for text in errors.values())


@pytest.mark.parametrize("mode", VariantMode)
def test_image_itself_is_no_variant(mode: VariantMode) -> None:
    assert VariantRequest().named == {}
    assert read_errors(VariantRequest(), mode) == {}


@pytest.mark.parametrize(
    ("request_", "size", "name"),
    [
        (VariantRequest(), LARGE, "2000x1500-1.webp"),
        (VariantRequest(640), LARGE, "640x480-1.webp"),
        (VariantRequest(None, 640), LARGE, "853x640-1.webp"),
        (VariantRequest(None, 2000), LARGE, "2000x1500-1.webp"),
        (VariantRequest(640, 640), LARGE, "640x480-1.webp"),
        (VariantRequest(640, 360), LARGE, "480x360-1.webp"),
        (VariantRequest(640, 480, Fit.COVER), LARGE, "640x480-1.webp"),
        (VariantRequest(640, 640, Fit.COVER), LARGE, "640x640-cover-1.webp"),
        (VariantRequest(2000, 2000, Fit.COVER), LARGE, "1500x1500-cover-1.webp"),
        (VariantRequest(1200, 630, Fit.COVER), (800, 600), "800x420-cover-1.webp"),
        (VariantRequest(640), (80, 40), "80x40-1.webp"),
        (VariantRequest(64), (2000, 1), "64x1-1.webp"),
        (VariantRequest(64, 64, Fit.COVER), (2000, 2), "2x2-cover-1.webp"),
    ],
)
def test_request_comes_to_an_exact_size(request_: VariantRequest, size: Any, name: str) -> None:  # noqa: ANN401 - a size
    assert request_.resolve(make_renditions(*size), WEBP).name == name


@given(REQUESTS, SIZES)
def test_variant_is_never_enlarged_and_keeps_to_its_box(
    request: VariantRequest, size: tuple[int, int]
) -> None:
    variant = request.resolve(make_renditions(*size), WEBP)
    assert 1 <= variant.width <= size[0]
    assert 1 <= variant.height <= size[1]
    assert variant.width <= (request.width or 2000)
    assert variant.height <= (request.height or 2000)
    assert not (variant.fit is Fit.COVER and request.fit is Fit.INSIDE)


@given(SIZES, SIZES)
def test_cover_is_as_large_as_it_can_be(box: tuple[int, int], size: tuple[int, int]) -> None:
    variant = VariantRequest(*box, Fit.COVER).resolve(make_renditions(*size), WEBP)
    full = (variant.width, variant.height) == box
    assert full or variant.width == size[0] or variant.height == size[1]
    exact = Fraction(variant.width * box[1], box[0])
    assert abs(variant.height - exact) <= 1 + Fraction(box[1], box[0]) or variant.height == 1


@given(st.sampled_from(LADDER_PX))
def test_every_aspect_ratio_has_its_height(width: int) -> None:
    heights = list_heights(width)
    assert len(heights) == len(ASPECT_RATIOS)
    assert width in heights


def test_content_type_is_that_of_the_format() -> None:
    assert [found.content_type for found in VariantFormat] == [
        "image/avif",
        "image/webp",
        "image/jpeg",
        "image/png",
    ]


@pytest.mark.parametrize("size", [(4240, 2832), (4032, 3024), (3000, 1999), (2001, 1334)])
def test_variant_of_the_size_of_a_rendition_is_the_rendition(size: tuple[int, int]) -> None:
    """Its sides are rounded from those of the original, and those of a variant from the largest rendition."""
    renditions = make_renditions(*size)
    variant = VariantRequest(640).resolve(renditions, WEBP)
    assert find_rendition(renditions, variant) is RenditionName.SMALL


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        (Variant(640, 480, Fit.INSIDE, WEBP), RenditionName.SMALL),
        (Variant(2000, 1500, Fit.INSIDE, WEBP), RenditionName.LARGE),
        (Variant(640, 480, Fit.INSIDE, VariantFormat.AVIF), None),
        (Variant(640, 480, Fit.COVER, WEBP), None),
        (Variant(320, 240, Fit.INSIDE, WEBP), None),
    ],
)
def test_variant_may_be_a_rendition_already(variant: Variant, name: RenditionName | None) -> None:
    assert find_rendition(make_renditions(*LARGE), variant) == name


def test_rendition_that_is_too_large_for_a_response_is_no_variant() -> None:
    variant = Variant(2000, 1500, Fit.INSIDE, WEBP)
    assert find_rendition(make_renditions(*LARGE, size=MAX_DELIVERED_BYTES), variant)
    assert find_rendition(make_renditions(*LARGE, size=MAX_DELIVERED_BYTES + 1), variant) is None


@given(st.tuples(st.integers(1, 12_000), st.integers(1, 12_000)), REQUESTS)
def test_source_is_the_smallest_rendition_with_pixels_to_spare(
    size: tuple[int, int], request: VariantRequest
) -> None:
    renditions = make_renditions(*size)
    variant = request.resolve(renditions, WEBP)
    source = choose_source(renditions, variant)

    def spares(name: RenditionName) -> bool:
        found = renditions[name]
        scale = min(Fraction(found.width, variant.width), Fraction(found.height, variant.height))
        return scale >= SPARE_SCALE

    smaller = [name for name in renditions if renditions[name].width < renditions[source].width]
    assert not any(map(spares, smaller))
    assert spares(source) or not any(map(spares, renditions))
    assert renditions[source].width >= variant.width
    assert renditions[source].height >= variant.height
