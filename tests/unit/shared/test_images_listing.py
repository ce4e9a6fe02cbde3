"""Listings of images: what they show to whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shared.images import ImageFilter, ImageRepository
from shared.lifecycle import Status
from shared.listing import Span
from shared.models import Visibility
from shared.rows import dump
from tests.conftest import PUBLIC_SHARDS
from tests.support.images import finish, make_image, make_pending, make_ready

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


PRIVATE, PUBLIC = Visibility.PRIVATE, Visibility.PUBLIC
OF_ANN = {"ann public", "ann private", "ann unpublished"}
OF_BEN = {"ben public", "ben private", "ben unpublished"}
SAME = "0" * 64
"""Of the bytes of every image here that was uploaded."""
PUBLISHED = {"ann public", "ben public"}


def add_images_of(images: ImageRepository, user_id: str, **fields: Any) -> None:  # noqa: ANN401 - of an image
    """One image of each kind. Their descriptions tell them apart."""
    kinds = {
        "public": make_ready(visibility=PUBLIC, user_id=user_id, shard=1, **fields),
        "private": make_ready(visibility=PRIVATE, user_id=user_id, **fields),
        "unpublished": make_image(visibility=PUBLIC, user_id=user_id, **fields),
        "pending": make_pending(visibility=PUBLIC, user_id=user_id, **fields),
    }
    for kind, image in kinds.items():
        images.add(image.model_copy(update={"description": f"{user_id} {kind}"}))


def list_all(images: ImageRepository, shown: ImageFilter) -> set[str | None]:
    page = images.list_visible(shown, Span(), limit=100)
    assert page.next_key is None
    assert len({image.id for image in page.records}) == len(page.records)
    return {image.description for image in page.records}


SHOWN: list[tuple[ImageFilter, set[str]]] = [
    (ImageFilter(None), PUBLISHED),
    (ImageFilter(None, visibility=PUBLIC), PUBLISHED),
    (ImageFilter(None, visibility=PRIVATE), set()),
    (ImageFilter(None, user_id="ann"), {"ann public"}),
    (ImageFilter("ann"), PUBLISHED | OF_ANN),
    (ImageFilter("ann", visibility=PUBLIC), PUBLISHED | {"ann unpublished"}),
    (ImageFilter("ann", visibility=PRIVATE), {"ann private"}),
    (ImageFilter("ann", user_id="ann"), OF_ANN),
    (ImageFilter("ann", user_id="ann", visibility=PUBLIC), {"ann public", "ann unpublished"}),
    (ImageFilter("ann", user_id="ben"), {"ben public"}),
    (ImageFilter("ann", user_id="ben", visibility=PRIVATE), set()),
    (ImageFilter("root", is_admin=True, user_id="ben"), OF_BEN),
    (ImageFilter("root", is_admin=True, user_id="ben", visibility=PRIVATE), {"ben private"}),
    (ImageFilter("ann", sha256=SAME), OF_ANN),
    (ImageFilter("ann", user_id="ann", sha256=SAME, visibility=PRIVATE), {"ann private"}),
    (ImageFilter("ann", user_id="ann", sha256=SAME, visibility=PUBLIC), {"ann public", "ann unpublished"}),
    (ImageFilter("ann", user_id="ben", sha256=SAME), set()),
    (ImageFilter("ann", user_id="ben", sha256=SAME, visibility=PUBLIC), set()),
    (ImageFilter(None, user_id="ben", sha256=SAME), set()),
    (ImageFilter(None, sha256=SAME), set()),
    (ImageFilter("root", is_admin=True, user_id="ben", sha256=SAME), OF_BEN),
    (ImageFilter("root", is_admin=True, sha256=SAME), set()),
    (ImageFilter("ann", sha256="1" * 64), set()),
]
OF_EVERYONE: list[tuple[ImageFilter, set[str]]] = [
    (ImageFilter("root", is_admin=True), OF_ANN | OF_BEN),
    (ImageFilter("ann", is_admin=True), OF_ANN | OF_BEN),
    (ImageFilter("root", is_admin=True, visibility=PRIVATE), {"ann private", "ben private"}),
    (
        ImageFilter("root", is_admin=True, visibility=PUBLIC),
        PUBLISHED | {"ann unpublished", "ben unpublished"},
    ),
]
"""Listings of admins that name no user."""


@pytest.mark.parametrize("tags", [(), ("sea", "sun")])
def test_listing_shows_what_its_reader_may_see(images: ImageRepository, tags: tuple[str, ...]) -> None:
    for user_id in ("ann", "ben"):
        add_images_of(images, user_id, tags=("sea", "sun"))
    for shown, expected in SHOWN:
        assert list_all(images, replace(shown, tags=tags)) == expected, shown


@pytest.mark.parametrize(("shown", "expected"), OF_EVERYONE)
def test_admin_lists_the_images_of_everyone(
    images: ImageRepository, shown: ImageFilter, expected: set[str]
) -> None:
    for user_id in ("ann", "ben"):
        add_images_of(images, user_id, tags=("sea",))
    assert list_all(images, shown) == expected


def test_admin_finds_by_tag_what_is_public_or_their_own(images: ImageRepository) -> None:
    for user_id in ("ann", "ben"):
        add_images_of(images, user_id, tags=("sea",))
    assert list_all(images, ImageFilter("ann", is_admin=True, tags=("sea",))) == PUBLISHED | OF_ANN


def test_admin_lists_images_of_all_shards_newest_first(images: ImageRepository) -> None:
    for number in range(9):
        images.add(make_ready(visibility=PRIVATE, shard=number % PUBLIC_SHARDS, description=f"{number}"))
    shown, span = ImageFilter("root", is_admin=True), Span()
    found: list[str | None] = []
    while True:
        page = images.list_visible(shown, span, limit=4)
        found += [image.description for image in page.records]
        if page.next_key is None:
            break
        span = span.starting_at(page.next_key)
    assert found == [f"{number}" for number in reversed(range(9))]


@pytest.mark.parametrize(
    ("stored", "sought", "is_found"),
    [
        ("Sea", "sea", True),
        ("sea", "SEA", True),
        ("Straße", "STRASSE", True),
        ("Caf\u00e9", "cafe\u0301", True),
        ("Café", "cafe", False),
        ("sea", "seas", False),
    ],
)
def test_tag_matches_whatever_its_case_and_form(
    images: ImageRepository, stored: str, sought: str, is_found: bool
) -> None:
    image = images.add(make_ready(tags=(stored,)))
    found = images.list_visible(ImageFilter(None, tags=(sought,)), Span(), limit=9).records
    assert found == ([image] if is_found else [])
    if is_found:
        assert found[0].tags == (stored,)


def test_tag_of_an_earlier_format_is_left_where_it_was(
    images: ImageRepository, dynamodb: DynamoDBClient
) -> None:
    """Its entry goes when the record changes, and no stray one stays."""
    old = make_ready(tags=("Sea",), schema_version=1)
    images.add(old)
    images.update(old.id, lambda image: image)
    rows = dynamodb.scan(TableName="images")["Items"]
    assert {row["pk"]["S"] for row in rows if "#TAG#" in row["pk"]["S"]} == {
        "PUBLIC#0#TAG#sea",
        "USER#ann#PUBLIC#TAG#sea",
    }
    images.delete(old.id)
    assert dynamodb.scan(TableName="images")["Items"] == []


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (ImageFilter("ben"), ["none", "sea", "both"]),
        (ImageFilter("ben", match="any"), ["none", "sea", "both"]),
        (ImageFilter("ben", tags=("sea",)), ["sea", "both"]),
        (ImageFilter("ben", tags=("sea", "sun")), ["both"]),
        (ImageFilter("ben", tags=("sun", "sea"), match="any"), ["sea", "both"]),
        (ImageFilter("ben", tags=("moon",), match="any"), []),
        (ImageFilter("ben", tags=("sea", "moon")), []),
    ],
)
def test_listing_shows_images_with_all_or_any_of_the_tags(
    images: ImageRepository, shown: ImageFilter, expected: list[str]
) -> None:
    for name, tags in {"both": ("sea", "sun"), "sea": ("sea",), "none": ()}.items():
        images.add(make_ready(description=name, tags=tags))
    page = images.list_visible(shown, Span(), limit=9)
    assert [image.description for image in page.records] == expected


def test_shard_is_chosen_among_all_of_them(images: ImageRepository) -> None:
    assert {images.choose_shard() for _ in range(200)} == {*range(PUBLIC_SHARDS)}


def test_images_of_every_shard_are_listed(images: ImageRepository) -> None:
    for shard in range(PUBLIC_SHARDS):
        images.add(make_ready(description=f"{shard}", shard=shard))
    assert list_all(images, ImageFilter(None)) == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("user_id", "partition"),
    [
        ("ann", "USER#ann#PRIVATE"),
        ("ann#PUBLIC", "USER#ann%23PUBLIC#PRIVATE"),
        ("a%23b", "USER#a%2523b#PRIVATE"),
        ("auth0|a", "USER#auth0|a#PRIVATE"),
        ("a@b:c+d", "USER#a@b:c+d#PRIVATE"),
        ("a/b", "USER#a%2Fb#PRIVATE"),
    ],
)
def test_name_of_a_user_is_quoted_in_keys(images: ImageRepository, user_id: str, partition: str) -> None:
    image = make_image(user_id=user_id, visibility=PRIVATE)
    assert images.get_partitions(image)[0] == partition


def test_tag_with_a_number_sign_reaches_into_no_other_listing(images: ImageRepository) -> None:
    images.add(make_ready(tags=("x#TAG#y",), description="odd"))
    images.add(make_ready(tags=("x", "y"), description="plain"))
    assert list_all(images, ImageFilter(None, tags=("x#TAG#y",))) == {"odd"}
    assert list_all(images, ImageFilter(None, tags=("x", "y"))) == {"plain"}


@pytest.mark.parametrize(
    "user_id", ["ann#PUBLIC", "ann#PUBLIC#TAG#x", "ann%23PUBLIC", "%", "auth0|a", "a@b.c"]
)
def test_name_of_a_user_never_reaches_into_the_listing_of_another(
    images: ImageRepository, user_id: str
) -> None:
    images.add(make_image(user_id="ann", visibility=Visibility.PRIVATE, tags=("x",)))
    images.add(make_ready(user_id="ann", tags=("x",)))
    mine = make_image(user_id=user_id, visibility=Visibility.PRIVATE)
    images.add(mine)
    shown = ImageFilter(user_id, user_id=user_id)
    assert images.list_visible(shown, Span(), limit=10).records == [mine]


@pytest.mark.parametrize(
    ("shown", "sees_it"),
    [
        (ImageFilter("ben"), False),
        (ImageFilter(None), False),
        (ImageFilter("ann"), True),
        (ImageFilter("root", is_admin=True), True),
    ],
)
def test_image_hidden_between_entry_and_record_stays_hidden(
    dynamodb: DynamoDBClient, images: ImageRepository, shown: ImageFilter, sees_it: bool
) -> None:
    image = make_ready(shard=0)
    images.add(image)
    images.update(image.id, lambda old: old.model_copy(update={"visibility": PRIVATE}))
    stale = {"pk": {"S": "PUBLIC#0"}, "sk": {"S": dump(image)["created_at"] + "#" + image.id}}
    dynamodb.put_item(TableName="images", Item=stale)
    records = images.list_visible(shown, Span(), limit=10).records
    assert [found.id for found in records] == ([image.id] if sees_it else [])


def test_public_image_that_is_not_ready_stays_hidden_behind_a_stale_entry(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    image = images.add(make_image(visibility=PUBLIC, shard=0))
    stale = {"pk": {"S": "PUBLIC#0"}, "sk": {"S": dump(image)["created_at"] + "#" + image.id}}
    dynamodb.put_item(TableName="images", Item=stale)
    assert images.list_visible(ImageFilter("ben"), Span(), limit=10).records == []


def test_page_is_full_though_hundreds_of_entries_before_have_ended(
    dynamodb: DynamoDBClient, images: ImageRepository
) -> None:
    kept = images.add(make_ready())
    rows: Any = [
        {"pk": {"S": "USER#ann#UNPUBLISHED"}, "sk": {"S": f"2027#{number}"}, "expires_at": {"N": "1"}}
        for number in range(300)
    ]
    for start in range(0, 300, 25):
        batch: Any = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"images": batch})
    page = images.list_visible(ImageFilter("ann"), Span(), limit=1)
    assert ([found.id for found in page.records], page.next_key) == ([kept.id], None)


def test_run_whose_lease_has_ended_has_failed_for_readers(images: ImageRepository) -> None:
    image = images.add(make_image(leased_until=1))
    for seen in (images.get(image.id), *images.list_visible(ImageFilter("ann"), Span(), limit=9).records):
        assert (seen.status, seen.version) == (Status.FAILED, 1)
        assert "did not end in time" in (seen.status_reason or "")
    assert finish(images, image.id).status is Status.READY


def test_every_image_comes_exactly_once_while_others_are_added_and_deleted(
    images: ImageRepository,
) -> None:
    stable = [make_ready(tags=("sea",), shard=number % PUBLIC_SHARDS) for number in range(8)]
    passing = [make_ready(tags=("sea",), shard=number % PUBLIC_SHARDS) for number in range(8)]
    for image in [*stable, *passing]:
        images.add(image)
    seen: list[str] = []
    span: Span | None = Span()
    while span:
        page = images.list_visible(ImageFilter(None, tags=("sea",)), span, limit=2)
        seen += [image.id for image in page.records]
        span = span.starting_at(page.next_key) if page.next_key else None
        if passing:
            images.delete(passing.pop().id)
            images.add(make_ready(tags=("sea",)))
    stable_ids = {image.id for image in stable}
    assert [image_id for image_id in seen if image_id in stable_ids] == [image.id for image in stable[::-1]]
    assert len(seen) == len(set(seen))
