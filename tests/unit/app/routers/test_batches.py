"""Batches: each image as its own route would answer, in the order of the ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_deadline, get_usages
from app.main import create_app
from shared.images import ImageRepository
from shared.keys import make_original_key
from shared.models import Visibility
from shared.quotas import Quota
from shared.rates import Rate
from shared.usages import UsageRepository
from tests.support.api import REQUEST_ID
from tests.support.faults import break_calls
from tests.support.images import finish, make_image, make_ready, new_id
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.table import Table
    from tests.support.api import Api, ApiResponse

PICTURE = make_picture()
CHANGE = {"addTags": ["sun"], "visibility": "public"}
ACTIONS = ["delete", "trash", "restore", "update", "reprocess"]


def send(api: Api, action: str, ids: list[str], user: str = "ann", key: str | None = None) -> ApiResponse:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"action": action, "ids": ids} | ({"update": CHANGE} if action == "update" else {})
    return api.post("/images/batch", user=user, headers=headers, json=body)


def read_statuses(response: ApiResponse) -> list[int]:
    assert response.status == 200, response.body
    return [result["status"] for result in response.json["results"]]


def send_alone(api: Api, action: str, image_id: str, user: str) -> ApiResponse:
    url = f"/images/{image_id}"
    match action:
        case "delete":
            return api.request("DELETE", url, user=user)
        case "update":
            return api.request("PATCH", url, user=user, json=CHANGE)
        case _:
            return api.post(f"{url}/{action}", user=user)


@pytest.fixture
def ids(images: ImageRepository, api: Api) -> list[str]:
    """An image in every state that matters, of two users, and what is none."""
    found = [
        api.upload_ready(PICTURE)["id"],
        api.upload_ready(PICTURE, visibility="public", tags=[f"t{number}" for number in range(20)])["id"],
        images.add(make_image()).id,
        images.add(make_ready(user_id="bob", visibility=Visibility.PUBLIC)).id,
        images.add(make_ready(user_id="bob", visibility=Visibility.PRIVATE)).id,
        new_id(),
        "x",
    ]
    api.post(f"/images/{found[0]}/trash", user="ann")
    return found


def copy(api: Api, images: ImageRepository, image_id: str) -> str:
    """Add an image like another one, with the same original."""
    twin = images.add(images.get(image_id).model_copy(update={"id": new_id()}))
    assert api.storage
    key = make_original_key(image_id, twin.revision)
    if api.storage.has(key):
        api.storage.add(make_original_key(twin.id, twin.revision), api.storage.get(key), twin.content_type)
    return twin.id


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("user", ["ann", "bob", "cid"])
def test_each_image_is_answered_as_its_own_route_does(
    api: Api, images: ImageRepository, ids: list[str], action: str, user: str
) -> None:
    twins = [copy(api, images, image_id) for image_id in ids[:5]]
    alone = [send_alone(api, action, image_id, user) for image_id in [*twins, *ids[5:]]]
    response = send(api, action, ids, user)
    assert [result["id"] for result in response.json["results"]] == ids
    assert read_statuses(response) == [one.status for one in alone]
    for result, one in zip(response.json["results"], alone, strict=True):
        assert result["error"] == (one.json if one.status >= 400 else None)
        assert str(result["retryAfter"] or "") == one.headers.get("Retry-After", "")
    for image_id, twin in zip(ids, twins, strict=False):
        for owner in ("ann", "bob"):
            seen = [api.get(f"/images/{found}", user=owner).status for found in (image_id, twin)]
            assert seen[0] == seen[1]


def test_batch_does_what_it_says(api: Api, images: ImageRepository) -> None:
    ids = [api.upload_ready(PICTURE, tags=["sea"])["id"] for _ in range(20)]
    assert read_statuses(send(api, "update", ids)) == [200] * 20
    assert {images.get(image_id).tags for image_id in ids} == {("sea", "sun")}
    assert read_statuses(send(api, "trash", ids[::-1])) == [200] * 20
    assert len(api.get("/images?trashed=true&limit=100", user="ann").json["images"]) == 20
    assert read_statuses(send(api, "restore", ids)) == [200] * 20
    assert read_statuses(send(api, "reprocess", ids[:2])) == [202] * 2
    finish(images, ids[0])
    assert read_statuses(send(api, "delete", ids)) == [204] * 20
    assert read_statuses(send(api, "delete", ids)) == [404] * 20


def test_batch_of_a_hundred_is_taken_and_one_more_is_not(api: Api) -> None:
    ids = [new_id() for _ in range(101)]
    assert read_statuses(send(api, "delete", ids[:100])) == [404] * 100
    assert send(api, "delete", ids).problem == (422, "invalid_fields", ["ids"])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["action", "ids"]),
        ({"action": "delete", "ids": []}, ["ids"]),
        ({"action": "delete", "ids": ["a", "b", "a"]}, ["ids"]),
        ({"action": "delete", "ids": ["a", ""]}, ["ids[1]"]),
        ({"action": "delete", "ids": ["x" * 37]}, ["ids[0]"]),
        ({"action": "delete", "ids": [5]}, ["ids[0]"]),
        ({"action": "delete", "ids": "a"}, ["ids"]),
        ({"action": "drop", "ids": ["a"]}, ["action"]),
        ({"action": "update", "ids": ["a"]}, ["update"]),
        ({"action": "update", "ids": ["a"], "update": None}, ["update"]),
        ({"action": "trash", "ids": ["a"], "update": {}}, ["update"]),
        ({"action": "update", "ids": ["a"], "update": {"tags": ["x" * 51]}}, ["update.tags[0]"]),
        ({"action": "update", "ids": ["a"], "update": {"tags": [], "addTags": ["b"]}}, ["update.addTags"]),
        ({"action": "delete", "ids": ["a"], "more": 1}, ["more"]),
    ],
)
def test_wrong_field_of_a_batch_is_named(api: Api, body: dict[str, Any], fields: list[str]) -> None:
    assert api.post("/images/batch", user="ann", json=body).problem == (422, "invalid_fields", fields)


def test_error_names_the_request_and_nothing_of_the_image(api: Api) -> None:
    image_id = api.upload_ready(PICTURE, description="secret", visibility="public")["id"]
    response = send(api, "trash", [image_id], "ben")
    (result,) = response.json["results"]
    assert (result["status"], result["error"]["code"]) == (403, "forbidden")
    assert result["error"]["requestId"] == REQUEST_ID
    assert b"secret" not in response.body
    assert b"ann" not in response.body


@pytest.mark.parametrize("action", ACTIONS)
def test_key_makes_a_repeat_safe_and_shows_the_first_results(
    api: Api, images: ImageRepository, ids: list[str], action: str
) -> None:
    kept = [image_id for image_id in ids if image_id != ids[2]]  # it is being processed: that passes
    first = send(api, action, kept, key="key")
    versions = [images.get(image_id).version for image_id in kept[:2]] if action != "delete" else []
    second = send(api, action, kept, key="key")
    assert (second.status, second.json) == (200, first.json)
    assert versions == ([images.get(image_id).version for image_id in kept[:2]] if versions else [])
    assert send(api, action, kept[:2], key="key").problem[:2] == (422, "idempotency_key_reused")


def test_batch_that_is_not_over_runs_again_with_its_key(api: Api, dynamodb: DynamoDBClient) -> None:
    ids = [api.upload_ready(PICTURE)["id"] for _ in range(3)]
    breaking = break_calls(dynamodb, "TransactWriteItems")
    first = send(api, "trash", ids, key="key")
    assert read_statuses(first) == [503] * 3
    assert {result["retryAfter"] for result in first.json["results"]} == {2}
    breaking.end()
    assert read_statuses(send(api, "trash", ids, key="key")) == [200] * 3


def test_image_without_time_is_503_and_untouched(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [api.upload_ready(PICTURE)["id"] for _ in range(3)]
    monkeypatch.setattr(get_deadline(), "get_seconds", lambda: 9.9)
    response = send(api, "delete", ids)
    assert read_statuses(response) == [503] * 3
    assert {result["error"]["code"] for result in response.json["results"]} == {"out_of_time"}
    monkeypatch.undo()
    assert [api.get(f"/images/{image_id}", user="ann").status for image_id in ids] == [200] * 3


def test_mistake_of_ours_is_500_for_its_image_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [api.upload_ready(PICTURE)["id"] for _ in range(2)]
    delete = ImageRepository.delete

    def fail(images: ImageRepository, image_id: str, guard: Any) -> Any:  # noqa: ANN401 - of `delete`
        if image_id == ids[0]:
            raise KeyError("private")
        return delete(images, image_id, guard)

    monkeypatch.setattr(ImageRepository, "delete", fail)
    response = send(api, "delete", ids)
    assert read_statuses(response) == [500, 204]
    assert b"private" not in response.body


def test_condition_holds_for_each_image(api: Api) -> None:
    ids = [api.upload_ready(PICTURE)["id"] for _ in range(2)]
    api.request("PATCH", f"/images/{ids[0]}", user="ann", json={"description": "x"})
    body = {"action": "trash", "ids": ids}
    response = api.post("/images/batch", user="ann", headers={"If-Match": '"3"'}, json=body)
    assert read_statuses(response) == [200, 412]


@pytest.mark.parametrize(("action", "tokens"), [("delete", 0), ("update", 3), ("trash", 3)])
def test_batch_takes_a_token_for_each_image(api: Api, table: Table, action: str, tokens: int) -> None:
    usages = UsageRepository(table, Quota(), Rate(per_minute=1, burst=5))
    create_app().dependency_overrides[get_usages] = lambda: usages
    ids = [new_id() for _ in range(3)]
    assert send(api, action, ids).status == 200
    refused = send(api, action, ids)
    assert refused.status == (429 if tokens else 200)
    if tokens:
        assert refused.problem == (429, "rate_exceeded", [])
        assert refused.headers["Retry-After"] == "60"
        assert send(api, action, ids[:2]).status == 200
