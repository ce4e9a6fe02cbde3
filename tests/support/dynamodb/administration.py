"""Operations on tables, not on their rows. All of them take effect at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.database import ACCOUNT, REGION, Database
from tests.support.dynamodb.errors import Refusal, invalid, invalid_parameter
from tests.support.dynamodb.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LISTED = 100
VIEWS = {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"}
_UNKNOWN = {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}
_KEPT = ("AttributeDefinitions", "KeySchema", "TableName", "StreamSpecification")


def create_table(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := body.keys() & _UNKNOWN:
        raise NotImplementedError(f"The engine has no {', '.join(sorted(unknown))}")
    name = body["TableName"]
    keys = _read_keys(body)
    view = body.get("StreamSpecification", {}).get("StreamViewType")
    if view is not None and view not in VIEWS:
        raise invalid(f"1 validation error detected: Value '{view}' at 'streamSpecification' is unknown")
    if name in database.tables:
        raise Refusal("ResourceInUseException", f"Table already exists: {name}")
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
    description = {field: body[field] for field in _KEPT if field in body}
    description |= {
        "TableStatus": "ACTIVE",
        "CreationDateTime": database.clock(),
        "TableArn": arn,
        "BillingModeSummary": {"BillingMode": body.get("BillingMode", "PROVISIONED")},
    }
    if view:
        label = "2020-01-01T00:00:00.000"
        description |= {"LatestStreamLabel": label, "LatestStreamArn": f"{arn}/stream/{label}"}
        database.streams[name] = []
    database.tables[name] = Table(name, keys, description, view)
    return {"TableDescription": _describe(database.tables[name])}


def describe_table(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"Table": _describe(database.get_table(body["TableName"]))}


def list_tables(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    start, limit = body.get("ExclusiveStartTableName", ""), body.get("Limit", MAX_LISTED)
    names = sorted(name for name in database.tables if name > start)
    last = {"LastEvaluatedTableName": names[limit - 1]} if len(names) > limit else {}
    return {"TableNames": names[:limit], **last}


def delete_table(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    table = database.get_table(body["TableName"])
    del database.tables[table.name]
    database.streams.pop(table.name, None)
    return {"TableDescription": _describe(table) | {"TableStatus": "DELETING"}}


def update_time_to_live(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    table, wanted = database.get_table(body["TableName"]), body["TimeToLiveSpecification"]
    if not wanted["AttributeName"]:
        raise invalid("TimeToLiveSpecification.AttributeName must not be empty")
    if wanted["Enabled"] is (table.end_attribute is not None):
        raise invalid(f"TimeToLive is already {'enabled' if wanted['Enabled'] else 'disabled'}")
    table.end_attribute = wanted["AttributeName"] if wanted["Enabled"] else None
    return {"TimeToLiveSpecification": dict(wanted)}


def describe_time_to_live(database: Database, body: Mapping[str, Any]) -> dict[str, Any]:
    name = database.get_table(body["TableName"]).end_attribute
    description = {"TimeToLiveStatus": "ENABLED", "AttributeName": name} if name else None
    return {"TimeToLiveDescription": description or {"TimeToLiveStatus": "DISABLED"}}


def _describe(table: Table) -> dict[str, Any]:
    rows = table.list_rows()
    return table.description | {"ItemCount": len(rows), "TableSizeBytes": sum(row.size for row in rows)}


def _read_keys(body: Mapping[str, Any]) -> dict[str, str]:
    kinds = {each["AttributeName"]: each["AttributeType"] for each in body["AttributeDefinitions"]}
    schema = [(key["AttributeName"], key["KeyType"]) for key in body["KeySchema"]]
    if [role for _, role in schema] not in (["HASH"], ["HASH", "RANGE"]):
        raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if {name for name, _ in schema} != kinds.keys() or not {*kinds.values()} <= {"S", "N", "B"}:
        raise invalid_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in"
            " AttributeDefinitions"
        )
    return {name: kinds[name] for name, _ in schema}
