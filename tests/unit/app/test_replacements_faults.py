"""Replacements that meet faults, and what a second try makes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from app.replacements import Replacer
from app.requests.formats import UploadedFile
from shared.errors import Unavailable
from shared.keys import Revision, make_original_key, make_upload_key
from shared.lifecycle import Event, Status
from shared.models import Facts
from tests.support.faults import break_calls
from tests.support.images import RENDITIONS
from tests.support.replacements import DAMAGED, FIRST, LARGE, SMALL, forget_outcomes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from tests.support.replacements import Gallery


def store_and_fail(gallery: Gallery) -> Any:  # noqa: ANN401 - a method of the storage
    add = gallery.storage.add

    def fail(*args: Any) -> bool:  # noqa: ANN401 - of `add`
        add(*args)
        raise Unavailable

    return fail


def fail_once(gallery: Gallery) -> Any:  # noqa: ANN401 - a method of the repository
    update = gallery.images.update
    calls: list[object] = []

    def fail(*args: Any) -> Any:  # noqa: ANN401 - of `update`
        calls.append(args)
        if len(calls) == 1:
            raise Unavailable
        return update(*args)

    return fail


class TestFaults:
    def test_replacement_whose_bytes_are_not_stored_never_was(self, gallery: Gallery, s3: S3Client) -> None:
        fault = break_calls(s3, "PutObject")
        assert gallery.replace(LARGE).problem == (503, "unavailable", [])
        fault.end()
        assert gallery.shown["replacement"] is None
        assert gallery.counted_bytes == len(FIRST)
        assert gallery.replace(SMALL).status == 202
        assert gallery.process(3) == "ready"

    def test_bytes_that_come_after_all_are_deleted(self, gallery: Gallery, s3: S3Client) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gallery.storage, "add", store_and_fail(gallery))
            assert gallery.replace(LARGE).status == 503
        assert make_original_key(gallery.image_id, 2) in gallery.keys
        assert gallery.process() == "replaced"
        assert gallery.keys == gallery.list_keys_of(1)
        del s3

    def test_replacement_of_a_killed_request_makes_way(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        gallery.storage.delete(make_original_key(gallery.image_id, 2))
        assert gallery.replace(SMALL).status == 202
        assert gallery.counted_bytes == len(FIRST)
        assert gallery.process(3) == "ready"
        assert gallery.counted_bytes == len(SMALL)

    def test_same_key_stores_the_bytes_that_a_killed_request_did_not(
        self, gallery: Gallery, dynamodb: DynamoDBClient
    ) -> None:
        key = {"Idempotency_Key": "a", "If_Match": gallery.api.get(gallery.url, user="ann").headers["ETag"]}
        gallery.replace(LARGE, **key)
        gallery.storage.delete(make_original_key(gallery.image_id, 2))
        forget_outcomes(dynamodb)
        response = gallery.replace(LARGE, **key)
        assert (response.status, response.json["replacement"]["status"]) == (202, "processing")
        assert gallery.image.latest_revision == 2
        assert gallery.process() == "ready"
        forget_outcomes(dynamodb)
        response = gallery.replace(LARGE, **key)
        assert (response.status, response.json["revision"]) == (202, 2)
        assert gallery.image.replacement is None

    def test_write_that_fails_gives_its_room_back(self, gallery: Gallery, dynamodb: DynamoDBClient) -> None:
        version = gallery.image.version
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gallery.images, "update", fail_once(gallery))
            assert gallery.replace(LARGE).status == 503
        assert (gallery.image.version, gallery.counted_bytes) == (version + 1, len(FIRST))
        del dynamodb

    def test_one_of_two_requests_at_once_replaces_the_bytes(self, gallery: Gallery) -> None:
        reserve = gallery.usages.reserve

        def be_overtaken(*args: Any, **options: Any) -> None:  # noqa: ANN401 - of `reserve`
            patch.undo()
            reserve(*args, **options)
            file = UploadedFile(SMALL, None, None, "file")
            stores = gallery.images, gallery.usages, gallery.storage
            Replacer(*stores, guard=lambda _: None, claim=None).replace(gallery.image_id, file)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gallery.usages, "reserve", be_overtaken)
            assert gallery.replace(LARGE).problem == (409, "still_processing", [])
        assert gallery.image.version == 3
        assert gallery.counted_bytes == len(FIRST)
        assert gallery.process() == "ready"
        assert (gallery.shown["size"], gallery.counted_bytes) == (len(SMALL), len(SMALL))

    def test_image_that_is_deleted_meanwhile_takes_no_bytes(self, gallery: Gallery) -> None:
        reserve = gallery.usages.reserve

        def be_overtaken(*args: Any, **options: Any) -> None:  # noqa: ANN401 - of `reserve`
            reserve(*args, **options)
            gallery.images.delete(gallery.image_id)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gallery.usages, "reserve", be_overtaken)
            assert gallery.replace(LARGE).problem == (404, "not_found", [])
        assert (gallery.counted_bytes, gallery.keys) == (0, set())

    def test_image_that_changes_its_size_meanwhile_is_tried_again_by_the_client(
        self, gallery: Gallery
    ) -> None:
        reserve = gallery.usages.reserve

        def be_overtaken(*args: Any, **options: Any) -> None:  # noqa: ANN401 - of `reserve`
            reserve(*args, **options)
            gallery.images.apply(gallery.image_id, Event.RETRY)
            gallery.images.apply(gallery.image_id, Event.FINISH, facts=Facts(size=7, renditions=RENDITIONS))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gallery.usages, "reserve", be_overtaken)
            assert gallery.replace(LARGE).problem == (503, "contended", [])
        assert gallery.usages.get("ann").bytes == len(FIRST)


class TestReprocess:
    def test_failed_replacement_is_processed_again(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        gallery.images.apply(gallery.image_id, Event.FAIL, reason="Why.", revision=2)
        response = gallery.api.post(f"{gallery.url}/reprocess", user="ann")
        assert (response.status, response.json["replacement"]["status"]) == (202, "processing")
        assert gallery.process() == "ready"
        assert gallery.shown["size"] == len(LARGE)

    @pytest.mark.parametrize("begin", ["replace", "announce"])
    def test_image_with_a_replacement_under_way_is_not_processed(self, gallery: Gallery, begin: str) -> None:
        getattr(gallery, begin)(LARGE)
        response = gallery.api.post(f"{gallery.url}/reprocess", user="ann")
        assert response.status == 409
        assert gallery.image.status is Status.READY

    def test_image_whose_replacement_was_rejected_is_processed(self, gallery: Gallery) -> None:
        gallery.replace(DAMAGED)
        gallery.process()
        assert gallery.api.post(f"{gallery.url}/reprocess", user="ann").status == 202
        assert gallery.shown["replacement"]["status"] == "rejected"
        assert gallery.process(3) == "ready"
        assert (gallery.shown["size"], gallery.shown["revision"]) == (len(FIRST), 3)

    def test_replacement_without_bytes_cannot_be_processed_again(self, gallery: Gallery) -> None:
        gallery.replace(LARGE)
        gallery.images.apply(gallery.image_id, Event.FAIL, reason="Why.", revision=2)
        gallery.storage.delete(make_original_key(gallery.image_id, 2))
        response = gallery.api.post(f"{gallery.url}/reprocess", user="ann")
        assert response.problem == (409, "conflict", [])
        assert (gallery.image.status, gallery.replacement.status) == (Status.READY, Status.FAILED)

    def test_upload_that_stalled_is_verified_again(self, gallery: Gallery) -> None:
        gallery.announce(LARGE)
        gallery.storage.add(make_upload_key(gallery.image_id, 2), LARGE, "image/png")
        gallery.images.apply(gallery.image_id, Event.STALL, reason="Why.", revision=2)
        response = gallery.api.post(f"{gallery.url}/reprocess", user="ann")
        assert (response.status, response.json["replacement"]["status"]) == (202, "pending")
        assert gallery.processor.accept(Revision(gallery.image_id, 2), datetime.now(UTC)) == "accepted"
        assert gallery.process() == "ready"
