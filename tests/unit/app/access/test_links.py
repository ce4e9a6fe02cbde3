from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.links import ORIGINAL, LinkSigner, Signature, Target
from shared.models import Visibility
from shared.renditions import RenditionName
from tests.support.images import make_image, make_ready

if TYPE_CHECKING:
    from uuid import UUID

    from shared.models import Image

NOW = datetime(2026, 11, 24, 12, 7, 3, tzinfo=UTC)
PRIVATE = make_ready(visibility=Visibility.PRIVATE)
PUBLIC = make_ready(visibility=Visibility.PUBLIC)


def make_signer(*keys: bytes, at: datetime = NOW) -> LinkSigner:
    return LinkSigner(lambda: keys or (b"key",), clock=lambda: at)


def make_target(image: Image = PRIVATE, /, **parameters: str) -> Target:
    return Target(image.id, RenditionName.SMALL, parameters)


def read_signature(url: str) -> Signature:
    query = dict(parse_qsl(urlsplit(url).query))
    signature = Signature.parse(query["expires"], query["signature"])
    assert signature
    return signature


def sign(image: Image = PRIVATE, seconds: int = 60, **parameters: str) -> Signature:
    end = NOW + timedelta(seconds=seconds)
    return read_signature(make_signer().sign("https://x", image, make_target(image, **parameters), end))


def is_opened(
    signer: LinkSigner, image: Image, signature: Signature | None, target: Target | None = None
) -> bool:
    return signer.get_lifetime(image, target or make_target(image), signature) is not None


def test_link_opens_the_bytes_that_it_was_made_for_and_tells_for_how_long() -> None:
    assert make_signer().get_lifetime(PRIVATE, make_target(), sign()) == 60


def test_link_opens_nothing_else() -> None:
    signature, signer = sign(), make_signer()
    for target in (
        Target(PRIVATE.id, RenditionName.LARGE),
        Target(PRIVATE.id),
        Target(PRIVATE.id, ORIGINAL),
        make_target(download="1"),
        make_target(v="1"),
    ):
        assert not is_opened(signer, PRIVATE, signature, target)
    assert not is_opened(signer, make_image(), signature)
    assert not is_opened(signer, PRIVATE, None)


def test_signature_covers_every_parameter_in_any_order() -> None:
    signature = sign(v="1", download="1")
    assert is_opened(make_signer(), PRIVATE, signature, make_target(download="1", v="1"))
    others: list[dict[str, str]] = [{}, {"v": "1"}, {"v": "1", "download": ""}]
    for parameters in [*others, {"v": "1", "download": "1", "x": ""}]:
        assert not is_opened(make_signer(), PRIVATE, signature, make_target(**parameters))


@pytest.mark.parametrize(("later", "opens"), [(59, True), (60, False), (61, False)])
def test_link_ends(later: int, opens: bool) -> None:
    signer = make_signer(at=NOW + timedelta(seconds=later))
    assert is_opened(signer, PRIVATE, sign()) is opens


@pytest.mark.parametrize(("seconds", "opens"), [(604_800, True), (604_801, False), (10**9, False)])
def test_signature_that_ends_later_than_in_seven_days_opens_nothing(seconds: int, opens: bool) -> None:
    assert is_opened(make_signer(), PRIVATE, sign(seconds=seconds)) is opens


def test_end_of_a_link_cannot_be_moved() -> None:
    signature = sign()
    assert not is_opened(make_signer(), PRIVATE, Signature(signature.expires + 1, signature.value))


def test_every_link_ends_when_links_are_revoked_and_new_ones_open() -> None:
    revoked = PRIVATE.without_links()
    assert not is_opened(make_signer(), revoked, sign())
    assert is_opened(make_signer(), revoked, sign(revoked))


@pytest.mark.parametrize(
    ("keys", "opens"), [((b"new", b"key"), True), ((b"newer", b"new"), False), ((b"key", b"old"), True)]
)
def test_link_outlives_one_rotation_of_the_key(keys: tuple[bytes, ...], opens: bool) -> None:
    assert is_opened(make_signer(*keys), PRIVATE, sign()) is opens


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
    assert Signature.parse(expires, value) is None


def test_urls_of_public_renditions_are_plain_and_others_are_signed() -> None:
    signer = make_signer()
    plain = f"https://x/images/{PUBLIC.id}/content/small?v=1"
    assert signer.make_url("https://x", PUBLIC, RenditionName.SMALL) == plain
    for image in (PRIVATE, make_image(visibility=Visibility.PUBLIC)):  # it is not ready
        url = signer.make_url("https://x", image, RenditionName.SMALL)
        assert url.startswith(f"https://x/images/{image.id}/content/small?v=1&expires=")
        assert is_opened(signer, image, read_signature(url), make_target(image, v="1"))


def test_urls_name_the_revision() -> None:
    image = PUBLIC.model_copy(update={"revision": 3})
    assert make_signer().make_url("", image, RenditionName.SMALL).endswith("?v=3")


@given(st.uuids(version=4), st.integers(0, 10**6))
def test_urls_of_a_response_are_good_for_one_to_two_hours(image_id: UUID, seconds: int) -> None:
    signer = make_signer(at=NOW + timedelta(seconds=seconds))
    left = signer.get_url_expiry(str(image_id)) - signer.clock()
    assert timedelta(hours=1) <= left < timedelta(hours=2)


@given(st.uuids(version=4))
def test_urls_of_an_image_change_once_an_hour(image_id: UUID) -> None:
    minutes = range(0, 180, 5)
    ends = {
        make_signer(at=NOW + timedelta(minutes=minute)).get_url_expiry(str(image_id)) for minute in minutes
    }
    assert len(ends) in {3, 4}
    assert {int(end.timestamp()) % 3600 for end in ends} == {int(min(ends).timestamp()) % 3600}


def test_urls_of_different_images_change_at_different_minutes() -> None:
    ends = {make_signer().get_url_expiry(f"image {number}").minute for number in range(1000)}
    assert len(ends) == 60


def test_link_is_the_address_of_its_target_with_its_end() -> None:
    signer, end = make_signer(), NOW + timedelta(seconds=60.9)
    expiry = f"expires={int(NOW.timestamp()) + 60}&signature="
    for target, address in (
        (make_target(), f"/images/{PRIVATE.id}/content/small?"),
        (make_target(v="2", download="1"), f"/images/{PRIVATE.id}/content/small?download=1&v=2&"),
        (Target(PRIVATE.id), f"/images/{PRIVATE.id}/content?"),
    ):
        assert signer.sign("https://x/v1", PRIVATE, target, end).startswith(f"https://x/v1{address}{expiry}")


def test_new_links_are_signed_with_the_current_key() -> None:
    url = make_signer(b"new", b"old").sign("", PRIVATE, make_target(), NOW + timedelta(hours=1))
    signature = read_signature(url)
    assert is_opened(make_signer(b"new"), PRIVATE, signature)
    assert not is_opened(make_signer(b"old"), PRIVATE, signature)


def test_links_use_the_clock_of_the_machine() -> None:
    clock = LinkSigner(lambda: [b"key"]).clock
    assert abs(clock() - datetime.now(UTC)) < timedelta(minutes=1)
