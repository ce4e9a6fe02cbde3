"""Attacks on the bounds of a user, where one process shows them better than a deployed stack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from app.access.callers import SHARED_USER_ID
from app.main import create_app
from app.parameters import get_settings
from shared.quotas import Quota, Usage
from tests.support.api import make_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.usages import UsageRepository
    from tests.support.api import Api
    from tests.support.dynamodb.engine import Engine

ROOM = 3
ITEM_BYTES = 99_000
READ_UNIT_BYTES = 4096
UNITS_OF_ENTRIES = 2


@pytest.fixture
def quota() -> Quota:
    return Quota(max_files=ROOM, max_items=ROOM)


@pytest.mark.parametrize(
    ("path", "options", "field"),
    [
        ("/items", {"json": {"name": "Lamp"}}, "items"),
        ("/upload", make_form(file=b"text"), "files"),
    ],
)
def test_callers_without_a_name_share_one_quota(
    api: Api, usages: UsageRepository, path: str, options: dict[str, Any], field: str
) -> None:
    """Before: what needs no user in the seed had no owner and no bound."""
    responses = [api.post(path, **options) for _ in range(5 * ROOM)]
    assert [response.status for response in responses] == [201] * ROOM + [403] * 4 * ROOM
    assert {response.json["code"] for response in responses[ROOM:]} == {"quota_exceeded"}
    assert getattr(usages.get(SHARED_USER_ID), field) == ROOM
    assert api.post(path, user="ann", **options).status == 201


class TestWithoutQuota:
    """With the bounds of requests alone."""

    @pytest.fixture
    def quota(self) -> Quota:
        return Quota()

    @pytest.mark.parametrize("limit", [1, 5, 20])
    def test_page_reads_no_item_that_it_does_not_show(self, api: Api, engine: Engine, limit: int) -> None:
        """Before: a page of 5 large items read 100 of them, 4,500 units."""
        for _ in range(40):
            api.post("/items", user="ann", json={"name": "a", "attributes": {"text": "x" * ITEM_BYTES}})
        engine.consumed.clear()
        page = api.get(f"/items?limit={limit}", user="ann").json
        assert len(page["items"]) == limit
        units = sum(consumed.read_units for consumed in engine.consumed)
        assert units <= limit * math.ceil((ITEM_BYTES + 1000) / READ_UNIT_BYTES) + UNITS_OF_ENTRIES

    def test_refused_item_of_short_numbers_counts_nothing(self, api: Api, usages: UsageRepository) -> None:
        """Before: 95 KB of `1e15` became 361 KB in the table and in every answer."""
        numbers = ",".join(["1e15"] * 19_000)
        body = f'{{"name": "x", "attributes": {{"a": [{numbers}]}}}}'.encode()
        headers = {"Content-Type": "application/json"}
        response = api.post("/items", user="ann", body=body, headers=headers)
        assert response.problem == (422, "invalid_fields", ["attributes"])
        assert usages.get("ann").as_of(0).amounts == Usage().amounts
        assert api.get("/items", user="ann").json["items"] == []


@pytest.fixture
def without_legacy_upload(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LEGACY_UPLOAD", "disabled")
    get_settings.cache_clear()
    create_app.cache_clear()
    yield
    create_app.cache_clear()


@pytest.mark.usefixtures("without_legacy_upload")
def test_legacy_upload_can_be_switched_off_and_files_stay_within_reach(api: Api) -> None:
    """Before: nothing could close the route."""
    assert api.post("/upload", user="ann", **make_form(file=b"text")).problem == (404, "not_found", [])
    assert api.get("/files", user="ann").json == {"files": [], "nextCursor": None}
