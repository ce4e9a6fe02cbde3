"""Random sequences of requests, to the engine and to moto's own DynamoDB: where moto is right, they agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from moto.core.models import botocore_stubber

from shared.aws import create_client
from tests.conftest import create_tables
from tests.support.emulator import empty_emulator, send_to_moto

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.dynamodb.engine import Engine

SETTINGS = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # moto is too slow to look for a shorter sequence
)
KEYS = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk in "pq" for sk in ("a", "ab", "b")]
VALUES: dict[str, Any] = {
    ":a": {"S": "a"},
    ":b": {"S": "b"},
    ":empty": {"L": []},
    ":list": {"S": "L"},
    ":map": {"M": {"x": {"N": "1"}, "y": {"L": [{"S": "a"}, {"S": "b"}]}}},
    ":one": {"N": "1"},
    ":ones": {"L": [{"N": "1"}, {"S": "a"}]},
    ":p": {"S": "p"},
    ":texts": {"SS": ["a", "b"]},
    ":two": {"N": "2"},
}
CONDITIONS = [
    "attribute_exists(pk)",
    "attribute_not_exists(#pk)",
    "n = :one",
    "n < :two AND s <> :a",
    "NOT contains(ss, :a) OR attribute_exists(l) AND size(l) > :one",
    "begins_with(s, :a)",
    "m.x BETWEEN :one AND :two",
    "n IN (:one, :two)",
    "attribute_type(l, :list)",
    "l[0] = :one AND m.#y[1] = :b",
    "(n >= :one OR attribute_not_exists(n)) AND NOT s = :b",
    "contains(l, :one) or contains(s, :b)",
    "attribute_exists(s) AND size(s) = :one",
]
UPDATES = [
    "SET n = :one",
    "SET n = if_not_exists(n, :one) + :two, s = :a",
    "SET n = n - :one",
    "SET l = list_append(if_not_exists(l, :empty), :ones)",
    "SET m.x = :two",
    "SET m = :map, s = :b",
    "SET l[0] = :two, l[9] = :one",
    "REMOVE n, s",
    "REMOVE l[0], l[1]",
    "REMOVE m.#y[0]",
    "ADD n :two, ss :texts",
    "DELETE ss :texts",
    "SET n = m.x REMOVE s ADD ss :texts",
    "SET l[1] = l[0]",
]
PROJECTIONS = ["pk, n", "m.#y, sk", "l[0], l[2], m.x", "#pk, ss"]
RANGES = [
    "pk = :p",
    "pk = :p AND sk = :a",
    "pk = :p AND sk > :a",
    "pk = :p AND sk <= :b",
    "#pk = :p AND begins_with(sk, :a)",
    "pk = :p AND sk BETWEEN :a AND :b",
]
RETURNED = ["NONE", "ALL_OLD", "ALL_NEW"]
IGNORED = {"ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics"}

type Request = tuple[str, dict[str, Any]]


def define(request: dict[str, Any]) -> dict[str, Any]:
    """Add the names and values that the expressions use."""
    text = " ".join(value for name, value in request.items() if name.endswith("Expression"))
    names = {name: name[1:] for name in re.findall(r"#\w+", text)}
    values = {name: VALUES[name] for name in re.findall(r":\w+", text)}
    defined = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    return request | {field: found for field, found in defined.items() if found}


def fix(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:  # noqa: ANN401 - strategies
    """Strategies for fields, those with None only sometimes."""
    made = st.fixed_dictionaries({"TableName": st.just("images"), **fields})
    return made.map(lambda made: define({name: value for name, value in made.items() if value is not None}))


def perhaps(choices: list[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(choices))


keys = st.sampled_from(KEYS)
conditions = perhaps(CONDITIONS)
old = perhaps(["ALL_OLD"])
contents = st.fixed_dictionaries(
    {},
    optional={
        "n": st.sampled_from([VALUES[":one"], VALUES[":two"]]),
        "s": st.sampled_from([VALUES[":a"], VALUES[":b"], {"S": ""}]),
        "l": st.just(VALUES[":ones"]),
        "m": st.just(VALUES[":map"]),
        "ss": st.just(VALUES[":texts"]),
    },
)
items = st.builds(lambda key, content: key | content, keys, contents)
puts = fix(Item=items, ConditionExpression=conditions)
deletes = fix(Key=keys, ConditionExpression=conditions)
updates = fix(Key=keys, ConditionExpression=conditions, UpdateExpression=st.sampled_from(UPDATES))
checks = fix(Key=keys, ConditionExpression=st.sampled_from(CONDITIONS))
gets = fix(Key=keys, ProjectionExpression=perhaps(PROJECTIONS))
returned = st.sampled_from(RETURNED)


def get_key(action: dict[str, Any]) -> str:
    ((_, content),) = action.items()
    found = content.get("Key") or content["Item"]
    return f"{found['pk']} {found['sk']}"


actions: st.SearchStrategy[Any] = st.one_of(
    [
        st.fixed_dictionaries({kind: strategy})
        for kind, strategy in (
            ("Put", puts),
            ("Delete", deletes),
            ("Update", updates),
            ("ConditionCheck", checks),
        )
    ]
)
transactions = st.lists(actions, min_size=1, max_size=4, unique_by=get_key)
requests: st.SearchStrategy[Request] = st.one_of(
    st.tuples(st.just("put_item"), st.builds(lambda put, wanted: put | wanted, puts, fix(ReturnValues=old))),
    st.tuples(
        st.just("delete_item"), st.builds(lambda one, wanted: one | wanted, deletes, fix(ReturnValues=old))
    ),
    st.tuples(
        st.just("update_item"),
        st.builds(lambda one, wanted: one | wanted, updates, fix(ReturnValues=returned)),
    ),
    st.tuples(st.just("get_item"), gets),
    st.tuples(
        st.just("query"),
        fix(
            KeyConditionExpression=st.sampled_from(RANGES),
            FilterExpression=perhaps([text for text in CONDITIONS if "pk" not in text]),
            ProjectionExpression=perhaps(PROJECTIONS),
            ScanIndexForward=st.booleans(),
        ),
    ),
    st.tuples(
        st.just("transact_write_items"), st.builds(lambda found: {"TransactItems": found}, transactions)
    ),
    st.tuples(
        st.just("transact_get_items"),
        st.lists(keys, min_size=1, max_size=3, unique_by=str).map(
            lambda keys: {"TransactItems": [{"Get": {"TableName": "images", "Key": key}} for key in keys]}
        ),
    ),
)


@pytest.fixture(scope="module")
def moto(engine: Engine) -> DynamoDBClient:
    """A client of moto's DynamoDB."""
    del engine  # the emulator runs
    client = create_client("dynamodb")
    events: Any = client.meta.events
    events.unregister("before-send", botocore_stubber)
    events.register("before-send", send_to_moto)
    return client


