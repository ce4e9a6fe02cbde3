from __future__ import annotations

from typing import Any

import pytest

from shared.errors import QuotaExceeded, TooManyPending
from shared.images import get_image_usage
from shared.lifecycle import Status
from shared.models import Visibility
from shared.quotas import Quota, Usage
from tests.support.images import FAR_FUTURE, make_image

LARGE = Usage(images=1, bytes=1000)


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({}, True),
        ({"status": Status.READY}, True),
        ({"status": Status.FAILED}, True),
        ({"visibility": Visibility.PRIVATE}, True),
        ({"status": Status.REJECTED}, True),  # its bytes are still there
        ({"status": Status.REJECTED, "has_original": False, "expires_at": FAR_FUTURE}, False),
        ({"status": Status.PENDING, "has_original": False, "expires_at": FAR_FUTURE}, False),
        ({"status": Status.FAILED, "has_original": False, "expires_at": FAR_FUTURE}, False),
    ],
)
def test_images_count_whose_originals_are_kept(fields: dict[str, Any], counted: bool) -> None:
    assert get_image_usage(make_image(**fields)) == (LARGE if counted else Usage())


def test_image_that_is_gone_counts_nothing() -> None:
    assert get_image_usage(None) == Usage()


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        (Quota(3), "3 images. Delete"),
        (Quota(None, 9), "9 bytes. Delete"),
        (Quota(3, 9), "3 images and 9 bytes. Delete"),
        (Quota(3, 9, max_files=1, max_items=1), "3 images and 9 bytes. Delete"),
    ],
)
def test_error_names_the_bounds_and_what_to_do(quota: Quota, words: str) -> None:
    with pytest.raises(QuotaExceeded, match=words):
        quota.require_room(Usage(images=3, bytes=9), Usage(images=1, bytes=1))


@pytest.mark.parametrize("name", [*Usage.model_fields])
def test_every_part_of_the_usage_has_a_bound(name: str) -> None:
    quota = Quota(**{f"max_{name}": 5})
    quota.require_room(Usage(**{name: 4}), Usage(**{name: 1}))
    for other in Usage.model_fields.keys() - {name}:
        quota.require_room(Usage(**{name: 9}), Usage(**{other: 1}))
    with pytest.raises((QuotaExceeded, TooManyPending)):
        quota.require_room(Usage(**{name: 5}), Usage(**{name: 1}))


@pytest.mark.parametrize(
    ("used", "added", "fits"),
    [
        (Usage(images=2, bytes=90), Usage(images=1, bytes=10), True),
        (Usage(images=3, bytes=0), Usage(images=1, bytes=1), False),
        (Usage(images=2, bytes=91), Usage(images=1, bytes=10), False),
        (Usage(images=3, bytes=90), Usage(bytes=10), True),
        (Usage(images=4, bytes=200), Usage(images=-1, bytes=-100), True),
    ],
)
def test_room_is_what_is_left_of_both_bounds(used: Usage, added: Usage, fits: bool) -> None:
    quota = Quota(max_images=3, max_bytes=100)
    if fits:
        quota.require_room(used, added)
    else:
        with pytest.raises(QuotaExceeded, match="3 images and 100 bytes"):
            quota.require_room(used, added)
    Quota().require_room(used, added)


def test_usages_are_added_and_turned_round() -> None:
    assert Usage(images=5, bytes=70) + Usage(images=2, bytes=30) == Usage(images=7, bytes=100)
    assert -Usage(images=5, bytes=70) == Usage(images=-5, bytes=-70)


@pytest.mark.parametrize(
    ("usage", "is_zero"), [(Usage(), True), (Usage(images=1), False), (Usage(bytes=-1), False)]
)
def test_usage_is_zero_if_nothing_is_left(usage: Usage, is_zero: bool) -> None:
    assert usage.is_zero is is_zero
