"""The access cases of legacy files, and of an admin's list of everyone's images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.access import CALLERS, MISSING, AccessService, upload, upload_ready

if TYPE_CHECKING:
    from collections.abc import Iterable

# Method, then the statuses for the owner, another user, an admin and a caller without a token.
FILES: list[tuple[str, tuple[int, ...]]] = [
    ("GET", (200, 404, 200, 401)),
    ("DELETE", (204, 404, 204, 401)),
]


def upload_file(service: AccessService, owner: str = "ann") -> Any:  # noqa: ANN401 - JSON
    body = {"filename": "a.txt", "content": "YQ==", "contentType": "text/plain"}
    response = service.send("POST", "/upload", owner, json=body)
    assert response.status == 201, response.body
    return response.json["file"]


def list_ids(service: AccessService, caller: str | None, query: str = "") -> set[str]:
    """Return the ids on all pages of a listing of images."""
    ids: set[str] = set()
    cursor = ""
    while True:
        page = service.send("GET", f"/images?limit=100{query}{cursor}", caller).json
        ids |= {image["id"] for image in page["images"]}
        if page["nextCursor"] is None:
            return ids
        cursor = f"&cursor={page['nextCursor']}"


def find_files(service: AccessService, caller: str, query: str = "") -> Iterable[str]:
    return [file["id"] for file in service.send("GET", f"/files?limit=100{query}", caller).json["files"]]


class FileCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    @pytest.mark.parametrize(("method", "expected"), FILES)
    def test_file_is_within_reach_of_its_owner_and_of_admins(
        self, service: AccessService, method: str, expected: tuple[int, ...]
    ) -> None:
        seen: dict[str | None, int] = {}
        for caller in ("ben", None, "ann", "admin"):
            file = upload_file(service)
            seen[caller] = service.send(method, f"/files/{file['id']}", caller).status
        assert tuple(seen[caller] for caller in CALLERS) == expected

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_file_of_another_reads_like_a_missing_one(self, service: AccessService, method: str) -> None:
        answers = [
            service.send(method, f"/files/{found}", "ben") for found in (upload_file(service)["id"], MISSING)
        ]
        first, second = (answer.json | {"requestId": ""} for answer in answers)
        assert first == second

    def test_files_are_listed_for_their_owner_and_for_admins_who_name_the_owner(
        self, service: AccessService
    ) -> None:
        file_id = upload_file(service)["id"]
        named = f"&userId={service.get_user_id('ann')}"
        assert file_id in find_files(service, "ann")
        assert file_id in find_files(service, "admin", named)
        assert file_id not in find_files(service, "ben")
        assert service.send("GET", f"/files?{named[1:]}", "ben").status == 403
        assert service.send("GET", "/files", None).status == 401

    def test_files_need_a_token(self, service: AccessService) -> None:
        body = {"filename": "a.txt", "content": "YQ==", "contentType": "text/plain"}
        assert service.send("POST", "/upload", None, json=body).status == 401

    def test_admin_alone_lists_the_images_of_everyone(self, service: AccessService) -> None:
        hidden = {upload_ready(service, owner, visibility="private")["id"] for owner in ("ann", "ben")}
        unpublished = upload(service, "ann", visibility="public")["id"]
        everything = list_ids(service, "admin")
        assert hidden | {unpublished} <= everything
        assert hidden <= list_ids(service, "admin", "&visibility=private")
        for caller in ("ann", "ben", None):
            assert len(hidden & list_ids(service, caller)) == (caller is not None)

    def test_admin_alone_reads_the_usage_of_another(self, service: AccessService) -> None:
        upload_file(service)
        named = f"/limits?userId={service.get_user_id('ann')}"
        assert service.send("GET", named, "admin").json["used"]["files"] > 0
        assert [service.send("GET", named, caller).status for caller in ("ben", None)] == [403, 403]