def sort_sets(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [sort_sets(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {name: sorted(part) if name == "SS" else sort_sets(part) for name, part in value.items()}


def send(client: DynamoDBClient, operation: str, request: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return the response, without what differs from call to call."""
    try:
        response = getattr(client, operation)(**request)
    except ClientError as error:
        reasons: Any = error.response.get("CancellationReasons", [])
        codes = [reason["Code"] for reason in reasons]
        is_invalid = "ValidationError" in codes  # moto refuses the request itself
        return ("ValidationException", []) if is_invalid else (error.response["Error"]["Code"], codes)
    return sort_sets({name: value for name, value in response.items() if name not in IGNORED})


@SETTINGS
@given(sequence=st.lists(requests, min_size=5, max_size=25))
def test_engine_does_what_moto_does(
    sequence: list[Request], engine: Engine, clients: dict[str, Any], moto: DynamoDBClient
) -> None:
    empty_emulator(engine)
    own = clients["dynamodb"]
    for client in (own, moto):
        create_tables(client)
    for operation, request in sequence:
        assert send(own, operation, request) == send(moto, operation, request), (operation, request)
    everything = {"TableName": "images"}
    rows = [send(client, "scan", everything)["Items"] for client in (own, moto)]
    assert sorted(rows[0], key=str) == sorted(rows[1], key=str)
