from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import make_outcome_store
from shared.keys import make_original_key
from shared.lifecycle import Event
from shared.quotas import Quota
from tests.support.api import make_form, make_upload
from tests.support.faults import break_calls, lose_response
from tests.support.images import make_ready
from tests.support.pictures import make_picture
from tests.support.repeats import KEY, count_rows, find_names, send

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from shared.storage import ImageStorage
    from tests.support.api import Api

PICTURE = make_picture()

REQUESTS: list[tuple[str, dict[str, Any], int]] = [
    ("/images/upload", {"json": make_upload(PICTURE)}, 201),
    ("/images/upload", make_form(("visibility", "public"), file=PICTURE), 201),
    (
        "/images/upload?tags=a",
        {"body": PICTURE, "headers": {"Content-Type": "image/jpeg"}, "encode": True},
        201,
    ),
    ("/images/uploads", {"json": {"contentType": "image/png", "size": 7}}, 201),
    ("/images/{image}/links", {}, 201),
    ("/images/{image}/reprocess", {}, 202),
    ("/items", {"json": {"name": "a"}}, 201),
    ("/upload", make_form(file=b"any"), 201),
]


@pytest.fixture
def image_id(images: ImageRepository, storage: ImageStorage) -> str:
    image = images.add(make_ready())
    storage.add(make_original_key(image.id), PICTURE, "image/jpeg")
    return image.id


@pytest.mark.parametrize(("path", "options", "status"), REQUESTS)
def test_request_sent_again_does_not_happen_again(  # noqa: PLR0913, PLR0917 - a row of the table, and fixtures
    api: Api, dynamodb: DynamoDBClient, image_id: str, path: str, options: dict[str, Any], status: int
) -> None:
    path = path.format(image=image_id)
    first = send(api, path, options)
    rows = count_rows(dynamodb)
    assert first.status == status
    for _ in range(2):
        again = send(api, path, options)
        assert (again.status, again.headers) == (first.status, first.headers)
        assert find_names(again) == find_names(first)
    assert count_rows(dynamodb) == rows


def test_response_with_a_key_has_the_headers_of_one_without(api: Api) -> None:
    plain = api.post("/items", user="ann", json={"name": "a"})
    for _ in range(2):
        keyed = send(api, "/items", {"json": {"name": "a"}})
        assert keyed.headers.keys() == plain.headers.keys()
        assert keyed.headers["Location"]
        assert keyed.headers["ETag"]


@pytest.mark.parametrize(("path", "options", "status"), REQUESTS)
def test_another_key_is_another_request(  # noqa: PLR0913, PLR0917 - the request and the stores
    api: Api, images: ImageRepository, image_id: str, path: str, options: dict[str, Any], status: int
) -> None:
    path = path.format(image=image_id)
    first = send(api, path, options, key="1")
    images.apply(image_id, Event.FAIL)  # nothing reprocesses it while it is processed
    second = send(api, path, options, key="2")
    assert first.status == second.status == status
    if path != f"/images/{image_id}/links":  # two links of one second are the same
        assert first.body != second.body


def test_another_body_or_query_under_the_same_key_is_422(api: Api, dynamodb: DynamoDBClient) -> None:
    assert send(api, "/items", {"json": {"name": "a"}}).status == 201
    for path, options in (
        ("/items", {"json": {"name": "b"}}),
        ("/items?userId=ann", {"json": {"name": "a"}}),
    ):
        problem = send(api, path, options).problem
        assert problem == (422, "idempotency_key_reused", ["Idempotency-Key"])
    assert count_rows(dynamodb) == 1


def test_form_sent_again_under_another_boundary_is_the_same(api: Api, dynamodb: DynamoDBClient) -> None:
    form = make_form(("tags", "a"), file=PICTURE)
    first = send(api, "/images/upload", form)
    other = {
        **form,
        "headers": {"Content-Type": 'multipart/form-data; boundary="other"'},
        "body": form["body"].replace(b"----form", b"other"),
    }
    assert send(api, "/images/upload", other).body == first.body
    assert count_rows(dynamodb) == 1


def test_keys_of_callers_and_of_paths_are_apart(api: Api, dynamodb: DynamoDBClient) -> None:
    ids = {send(api, "/items", {"json": {"name": "a"}}, user=user).json["id"] for user in ("ann", "bob")}
    assert len(ids) == 2
    assert send(api, "/upload", make_form(file=b"x")).status == 201
    assert count_rows(dynamodb) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256])
def test_key_that_is_none_is_422(api: Api, key: str) -> None:
    assert send(api, "/items", {"json": {"name": "a"}}, key=key).problem == (
        422,
        "invalid_fields",
        ["Idempotency-Key"],
    )


def test_refused_request_frees_its_key(api: Api) -> None:
    assert send(api, "/items", {"json": {}}).status == 422
    assert send(api, "/items", {"json": {"name": "a"}}).status == 201


def test_key_means_nothing_to_other_methods(api: Api) -> None:
    item = api.post("/items", user="ann", json={"name": "a"}).json
    for name in ("b", "c"):
        response = api.request("PUT", f"/items/{item['id']}", user="ann", json={"name": name}, headers=KEY)
        assert response.json["name"] == name


