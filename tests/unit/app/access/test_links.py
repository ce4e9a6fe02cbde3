from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from app.access.links import URL_LIFETIME, URL_STEP, LinkSigner, Signature, make_path
from shared.models import Visibility
from shared.renditions import RenditionName
from tests.support.images import make_image, make_ready

if TYPE_CHECKING:
    from shared.models import Image

NOW = datetime(2026, 11, 24, 12, 7, 3, tzinfo=UTC)
PRIVATE = make_ready(visibility=Visibility.PRIVATE)
PUBLIC = make_ready(visibility=Visibility.PUBLIC)


def make_signer(*keys: bytes, at: datetime = NOW) -> LinkSigner:
    return LinkSigner(lambda: keys or (b"key",), clock=lambda: at)


def sign(image: Image = PRIVATE, seconds: int = 60) -> Signature:
    url = make_signer().sign("https://x", image, RenditionName.SMALL, NOW + timedelta(seconds=seconds))
    signature = Signature.read(parse_qs(urlsplit(url).query))
    assert signature
    return signature


def test_link_opens_the_bytes_that_it_is_of() -> None:
    assert make_signer().opens(PRIVATE, RenditionName.SMALL, sign())


def test_link_opens_nothing_else() -> None:
    signature, signer = sign(), make_signer()
    assert not signer.opens(PRIVATE, RenditionName.LARGE, signature)
    assert not signer.opens(make_image(), RenditionName.SMALL, signature)
    assert not signer.opens(PRIVATE, RenditionName.SMALL, None)


@pytest.mark.parametrize(("later", "opens"), [(59, True), (60, False), (61, False)])
def test_link_ends(later: int, opens: bool) -> None:
    signer = make_signer(at=NOW + timedelta(seconds=later))
    assert signer.opens(PRIVATE, RenditionName.SMALL, sign()) is opens


def test_end_of_a_link_cannot_be_moved() -> None:
    signature = sign()
    assert not make_signer().opens(
        PRIVATE, RenditionName.SMALL, Signature(signature.expires + 1, signature.value)
    )


def test_every_link_ends_when_links_are_revoked_and_new_ones_open() -> None:
    revoked = PRIVATE.without_links()
    assert not make_signer().opens(revoked, RenditionName.SMALL, sign())
    assert make_signer().opens(revoked, RenditionName.SMALL, sign(revoked))


@pytest.mark.parametrize(
    ("keys", "opens"), [((b"new", b"key"), True), ((b"newer", b"new"), False), ((b"key", b"old"), True)]
)
def test_link_outlives_one_rotation_of_the_key(keys: tuple[bytes, ...], opens: bool) -> None:
    assert make_signer(*keys).opens(PRIVATE, RenditionName.SMALL, sign()) is opens


@pytest.mark.parametrize(
    ("expires", "value"),
    [
        ("", "x" * 43),
        ("x", "x" * 43),
        ("-1", "x" * 43),
        ("1e9", "x" * 43),
        ("9" * 13, "x" * 43),
        ("٣", "x" * 43),
        ("1", ""),
        ("1", "x" * 42),
        ("1", "x" * 44),
        ("1", "é" * 43),
        ("1", "=" * 43),
    ],
)
def test_odd_signature_is_none(expires: str, value: str) -> None:
    assert Signature.read({"expires": [expires], "signature": [value]}) is None


def test_urls_of_what_everyone_may_see_are_plain_and_others_signed() -> None:
    signer = make_signer()
    plain = f"https://x{make_path(PUBLIC.id, RenditionName.SMALL)}"
    assert signer.make_url("https://x", PUBLIC, RenditionName.SMALL) == plain
    for image in (PRIVATE, make_image(visibility=Visibility.PUBLIC)):  # it is not ready
        url = signer.make_url("https://x", image, RenditionName.SMALL)
        assert url.startswith(f"https://x{make_path(image.id, RenditionName.SMALL)}?expires=")


def test_urls_of_answers_are_good_for_an_hour_and_stay_the_same_for_a_while() -> None:
    ends = {make_signer(at=NOW + timedelta(minutes=minute)).get_url_expiry() for minute in range(20)}
    assert len(ends) == 1
    assert URL_LIFETIME <= ends.pop() - NOW <= URL_LIFETIME + URL_STEP
