"""Keys of requests: which requests are the same, and how long their responses are kept."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app.access.callers import Caller
from app.dependencies import get_make_store, get_verify, make_outcome_store
from app.idempotency import KeyedRequest, OutcomeStore
from app.main import create_app
from app.parameters import get_auth_mode
from tests.support.api import make_form
from tests.support.faults import Fault, break_calls
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.api import Api

PICTURE = make_picture()
ITEM: dict[str, Any] = {"body": b'{"name": "a"}', "headers": {"Content-Type": "application/json"}}
FORM = make_form(("tags", "a"), file=PICTURE)
OTHER_BOUNDARY = FORM["body"].replace(b"----form", b"other")


def send(api: Api, path: str, options: dict[str, Any]) -> tuple[int, str | None]:
    """Send a request with a key. Returns its status, and the code of an error."""
    headers = {"Idempotency-Key": "k", **options.get("headers", {})}
    response = api.post(path, user="ann", **options | {"headers": headers})
    return response.status, response.json.get("code")


@pytest.mark.parametrize(
    ("path", "first", "other_path", "second"),
    [
        ("/items", ITEM, "/items", ITEM | {"encode": True}),
        ("/items", ITEM, "/items", ITEM | {"headers": {"Content-Type": "Application/JSON; charset=utf-8"}}),
        ("/items?userId=ann&x=1", ITEM, "/items?x=1&userId=ann", ITEM),
        (
            "/images/upload",
            FORM,
            "/images/upload",
            FORM
            | {
                "headers": {"Content-Type": "multipart/form-data; charset=utf-8; Boundary=other"},
                "body": OTHER_BOUNDARY,
            },
        ),
    ],
    ids=["encoding", "type", "order of the query", "boundary"],
)
def test_requests_that_say_the_same_are_the_same(
    api: Api, path: str, first: dict[str, Any], other_path: str, second: dict[str, Any]
) -> None:
    expected = send(api, path, first)
    assert expected[0] in {201, 422}
    assert send(api, other_path, second) == expected


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/items", ITEM | {"body": b'{"name":"a"}'}),
        ("/items?userId=ann", ITEM),
        ("/items?userId=ann&userId=ann", ITEM),
        ("/items", ITEM | {"headers": {}}),
        ("/items", ITEM | {"headers": {"Content-Type": "application/merge-patch+json"}}),
    ],
    ids=["body", "query", "repeated parameter", "no type", "other type"],
)
def test_any_other_request_may_not_use_the_key(api: Api, path: str, options: dict[str, Any]) -> None:
    assert send(api, "/items", ITEM) == (201, None)
    assert send(api, path, options) == (422, "idempotency_key_reused")


def test_response_is_kept_for_a_day(api: Api, dynamodb: DynamoDBClient) -> None:
    before = time.time()
    assert send(api, "/items", ITEM)[0] == 201
    (row,) = dynamodb.scan(TableName="idempotency")["Items"]
    assert before + 86_399 <= float(row["expires_at"]["N"]) <= time.time() + 86_401
    assert row["status"] == {"S": "COMPLETED"}


def test_request_that_was_killed_holds_its_key_as_long_as_it_could_have_run(
    api: Api, dynamodb: DynamoDBClient
) -> None:
    """The functions of these tests have 29 seconds."""
    before = time.time()
    send(api, "/items", ITEM)
    (row,) = dynamodb.scan(TableName="idempotency")["Items"]
    end = float(row["in_progress_expiration"]["N"]) / 1000
    assert before + 28.9 <= end <= time.time() + 29.1


KEYED = KeyedRequest("ann", "/items", "k", "hash")


@pytest.mark.parametrize(
    "other",
    [{"caller": "ben"}, {"caller": None}, {"path": "/upload"}, {"key": "l"}, {"content": "other hash"}],
)
def test_claim_names_the_caller_the_path_the_key_and_the_content(other: dict[str, Any]) -> None:
    assert KEYED.claim == KeyedRequest("ann", "/items", "k", "hash").claim
    assert replace(KEYED, **other).claim != KEYED.claim
    assert len(KEYED.claim) == 64


@pytest.mark.parametrize(("key", "status"), [("x" * 255, 201), ("!~", 201), ("x" * 256, 422), ("a\x7f", 422)])
def test_key_has_up_to_255_visible_characters(api: Api, key: str, status: int) -> None:
    response = api.post("/items", headers={"Idempotency-Key": key}, json={"name": "a"})
    assert response.status == status
    if status == 422:
        assert response.problem == (422, "invalid_fields", ["Idempotency-Key"])
        assert response.json["errors"][0]["message"] == "must have 1 to 255 visible ASCII characters"


def test_token_is_verified_once_with_and_without_a_key(api: Api) -> None:
    tokens: list[str] = []

    def verify(token: str) -> Caller:
        tokens.append(token)
        return Caller("ann")

    overrides = create_app().dependency_overrides
    overrides |= {get_auth_mode: lambda: "jwt", get_verify: lambda: verify}
    for key in ({}, {"Idempotency-Key": "k"}):
        tokens.clear()
        headers = {**ITEM["headers"], **key, "Authorization": "Bearer t"}
        assert api.post("/items", headers=headers, body=ITEM["body"]).status == 201
        assert tokens == ["t"]


def test_store_of_responses_can_be_overridden(api: Api) -> None:
    made: list[OutcomeStore] = []

    def make() -> OutcomeStore:
        made.append(make_outcome_store())
        return made[-1]

    create_app().dependency_overrides[get_make_store] = lambda: make
    api.post("/items", user="ann", **ITEM)
    assert made == []
    assert send(api, "/items", ITEM) == (201, None)
    assert len(made) == 1


def test_used_key_says_so(api: Api) -> None:
    headers = {"Idempotency-Key": "k"}
    api.post("/items", headers=headers, json={"name": "a"})
    response = api.post("/items", headers=headers, json={"name": "b"})
    assert response.json["errors"] == [
        {"field": "Idempotency-Key", "message": "was used for another request"}
    ]


def test_throttled_idempotency_table_is_throttled(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    fault = break_calls(make_outcome_store().client, "PutItem", Fault.THROTTLED)
    assert send(api, "/items", ITEM) == (503, "throttled")
    fault.end()
    assert send(api, "/items", ITEM) == (201, None)
