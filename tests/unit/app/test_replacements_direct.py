"""Replacements whose bytes go straight to S3."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING

from app.dependencies import get_usages
from app.main import create_app
from shared.keys import make_upload_key
from shared.quotas import Quota
from shared.usages import UsageRepository
from tests.support.replacements import FIRST, LARGE, SMALL, forget_outcomes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table
    from tests.support.replacements import Gallery


class TestDirect:
    def test_form_takes_bytes_for_the_new_revision_alone(self, gallery: Gallery) -> None:
        response = gallery.announce(LARGE)
        assert (response.status, response.json["id"]) == (201, gallery.image_id)
        fields = response.json["upload"]["fields"]
        assert fields["key"] == make_upload_key(gallery.image_id, 2)
        policy = json.loads(b64decode(fields["policy"]))
        assert ["content-length-range", len(LARGE), len(LARGE)] in policy["conditions"]
        assert gallery.shown["replacement"]["status"] == "pending"
        assert gallery.shown["status"] == "ready"

    def test_posted_bytes_become_the_image(self, gallery: Gallery) -> None:
        gallery.announce(LARGE, filename="new.png")
        used = gallery.usages.get("ann")
        assert (used.pending_uploads, used.pending_bytes, used.bytes) == (1, len(LARGE), len(FIRST))
        assert gallery.post(LARGE) == "accepted"
        assert gallery.process() == "ready"
        assert (gallery.shown["filename"], gallery.shown["size"]) == ("new.png", len(LARGE))
        assert gallery.keys == gallery.list_keys_of(2)
        used = gallery.usages.get("ann")
        assert (used.pending_uploads, used.pending_bytes, used.bytes) == (0, 0, len(LARGE))

    def test_bytes_that_were_not_announced_are_refused(self, gallery: Gallery) -> None:
        gallery.announce(LARGE)
        assert gallery.post(SMALL) == "rejected"
        assert "were announced" in gallery.shown["replacement"]["statusReason"]
        assert gallery.shown["status"] == "ready"
        assert gallery.keys == gallery.list_keys_of(1)
        assert gallery.usages.get("ann").pending_uploads == 0

    def test_quota_that_is_full_meanwhile_rejects_the_bytes(self, gallery: Gallery, table: Table) -> None:
        gallery.announce(LARGE)
        gallery.post(LARGE)
        limited = UsageRepository(table, Quota(max_bytes=len(LARGE) - 1))
        gallery.processor._usages = limited  # noqa: SLF001 - its quota
        assert gallery.process() == "rejected"
        assert gallery.shown["replacement"]["statusReason"].startswith("A user may have")
        assert gallery.keys == gallery.list_keys_of(1)
        assert gallery.counted_bytes == len(FIRST)

    def test_new_form_supersedes_one_that_is_pending(self, gallery: Gallery) -> None:
        gallery.announce(LARGE)
        response = gallery.announce(SMALL)
        assert response.json["upload"]["fields"]["key"] == make_upload_key(gallery.image_id, 3)
        assert gallery.usages.get("ann").pending_uploads == 1
        assert gallery.post(LARGE, 2) == "replaced"
        assert gallery.post(SMALL, 3) == "accepted"
        assert gallery.process(3) == "ready"
        assert gallery.keys == gallery.list_keys_of(3)

    def test_bytes_in_a_request_supersede_a_form(self, gallery: Gallery) -> None:
        gallery.announce(LARGE)
        assert gallery.replace(SMALL).status == 202
        assert gallery.usages.get("ann").pending_uploads == 0
        assert gallery.process(3) == "ready"

    def test_bytes_that_come_after_the_end_of_their_form_change_nothing(self, gallery: Gallery) -> None:
        gallery.announce(LARGE, expiresIn=120)
        gallery.end()
        assert gallery.shown["replacement"] is None
        assert gallery.post(LARGE) == "replaced"
        assert gallery.keys == gallery.list_keys_of(1)
        assert gallery.api.post(f"{gallery.url}/reprocess", user="ann").status == 202

    def test_same_key_gets_the_same_form_while_it_is_pending(
        self, gallery: Gallery, dynamodb: DynamoDBClient
    ) -> None:
        keys = []
        for _ in range(3):
            response = gallery.announce(LARGE, headers={"Idempotency-Key": "a"})
            keys.append(response.json["upload"]["fields"]["key"])
            if len(keys) == 1:
                forget_outcomes(dynamodb)
        assert {*keys} == {make_upload_key(gallery.image_id, 2)}
        assert gallery.usages.get("ann").pending_uploads == 1
        gallery.post(LARGE)
        gallery.process()
        response = gallery.announce(LARGE, headers={"Idempotency-Key": "a"})
        assert response.problem == (409, "conflict", [])

    def test_forms_count_as_pending_uploads(self, gallery: Gallery, table: Table) -> None:
        limited = UsageRepository(table, Quota(max_pending_uploads=2))
        create_app().dependency_overrides[get_usages] = lambda: limited
        for _ in range(2):
            gallery.api.post("/images/uploads", user="ann", json={"contentType": "image/png", "size": 7})
        assert gallery.announce(LARGE).problem == (429, "too_many_pending", [])

    def test_form_of_a_deleted_image_counts_no_more(self, gallery: Gallery) -> None:
        gallery.announce(LARGE)
        gallery.images.delete(gallery.image_id)
        gallery.follow()
        used = gallery.usages.get("ann")
        assert (used.images, used.bytes, used.pending_uploads, used.pending_bytes) == (0, 0, 0, 0)
        assert gallery.post(LARGE) == "not awaited"
        assert gallery.keys == set()
