"""The engine's expressions, where moto is wrong or kinder than AWS. The rest is compared with moto."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import ask, get, make_key, put, read, refuse

if TYPE_CHECKING:
    from tests.support.dynamodb.engine import Engine

ITEM: dict[str, Any] = {
    "n": {"N": "10"},
    "s": {"S": "text"},
    "b": {"B": "AAAA"},
    "l": {"L": [{"N": "1"}, {"M": {"x": {"S": "deep"}}}, {"S": "a"}]},
    "m": {"M": {"x": {"M": {"y": {"N": "5"}}}, "z": {"S": "z"}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "dotted.name": {"BOOL": True},
}
PUT = {"TableName": "images", "Item": make_key("a") | ITEM}
NAMES = {"#d": "dotted.name", "#s": "s", "#x": "x"}
VALUES: dict[str, Any] = {
    ":a": {"S": "a"},
    ":b": {"S": "b"},
    ":bin": {"B": "AA=="},
    ":kind": {"S": "SS"},
    ":list": {"L": [{"S": "new"}]},
    ":nine": {"N": "9"},
    ":ns": {"NS": ["2.0", "3"]},
    ":t": {"S": "te"},
    ":ten": {"N": "10.0"},
    ":three": {"N": "3"},
    ":true": {"BOOL": True},
    ":two": {"N": "2"},
}


@pytest.fixture(autouse=True)
def _tables(dynamodb: object) -> None:
    del dynamodb  # its tables are there


def define(**expressions: str) -> dict[str, Any]:
    text = " ".join(expressions.values())
    names = {name: NAMES.get(name, name[1:]) for name in re.findall(r"#\w+", text)}
    values = {name: VALUES[name] for name in re.findall(r":\w+", text) if name in VALUES}
    fields = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    return expressions | {name: field for name, field in fields.items() if field}


def update(engine: Engine, text: str, **options: str) -> dict[str, Any]:
    ask(engine, "PutItem", PUT)
    return ask(engine, "UpdateItem", read("a") | define(UpdateExpression=text) | options)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("n = :ten", True),
        ("#d = :true", True),
        ("m.x.y > :three and n > :nine", True),
        ("n > :two", True),
        ("s > :nine", False),
        ("gone <> :a", True),
        ("gone = :a", False),
        ("NOT gone = :a", True),
        ("n IN (:a, :ten)", True),
        ("n BETWEEN :nine AND :ten", True),
        ("size(l) = :three AND size(ss) = :two", True),
        ("size(b) = :three AND size(n) <> :two", True),
        ("size(gone) = :two", False),
        ("contains(ss, :a) AND contains(l, :a)", True),
        ("contains(ns, :two) AND NOT contains(ns, :three)", True),
        ("contains(b, :bin)", True),
        ("contains(s, :two)", False),
        ("attribute_type(ss, :kind)", True),
        ("begins_with(#s, :t)", True),
        ("begins_with(n, :t)", False),
        ("l[1].#x = s OR l[0] < n", True),
        ("attribute_exists(l[3])", False),
        ("attribute_not_exists(l[0].x)", True),
        ("n = :a OR n = :ten AND s = :b", False),
        ("(n = :a OR n = :ten) AND NOT s = :b", True),
        ("NOT (n = :ten AND s = :b) AND ((n = :ten) OR s = :a)", True),
    ],
)
def test_condition_admits_what_it_describes(engine: Engine, text: str, *, holds: bool) -> None:
    ask(engine, "PutItem", PUT)
    page = ask(engine, "Scan", {"TableName": "images"} | define(FilterExpression=text))
    assert page["ScannedCount"] == 1
    assert page["Count"] == holds
    status, _ = engine.respond("PutItem", put("a")["Put"] | define(ConditionExpression=text))
    assert status == (200 if holds else 400)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n =",
        "n = :ten extra",
        "= :ten",
        "n == :ten",
        "n = :undefined",
        "n[x] = :ten",
        "((n = :ten))",
        "(n = :ten",
        "status = :a",
        "n = n",
        "Size(n) = :two",
        "unknown(n)",
        "begins_with(n, :two)",
        "begins_with(n)",
        "attribute_type(n, :a)",
        "attribute_exists(:a)",
        "n < :true",
        "n BETWEEN :ten AND :nine",
        "n BETWEEN :a AND :nine",
        f"n IN ({', '.join([':a'] * 101)})",
        "a" * 4097,
    ],
)
def test_condition_that_is_refused(engine: Engine, text: str) -> None:
    request = put("a")["Put"] | define(ConditionExpression=text)
    assert refuse(engine, "PutItem", request) == "ValidationException"
    assert get(engine, "a") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}}},
        {"ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":a": {"S": "a"}}},
        {"ExpressionAttributeValues": {":a": {"SS": []}}},
    ],
)
def test_names_and_values_must_be_used_and_valid(engine: Engine, fields: dict[str, Any]) -> None:
    request = put("a")["Put"] | {"ConditionExpression": "n = :a"} | fields
    assert refuse(engine, "PutItem", request) == "ValidationException"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("SET n = n + :two, t = n", {"n": {"N": "10"}}, {"n": {"N": "12"}, "t": {"N": "10"}}),
        ("SET n = :two - n", {"n": {"N": "10"}}, {"n": {"N": "-8"}}),
        ("SET t = if_not_exists(n, :a)", {}, {"t": {"N": "10"}}),
        ("SET m.z = :a", {"m": {"M": {"z": {"S": "z"}}}}, {"m": {"M": {"z": {"S": "a"}}}}),
        ("SET m.#x.w = :a", {}, {"m": {"M": {"x": {"M": {"w": {"S": "a"}}}}}}),
        ("SET l[9] = :a, l[7] = :b", {}, {}),
        ("SET l[0] = :a", {"l": {"L": [{"N": "1"}]}}, {"l": {"L": [{"S": "a"}]}}),
        ("SET l = list_append(:list, l)", {"l": ITEM["l"]}, {"l": {"L": [{"S": "new"}, *ITEM["l"]["L"]]}}),
        ("REMOVE s, m.z, gone", {"s": {"S": "text"}, "m": {"M": {"z": {"S": "z"}}}}, {}),
        ("ADD n :two, ns :ns", {"n": {"N": "10"}, "ns": ITEM["ns"]}, None),
        ("DELETE ns :ns", {"ns": ITEM["ns"]}, {"ns": {"NS": ["1"]}}),
    ],
)
def test_update_returns_what_it_touched(
    engine: Engine, text: str, old: dict[str, Any], new: dict[str, Any] | None
) -> None:
    expected = {"n": {"N": "12"}, "ns": {"NS": ["1", "2", "3"]}} if new is None else new
    assert update(engine, text, ReturnValues="UPDATED_OLD").get("Attributes", {}) == old
    assert update(engine, text, ReturnValues="UPDATED_NEW").get("Attributes", {}) == expected


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("SET l[9] = :a, l[7] = :b", [*ITEM["l"]["L"], {"S": "b"}, {"S": "a"}]),
        ("REMOVE l[0], l[1]", [{"S": "a"}]),
        ("SET l[1] = :b REMOVE l[0]", [{"S": "b"}, {"S": "a"}]),
        ("REMOVE l[1].x, l[7]", [{"N": "1"}, {"M": {}}, {"S": "a"}]),
    ],
)
def test_places_in_lists_are_those_before_the_update(engine: Engine, text: str, left: list[Any]) -> None:
    assert update(engine, text, ReturnValues="ALL_NEW")["Attributes"]["l"] == {"L": left}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n = :two",
        "SET n :two",
        "SET n = :two SET s = :a",
        "SET n = :two, n = :two",
        "SET m = :a, m.z = :a",
        "SET m.z = :a REMOVE m.z",
        "SET m.z = :a, m[0] = :a",
        "SET pk = :a",
        "SET n = :undefined",
        "SET n = gone",
        "SET n = s + :two",
        "SET n = n + :a",
        "SET l = list_append(l, :two)",
        "SET l = list_append(s, :list)",
        "SET n = size(s)",
        "SET n = if_not_exists(:two, :two)",
        "SET gone.x = :a",
        "SET s.x = :a",
        "SET s[0] = :a",
        "REMOVE gone.x.y",
        "ADD s :two",
        "ADD n :a",
        "ADD ss :ns",
        "DELETE n :two",
        "DELETE ss :ns",
        "REMOVE name",
    ],
)
def test_update_that_is_refused_changes_nothing(engine: Engine, text: str) -> None:
    ask(engine, "PutItem", PUT)
    before = get(engine, "a")
    request = read("a") | define(UpdateExpression=text)
    assert refuse(engine, "UpdateItem", request) == "ValidationException"
    assert get(engine, "a") == before


def test_set_that_loses_its_last_element_is_gone(engine: Engine) -> None:
    request = read("a") | {
        "UpdateExpression": "DELETE ss :all",
        "ExpressionAttributeValues": {":all": {"SS": ["a", "b", "c"]}},
    }
    ask(engine, "PutItem", PUT)
    ask(engine, "UpdateItem", request)
    assert "ss" not in get(engine, "a")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("n, #d", {"n": ITEM["n"], "dotted.name": {"BOOL": True}}),
        (
            "l[2], l[1].x, m.x.y",
            {"l": {"L": [ITEM["l"]["L"][1], {"S": "a"}]}, "m": {"M": {"x": ITEM["m"]["M"]["x"]}}},
        ),
        ("l[9], m.gone, s.x", {}),
    ],
)
def test_projection_shows_parts_of_items(engine: Engine, text: str, shown: dict[str, Any]) -> None:
    ask(engine, "PutItem", PUT)
    assert ask(engine, "GetItem", read("a") | define(ProjectionExpression=text))["Item"] == shown


@pytest.mark.parametrize("text", ["", "n,", "m, m.x", "n n", ":undefined", "#undefined.", "status"])
def test_projection_that_is_refused(engine: Engine, text: str) -> None:
    assert refuse(engine, "GetItem", read("a") | define(ProjectionExpression=text)) == "ValidationException"


@pytest.mark.parametrize(
    "fields",
    [
        {"KeyConditionExpression": "sk = :a"},
        {"KeyConditionExpression": "pk > :a"},
        {"KeyConditionExpression": "pk = :a OR sk = :b"},
        {"KeyConditionExpression": "pk = :a AND pk = :b"},
        {"KeyConditionExpression": "pk = :a AND sk <> :b"},
        {"KeyConditionExpression": "pk = :a AND n = :two"},
        {"KeyConditionExpression": "pk = :two"},
        {"KeyConditionExpression": "pk = :a AND contains(sk, :b)"},
        {"KeyConditionExpression": "pk = :a", "FilterExpression": "sk = :b"},
        {"FilterExpression": "n = :two"},
    ],
)
def test_query_that_is_refused(engine: Engine, fields: dict[str, str]) -> None:
    assert refuse(engine, "Query", {"TableName": "images"} | define(**fields)) == "ValidationException"