def test_body_and_key_are_kept_as_hashes(api: Api, dynamodb: DynamoDBClient) -> None:
    uploaded = send(api, "/upload", make_form(file=b"a secret body"), key="a-secret-key").json
    (row,) = dynamodb.scan(TableName="idempotency")["Items"]
    assert "secret" not in json.dumps(row)
    assert set(row) == {"id", "expires_at", "in_progress_expiration", "status", "validation", "data"}
    assert re.fullmatch("request#[0-9a-f]{64}", row["id"]["S"])
    assert re.fullmatch("[0-9a-f]{64}", row["validation"]["S"])
    assert json.loads(row["data"]["S"]) == {"status": 201, "record_id": uploaded["file"]["id"]}


def test_id_of_the_record_is_all_that_is_kept_of_a_response(api: Api, dynamodb: DynamoDBClient) -> None:
    item = send(api, "/items", {"json": {"name": "a"}}).json
    (row,) = dynamodb.scan(TableName="idempotency")["Items"]
    assert json.loads(row["data"]["S"]) == {"status": 201, "record_id": item["id"]}


class Crash(BaseException):
    """The function is killed: nothing of it runs any more."""


def test_key_of_a_killed_request_is_free_when_its_function_would_have_ended(
    api: Api, dynamodb: DynamoDBClient, storage: ImageStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(storage, "add", crash)
        with pytest.raises(Crash):
            send(api, "/upload", make_form(file=b"x"))
    response = send(api, "/upload", make_form(file=b"x"))
    assert response.problem == (409, "still_running", [])
    assert response.headers["Retry-After"] == "2"
    end_wait(dynamodb)
    assert send(api, "/upload", make_form(file=b"x")).status == 201


def end_wait(dynamodb: DynamoDBClient) -> None:
    """Act as if the time of the function had passed."""
    for row in dynamodb.scan(TableName="idempotency")["Items"]:
        dynamodb.update_item(
            TableName="idempotency",
            Key={"id": row["id"]},
            UpdateExpression="SET in_progress_expiration = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )


@pytest.mark.parametrize(("path", "options", "status"), REQUESTS)
@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_lost_response_of_the_idempotency_table_loses_no_request(  # noqa: PLR0913, PLR0917 - rows and fixtures
    api: Api, image_id: str, operation: str, path: str, options: dict[str, Any], status: int
) -> None:
    fault = lose_response(create_records_client(), operation)
    path = path.format(image=image_id)
    first = send(api, path, options)
    assert fault.tries == 2
    assert first.status == status
    assert find_names(send(api, path, options)) == find_names(first)


def create_records_client() -> DynamoDBClient:
    client: DynamoDBClient = make_outcome_store().client
    return client


@pytest.mark.parametrize(
    ("path", "options"),
    [(path, options) for path, options, _ in REQUESTS if "{" not in path],
)
def test_work_whose_response_could_not_be_saved_is_not_done_twice(
    api: Api,
    dynamodb: DynamoDBClient,
    s3: Any,  # noqa: ANN401 - a client
    path: str,
    options: dict[str, Any],
) -> None:
    fault = break_calls(create_records_client(), "UpdateItem")
    assert send(api, path, options).problem == (503, "unavailable", [])
    fault.end()
    rows, objects = count_rows(dynamodb), list_keys(s3, "files/")
    assert send(api, path, options).status == 409
    end_wait(dynamodb)
    response = send(api, path, options)
    assert response.status == 201
    assert count_rows(dynamodb) == rows
    assert list_keys(s3, "files/") == objects
    assert find_names(send(api, path, options)) == find_names(response)


def list_keys(s3: Any, prefix: str) -> list[str]:  # noqa: ANN401 - a client
    return [item["Key"] for item in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])]


def test_what_was_made_and_deleted_is_not_made_again(api: Api, dynamodb: DynamoDBClient) -> None:
    fault = break_calls(create_records_client(), "UpdateItem")
    assert send(api, "/items", {"json": {"name": "a"}}).status == 503
    fault.end()
    (item,) = api.get("/items", user="ann").json["items"]
    assert api.request("DELETE", f"/items/{item['id']}", user="ann").status == 204
    end_wait(dynamodb)
    assert send(api, "/items", {"json": {"name": "a"}}).problem == (409, "conflict", [])


def test_missing_idempotency_table_is_503(api: Api) -> None:
    fault = break_calls(create_records_client(), "PutItem")
    response = send(api, "/items", {"json": {"name": "a"}})
    fault.end()
    assert response.problem == (503, "unavailable", [])
    assert api.get("/items", user="ann").json["items"] == []


class TestAtTheQuota:
    @pytest.fixture
    def quota(self) -> Quota:
        return Quota(max_images=1)

    def test_upload_that_took_the_last_room_gets_its_response_when_sent_again(
        self, api: Api, dynamodb: DynamoDBClient
    ) -> None:
        options = {"json": make_upload(PICTURE)}
        fault = break_calls(create_records_client(), "UpdateItem")
        assert send(api, "/images/upload", options).status == 503
        fault.end()
        end_wait(dynamodb)
        assert send(api, "/images/upload", options).status == 201
        assert count_rows(dynamodb) == 1
        assert send(api, "/images/upload", options, key="other").problem == (403, "quota_exceeded", [])
