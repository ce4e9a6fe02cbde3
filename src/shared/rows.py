"""Rows of a DynamoDB table: their keys, and their way from models and back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

type Key = tuple[str, str]
type Row = dict[str, Any]


def dump(model: BaseModel) -> Row:
    """Turn a model into what DynamoDB stores: texts, whole numbers and decimals, and nothing for None."""
    row: Row = json.loads(model.model_dump_json(exclude_none=True), parse_float=Decimal)
    return row


def encode_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def encode(row: Row) -> dict[str, Any]:
    """Write values in DynamoDB's JSON."""
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in row.items()}


def encode_model(key: Key, model: BaseModel) -> dict[str, Any]:
    """Write the row of a model in DynamoDB's JSON."""
    return encode_key(key) | encode(dump(model))


def decode(item: Mapping[str, Any]) -> Row:
    """Read DynamoDB's JSON."""
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}
