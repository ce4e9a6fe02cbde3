from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.responses.contents import (
    Content,
    make_absence,
    make_file_disposition,
    make_terms,
    show_rendition,
    show_variant,
)
from shared.lifecycle import Status
from shared.models import Visibility
from shared.renditions import Fit, RenditionName
from shared.variants import Variant, VariantFormat
from tests.support.images import make_image, make_ready

if TYPE_CHECKING:
    from shared.models import Image

PUBLIC = make_ready(visibility=Visibility.PUBLIC)
HIDDEN = (make_ready(visibility=Visibility.PRIVATE), make_image(visibility=Visibility.PUBLIC))


@pytest.mark.parametrize(
    ("is_current", "cdn_seconds", "cache_control"),
    [
        (True, 60, "public, max-age=31536000, immutable, s-maxage=60"),
        (True, 86_400, "public, max-age=31536000, immutable, s-maxage=86400"),
        (True, 0, "public, max-age=31536000, immutable, s-maxage=0"),
        (False, 86_400, "public, max-age=60, s-maxage=60"),
        (False, 5, "public, max-age=60, s-maxage=5"),
    ],
)
def test_shared_caches_keep_a_public_image_as_long_as_the_settings_say(
    is_current: bool, cdn_seconds: int, cache_control: str
) -> None:
    terms = make_terms(PUBLIC, is_current=is_current, link_seconds=None, cdn_seconds=cdn_seconds)
    assert (terms.cache_control, terms.is_embeddable) == (cache_control, True)


@pytest.mark.parametrize("image", HIDDEN, ids=["private", "not ready"])
@given(st.booleans(), st.none() | st.integers(0, 604_800), st.integers(0, 86_400))
def test_no_shared_cache_keeps_what_not_everyone_may_see(
    image: Image, is_current: bool, link_seconds: int | None, cdn_seconds: int
) -> None:
    terms = make_terms(image, is_current=is_current, link_seconds=link_seconds, cdn_seconds=cdn_seconds)
    scope, _, age = terms.cache_control.partition(", max-age=")
    assert scope == "private"
    assert int(age) <= (60 if link_seconds is None or not is_current else link_seconds)
    assert terms.is_embeddable is (link_seconds is not None)


def test_what_a_link_opens_is_kept_no_longer_than_the_link() -> None:
    def get_cache_control(seconds: int, *, is_current: bool) -> str:
        return make_terms(
            HIDDEN[0], is_current=is_current, link_seconds=seconds, cdn_seconds=60
        ).cache_control

    assert get_cache_control(5000, is_current=True) == "private, max-age=5000"
    assert get_cache_control(5000, is_current=False) == "private, max-age=60"
    assert get_cache_control(5, is_current=False) == "private, max-age=5"


def test_etag_tells_the_revision_and_the_rendition() -> None:
    image = PUBLIC.model_copy(update={"revision": 3})
    contents = [show_rendition(image, name) for name in RenditionName]
    assert [content.etag for content in contents] == [f'"3-{name}"' for name in RenditionName]
    assert {content.content_type for content in contents} == {"image/webp"}


def test_etag_tells_the_revision_and_the_variant() -> None:
    image = PUBLIC.model_copy(update={"revision": 3})
    variant = Variant(64, 32, Fit.COVER, VariantFormat.AVIF)
    assert show_variant(image, variant) == Content(f'"3-{variant.name}"', "image/avif")


@pytest.mark.parametrize(
    ("filename", "encoded"),
    [
        ("a.jpg", "a.webp"),
        ("a.b.jpg", "a.b.webp"),
        ("no extension", "no%20extension.webp"),
        (".jpg", ".jpg.webp"),
        ('"; x=.jpg', "%22%3B%20x%3D.webp"),
        ("写真.jpg", "%E5%86%99%E7%9C%9F.webp"),
    ],
)
def test_file_has_the_stem_of_its_image_and_the_extension_of_its_bytes(filename: str, encoded: str) -> None:
    image = PUBLIC.model_copy(update={"filename": filename})
    content = Content("", "image/webp")
    for is_download, kind in ((False, "inline"), (True, "attachment")):
        disposition = make_file_disposition(image, content, is_download=is_download)
        assert disposition == f"{kind}; filename*=UTF-8''{encoded}"


@pytest.mark.parametrize("status", Status)
def test_only_what_will_soon_be_there_says_when_to_come_again(status: Status) -> None:
    error = make_absence(make_image(status=status), "such rendition")
    is_soon = status in {Status.PENDING, Status.PROCESSING}
    assert error.code == ("not_ready" if is_soon else "not_found")
    assert error.retry_after_seconds == (2 if is_soon else None)
    assert error.detail == f"This image has no such rendition. It is {status}."
