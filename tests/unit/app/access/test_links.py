from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from app.access.links import LinkSigner, Signature
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


def test_link_opens_the_bytes_that_it_was_made_for() -> None:
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


@pytest.mark.parametrize(("seconds", "opens"), [(604_800, True), (604_801, False), (10**9, False)])
def test_signature_that_ends_later_than_in_seven_days_opens_nothing(seconds: int, opens: bool) -> None:
    assert make_signer().opens(PRIVATE, RenditionName.SMALL, sign(seconds=seconds)) is opens


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
def test_malformed_signature_is_refused(expires: str, value: str) -> None:
    assert Signature.read({"expires": [expires], "signature": [value]}) is None


def test_urls_of_public_renditions_are_plain_and_others_are_signed() -> None:
    signer = make_signer()
    plain = f"https://x/images/{PUBLIC.id}/content/small"
    assert signer.make_url("https://x", PUBLIC, RenditionName.SMALL) == plain
    for image in (PRIVATE, make_image(visibility=Visibility.PUBLIC)):  # it is not ready
        url = signer.make_url("https://x", image, RenditionName.SMALL)
        assert url.startswith(f"https://x/images/{image.id}/content/small?expires=")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("12:00:00", "13:00:00"),
        ("12:00:01", "13:30:00"),
        ("12:29:59", "13:30:00"),
        ("12:30:00", "13:30:00"),
        ("12:30:01", "14:00:00"),
    ],
)
def test_urls_of_responses_are_good_for_an_hour_and_change_twice_an_hour(now: str, end: str) -> None:
    signer = make_signer(at=datetime.fromisoformat(f"2026-11-24T{now}Z"))
    assert signer.get_url_expiry() == datetime.fromisoformat(f"2026-11-24T{end}Z")
    url = signer.make_url("https://x", PRIVATE, RenditionName.SMALL)
    signature = Signature.read(parse_qs(urlsplit(url).query))
    assert signature
    assert signature.expires == int(signer.get_url_expiry().timestamp())
    assert signer.opens(PRIVATE, RenditionName.SMALL, signature)


def test_link_is_the_path_of_its_rendition_with_its_end() -> None:
    url = make_signer().sign("https://x/v1", PRIVATE, RenditionName.SMALL, NOW + timedelta(seconds=60.9))
    path, _, query = url.partition("?")
    assert path == f"https://x/v1/images/{PRIVATE.id}/content/small"
    assert query.startswith(f"expires={int(NOW.timestamp()) + 60}&signature=")


def test_new_links_are_signed_with_the_current_key() -> None:
    url = make_signer(b"new", b"old").sign("", PRIVATE, RenditionName.SMALL, NOW + timedelta(hours=1))
    signature = Signature.read(parse_qs(urlsplit(url).query))
    assert make_signer(b"new").opens(PRIVATE, RenditionName.SMALL, signature)
    assert not make_signer(b"old").opens(PRIVATE, RenditionName.SMALL, signature)


def test_links_use_the_clock_of_the_machine() -> None:
    clock = LinkSigner(lambda: [b"key"]).clock
    assert abs(clock() - datetime.now(UTC)) < timedelta(minutes=1)
