"""Replacements: other bytes beside those of an image, which stays as it is until they are ready."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.dependencies import get_usages
from app.main import create_app
from shared.keys import make_original_key
from shared.lifecycle import Event
from shared.models import Exif
from shared.quotas import Quota
from shared.usages import UsageRepository
from tests.support.replacements import DAMAGED, FIRST, LARGE, SMALL

if TYPE_CHECKING:
    from shared.table import Table
    from tests.support.replacements import Gallery

OF_BYTES = {"size", "sha256", "contentType", "width", "height", "revision", "placeholder", "renditions"}


def limit_bytes(gallery: Gallery, table: Table, max_bytes: int) -> None:
    limited = UsageRepository(table, Quota(max_bytes=max_bytes, max_pending_uploads=2))
    create_app().dependency_overrides[get_usages] = lambda: limited
    assert gallery.image.size <= max_bytes


class TestReplace:
    def test_image_stays_as_it_is_until_the_new_revision_is_ready(self, gallery: Gallery) -> None:
        before = gallery.shown
        response = gallery.replace(LARGE)
        assert (response.status, response.headers["ETag"]) == (202, '"3-' + response.headers["ETag"][3:])
        under_way = response.json
        assert under_way["replacement"]["status"] == "processing"
        assert under_way["replacement"]["size"] == len(LARGE)
        stays = before.keys() - {"replacement", "version", "updatedAt"}
        assert {name: under_way[name] for name in stays} == {name: before[name] for name in stays}
        assert gallery.process() == "ready"
        after = gallery.shown
        assert {name for name in stays if after[name] != before[name]} == OF_BYTES
        assert (after["size"], after["width"], after["contentType"]) == (len(LARGE), 600, "image/png")
        assert (after["status"], after["replacement"], after["revision"]) == ("ready", None, 2)

    def test_bytes_of_the_old_revision_go_when_the_new_one_is_ready(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        assert gallery.list_keys_of(1) < gallery.keys
        gallery.process()
        assert gallery.keys == gallery.list_keys_of(2)

    def test_no_fact_of_the_old_bytes_stays(self, gallery: Gallery) -> None:
        """The new bytes have no EXIF."""
        gallery.images.update(
            gallery.image_id,
            lambda image: image.model_copy(
                update={"exif": Exif(camera="Canon"), "status_reason": "Old.", "animated": True}
            ),
        )
        gallery.replace(SMALL)
        gallery.process()
        shown = gallery.shown
        assert (shown["exif"], shown["statusReason"], shown["animated"]) == (None, None, False)

    def test_file_name_changes_with_the_bytes_if_one_is_given(self, gallery: Gallery) -> None:
        url = f"{gallery.url}/content?filename=new.png"
        headers = {"Content-Type": "image/png"}
        response = gallery.api.request("PUT", url, user="ann", body=SMALL, headers=headers)
        assert response.json["filename"] == "photo.jpg"
        assert response.json["replacement"]["filename"] == "new.png"
        gallery.process()
        assert gallery.shown["filename"] == "new.png"
        gallery.replace(LARGE)
        gallery.process(3)
        assert gallery.shown["filename"] == "new.png"

    def test_rejected_bytes_are_deleted_and_the_owner_sees_why(self, gallery: Gallery) -> None:
        before = gallery.shown
        gallery.replace(DAMAGED)
        assert gallery.process() == "rejected"
        after = gallery.shown
        assert after["replacement"]["status"] == "rejected"
        assert after["replacement"]["statusReason"]
        assert (after["status"], after["statusReason"], after["revision"]) == ("ready", None, 1)
        assert after["renditions"].keys() == before["renditions"].keys()
        assert gallery.keys == gallery.list_keys_of(1)
        assert gallery.counted_bytes == len(FIRST)

    def test_reason_of_a_rejection_is_for_the_owner_and_for_a_day(self, gallery: Gallery) -> None:
        gallery.api.request("PATCH", gallery.url, user="ann", json={"visibility": "public"})
        gallery.replace(DAMAGED)
        gallery.process()
        etag = gallery.api.get(gallery.url, user="ann").headers["ETag"]
        assert gallery.api.get(gallery.url, user="bob").json["replacement"] is None
        expires_at = gallery.replacement.expires_at
        assert expires_at
        assert expires_at - time.time() == pytest.approx(24 * 3600, abs=60)
        gallery.end()
        assert gallery.shown["replacement"] is None
        assert gallery.api.get(gallery.url, user="ann").headers["ETag"] != etag

    def test_image_that_failed_is_ready_with_other_bytes(self, gallery: Gallery) -> None:
        gallery.images.apply(gallery.image_id, Event.RETRY)
        gallery.images.apply(gallery.image_id, Event.FAIL, reason="Why.")
        assert gallery.replace(SMALL).json["status"] == "failed"
        assert gallery.process(3) == "ready"
        assert (gallery.shown["status"], gallery.shown["statusReason"]) == ("ready", None)
        assert gallery.keys == gallery.list_keys_of(3)

    def test_image_that_is_processed_takes_no_other_bytes(self, gallery: Gallery) -> None:
        gallery.images.apply(gallery.image_id, Event.RETRY)
        response = gallery.replace(SMALL)
        assert response.problem == (409, "still_processing", [])
        assert response.headers["Retry-After"] == "5"
        assert gallery.image.replacement is None

    def test_pending_and_rejected_images_take_no_other_bytes(self, gallery: Gallery) -> None:
        begun = gallery.api.post(
            "/images/uploads", user="ann", json={"contentType": "image/png", "size": 7}
        ).json["id"]
        for _ in range(2):
            url = f"/images/{begun}/content"
            response = gallery.api.request(
                "PUT", url, user="ann", body=SMALL, headers={"Content-Type": "image/png"}
            )
            assert response.problem == (409, "conflict", [])
            gallery.images.apply(begun, Event.REFUSE, reason="Why.")

    def test_second_replacement_waits_for_the_end_of_the_first(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        response = gallery.replace(SMALL)
        assert response.problem == (409, "still_processing", [])
        assert response.headers["Retry-After"] == "5"
        gallery.process()
        assert gallery.replace(SMALL).status == 202
        assert gallery.process(3) == "ready"
        assert gallery.keys == gallery.list_keys_of(3)

    def test_if_match_guards_the_bytes(self, gallery: Gallery) -> None:
        assert gallery.replace(SMALL, If_Match='"1"').problem == (412, "precondition_failed", [])
        assert gallery.image.replacement is None
        etag = gallery.api.get(gallery.url, user="ann").headers["ETag"]
        assert gallery.replace(SMALL, If_Match=etag).status == 202

    def test_changes_of_metadata_during_a_replacement_stay(self, gallery: Gallery) -> None:
        gallery.replace(SMALL)
        changes = {"visibility": "public", "tags": ["sun"], "description": "B."}
        assert gallery.api.request("PATCH", gallery.url, user="ann", json=changes).status == 200
        assert gallery.api.request("DELETE", f"{gallery.url}/links", user="ann").status == 204
        gallery.process()
        assert {name: gallery.shown[name] for name in changes} == changes
        assert gallery.image.link_generation == 1
        assert gallery.api.get(gallery.url, user="bob").status == 200

    def test_image_deleted_during_a_replacement_leaves_nothing(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        assert gallery.api.request("DELETE", gallery.url, user="ann").status == 204
        assert gallery.counted_bytes == 0
        assert gallery.process() == "deleted"
        assert gallery.keys == set()


class TestQuota:
    def test_larger_original_needs_room_for_the_difference(self, gallery: Gallery, table: Table) -> None:
        limit_bytes(gallery, table, len(LARGE) - 1)
        assert gallery.replace(LARGE).problem == (403, "quota_exceeded", [])
        assert gallery.image.replacement is None
        limit_bytes(gallery, table, len(LARGE))
        assert gallery.replace(LARGE).status == 202
        assert gallery.counted_bytes == len(LARGE)
        gallery.process()
        assert gallery.counted_bytes == len(LARGE)

    def test_smaller_original_gives_back_when_it_is_ready(self, gallery: Gallery, table: Table) -> None:
        limit_bytes(gallery, table, len(FIRST))
        assert gallery.replace(SMALL).status == 202
        assert gallery.counted_bytes == len(FIRST)
        gallery.process()
        assert gallery.counted_bytes == len(SMALL)

    def test_what_is_given_back_comes_once(self, gallery: Gallery) -> None:
        gallery.replace(SMALL)
        gallery.process()
        changes = gallery.follow()
        gallery.engine.take_records("images")
        for _ in range(2):
            assert gallery.make_follower().follow(changes) == {}
        assert gallery.counted_bytes == len(SMALL)
        gallery.images.delete(gallery.image_id)
        assert gallery.counted_bytes == 0

    def test_failed_replacement_counts_until_another_one_comes(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        gallery.images.apply(gallery.image_id, Event.FAIL, reason="Why.", revision=2)
        assert gallery.counted_bytes == len(LARGE)
        assert gallery.replace(SMALL).status == 202
        assert gallery.counted_bytes == len(FIRST)
        assert make_original_key(gallery.image_id, 2) not in gallery.keys
        gallery.process(3)
        assert gallery.counted_bytes == len(SMALL)
        assert gallery.keys == gallery.list_keys_of(3)
