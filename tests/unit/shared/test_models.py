from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared import lifecycle
from shared.items import Item
from shared.lifecycle import Event, ImpossibleChange, Status
from shared.models import Exif, Facts, Image, Location, Placeholder, Visibility
from tests.support.images import FAR_FUTURE, RENDITIONS, START, make_image, make_pending, make_ready

EXIF = Exif(
    taken_at="2024-05-06T07:08:09+02:00",
    camera="Canon",
    location=Location(latitude=48.1, longitude=11.5, altitude=500),
)


class TestRecord:
    def test_new_record_has_an_id_and_its_time(self) -> None:
        first, second = Item.create(name="a"), Item.create(name="a")
        assert first.id != second.id
        assert len(first.id) == 36
        assert first.created_at == first.updated_at
        assert timedelta() <= datetime.now(UTC) - first.created_at < timedelta(minutes=1)
        assert first.created_at.tzinfo is UTC
        assert first.version == 1

    def test_named_fields_come_before_the_defaults(self) -> None:
        assert Item.create(id="1", name="a").id == "1"

    def test_field_that_a_record_lacks_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            Item.create(name="a", colour="red")

    def test_record_is_never_changed_in_place(self) -> None:
        with pytest.raises(ValidationError):
            Item.create(name="a").name = "b"

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_number_that_json_lacks_is_refused(self, value: float) -> None:
        with pytest.raises(ValidationError):
            Location(latitude=value, longitude=0)

    def test_error_does_not_repeat_what_was_sent(self) -> None:
        with pytest.raises(ValidationError) as raised:
            Item.create(name=["a secret"])
        assert "secret" not in str(raised.value)


class TestImage:
    def test_new_image_is_private_and_has_nothing_yet(self) -> None:
        state = lifecycle.start_processing(START)
        image = Image.begin(state, user_id="ann", filename="a", content_type="image/png", size=1)
        assert (image.visibility, image.tags, image.description) == (Visibility.PRIVATE, (), None)
        assert (image.renditions, image.placeholder, image.exif, image.animated) == ({}, None, None, False)
        assert (image.width, image.height, image.sha256, image.status_reason) == (None, None, None, None)
        assert (image.shard, image.link_generation, image.version) == (0, 0, 1)
        assert image.state == state

    @pytest.mark.parametrize(
        "image",
        [make_image(), make_ready(), make_pending(), make_image(renditions=RENDITIONS, leased_until=5)],
    )
    def test_state_is_that_of_the_record(self, image: Image) -> None:
        assert image.state == lifecycle.State(
            image.status,
            image.has_original,
            has_renditions=bool(image.renditions),
            expires_at=image.expires_at,
            leased_until=image.leased_until,
        )

    @pytest.mark.parametrize(
        ("image", "is_public"),
        [
            (make_ready(visibility=Visibility.PUBLIC), True),
            (make_ready(visibility=Visibility.PRIVATE), False),
            (make_image(visibility=Visibility.PUBLIC), False),
            (make_image(visibility=Visibility.PUBLIC, renditions=RENDITIONS), True),
            (make_image(visibility=Visibility.PUBLIC, renditions=RENDITIONS, status=Status.REJECTED), False),
        ],
    )
    def test_image_is_public_if_it_is_meant_to_be_and_was_ready(self, image: Image, is_public: bool) -> None:
        assert image.is_public is is_public

    def test_event_changes_the_state_and_replaces_the_reason(self) -> None:
        image = make_image(status_reason="old")
        failed = image.after(Event.FAIL, reason="new")
        assert (failed.status, failed.status_reason, failed.leased_until) == (Status.FAILED, "new", None)
        assert failed.after(Event.RETRY).status_reason is None
        with pytest.raises(ImpossibleChange):
            image.after(Event.VERIFY)

    def test_upload_that_is_refused_awaits_no_bytes_any_more(self) -> None:
        refused = make_pending().after(Event.REFUSE, reason="Why.")
        assert not lifecycle.awaits_upload(refused.state)
        assert (refused.status, refused.has_original) == (Status.REJECTED, False)

    def test_found_facts_replace_what_the_image_said(self) -> None:
        facts = Facts(content_type="image/png", size=5, width=1, animated=False, renditions=RENDITIONS)
        ready = make_image(height=7, animated=True).after(Event.FINISH, facts=facts)
        assert (ready.content_type, ready.size, ready.width, ready.animated) == ("image/png", 5, 1, False)
        assert (ready.height, ready.renditions) == (7, RENDITIONS)

    def test_overdue_image_has_failed_and_says_why(self) -> None:
        image = make_image(leased_until=int(START.timestamp()))
        assert image.as_of(START - timedelta(seconds=1)) is image
        seen = image.as_of(START)
        assert (seen.status, seen.version, seen.leased_until) == (Status.FAILED, 1, image.leased_until)
        assert (seen.status_reason or "").startswith("Processing did not end in time.")

    def test_revoked_links_belong_to_the_generation_before(self) -> None:
        image = make_ready()
        assert image.without_links() == image.model_copy(update={"link_generation": 1})
        assert image.without_links().without_links().link_generation == 2

    @pytest.mark.parametrize(("user_id", "is_owner"), [("ann", True), ("ben", False), (None, False)])
    def test_image_belongs_to_its_user(self, user_id: str | None, is_owner: bool) -> None:
        assert make_image(user_id="ann").is_owned_by(user_id) is is_owner


@pytest.mark.parametrize(
    ("owner", "user_id", "is_owner"),
    [
        ("ann", "ann", True),
        ("ann", "ben", False),
        ("ann", None, False),
        (None, None, True),
        (None, "ann", True),
    ],
)
def test_item_belongs_to_its_user_or_to_everyone(
    owner: str | None, user_id: str | None, is_owner: bool
) -> None:
    assert Item.create(user_id=owner, name="a").is_owned_by(user_id) is is_owner


class TestExif:
    @pytest.mark.parametrize(
        "fields",
        [{"camera": "x" * 101}, {"lens": "x" * 101}, {"taken_at": "yesterday"}, {"taken_at": "1" * 26}],
    )
    def test_fact_that_no_camera_records_is_refused(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Exif(**fields)

    def test_facts_of_cameras_have_up_to_100_characters(self) -> None:
        exif = Exif(camera="x" * 100, lens="y" * 100, taken_at="2024-05-06T07:08:09")
        assert (exif.camera, exif.lens) == ("x" * 100, "y" * 100)


@pytest.mark.parametrize(
    ("thumbhash", "color", "is_valid"),
    [
        ("1QcSHQRnh493V4dIh4eXh1h4kJUI", "#00ff7a", True),
        ("A" * 64, "#000000", True),
        ("A" * 65, "#000000", False),
        ("", "#000000", False),
        ("A_-", "#000000", False),
        ("AAAA", "#FFFFFF", False),
        ("AAAA", "#fff", False),
        ("AAAA", "red", False),
    ],
)
def test_placeholder_is_a_hash_and_a_color(thumbhash: str, color: str, is_valid: bool) -> None:
    if is_valid:
        assert Placeholder(thumbhash=thumbhash, dominant_color=color).thumbhash == thumbhash
    else:
        with pytest.raises(ValidationError):
            Placeholder(thumbhash=thumbhash, dominant_color=color)


def test_fields_have_other_names_outside() -> None:
    image = make_pending(expires_at=FAR_FUTURE)
    dumped = image.model_dump(by_alias=True)
    assert {"userId", "contentType", "expiresAt", "linkGeneration", "hasOriginal"} <= dumped.keys()
    assert Image.model_validate(dumped) == image
