"""Attribute values as DynamoDB accepts, stores and compares them. Sets are kept in order."""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tests.support.dynamodb.errors import invalid, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Value = dict[str, Any]
type Item = dict[str, Value]
type Sortable = str | bytes | Decimal
"""A value of a key, as Python compares it."""

MAX_DEPTH = 32
MAX_DIGITS = 38
MAX_EXPONENT, MIN_EXPONENT = 125, -130
SETS = {"SS": "S", "NS": "N", "BS": "B"}
ORDERED = {"S", "N", "B"}

_PLAIN = re.compile(r"0|-?[1-9][0-9]{0,37}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ARITHMETIC = Context(prec=1000)


def normalise_item(item: Mapping[str, Value]) -> Item:
    """Return the item as it is stored. Raises Refusal."""
    return {name: normalise(value) for name, value in item.items()}


def normalise(value: Value, depth: int = 0) -> Value:
    """Return a value as it is stored. Raises Refusal."""
    if len(value) != 1:
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the"
            " supported datatypes"
            if value
            else "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    ((kind, content),) = value.items()
    if kind not in _NORMALISERS:
        raise invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    if depth > MAX_DEPTH:
        raise invalid("Nesting Levels have exceeded supported limits")
    return {kind: _NORMALISERS[kind](content, depth)}


def normalise_number(text: str) -> str:
    """Write a number without zeros at its ends and without an exponent."""
    if _PLAIN.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text.strip()):
        raise invalid(
            f"The parameter cannot be converted to a numeric value: {text}"
            if text
            else "The parameter cannot be converted to a numeric value"
        )
    try:
        return _write_number(Decimal(text))
    except InvalidOperation:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        ) from None


def add_numbers(left: str, right: str, sign: int = 1) -> str:
    return _write_number(_ARITHMETIC.add(Decimal(left), sign * Decimal(right)))


def to_sortable(value: Value) -> Sortable:
    """Return what orders values of this type. Texts are ordered by their bytes in UTF-8, as Python does."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return Decimal(content)
        case "B":
            return base64.b64decode(content)
        case _:
            return str(content)


def make_set(kind: str, elements: set[str]) -> Value:
    """Return a set of this type in order."""
    return {kind: sorted(elements, key=_ORDERS[SETS[kind]])}


def get_kind(value: Value) -> str:
    return next(iter(value))


def _write_number(number: Decimal) -> str:
    if not number:
        return "0"
    sign, digits, _ = number.as_tuple()
    significant = len("".join(map(str, digits)).strip("0"))
    if significant > MAX_DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    if number.adjusted() > MAX_EXPONENT:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if number.adjusted() < MIN_EXPONENT:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    text = f"{abs(number):f}"
    text = text.lstrip("0")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("-" if sign else "") + (f"0{text}" if text.startswith(".") else text)


def _keep_text(content: Any, _: int) -> str:  # noqa: ANN401 - JSON
    if not isinstance(content, str):
        raise invalid("Expected a text")
    return content


def _normalise_number(content: Any, _: int) -> str:  # noqa: ANN401 - JSON
    return normalise_number(_keep_text(content, 0))


def _normalise_binary(content: Any, _: int) -> str:  # noqa: ANN401 - JSON
    try:
        return base64.b64encode(base64.b64decode(content, validate=True)).decode()
    except binascii.Error:
        raise invalid("Invalid base64") from None


def _keep_bool(content: Any, _: int) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(content, bool):
        raise invalid("Expected a boolean")
    return content


def _keep_null(content: Any, _: int) -> bool:  # noqa: ANN401 - JSON
    if content is not True:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return True


def _normalise_list(content: list[Value], depth: int) -> list[Value]:
    return [normalise(element, depth + 1) for element in content]


def _normalise_map(content: Mapping[str, Value], depth: int) -> Item:
    return {name: normalise(element, depth + 1) for name, element in content.items()}


def _make_set_normaliser(kind: str) -> Callable[[Any, int], list[str]]:
    def normalise_set(content: list[str], _: int) -> list[str]:
        if not content:
            raise invalid_parameter("An set may not be empty")
        elements = [_NORMALISERS[SETS[kind]](element, 0) for element in content]
        if len(elements) > len(set(elements)):
            raise invalid_parameter(f"Input collection [{', '.join(content)}] contains duplicates.")
        return sorted(elements, key=_ORDERS[SETS[kind]])

    return normalise_set


_NORMALISERS: dict[str, Callable[[Any, int], Any]] = {
    "S": _keep_text,
    "N": _normalise_number,
    "B": _normalise_binary,
    "BOOL": _keep_bool,
    "NULL": _keep_null,
    "L": _normalise_list,
    "M": _normalise_map,
    **{kind: _make_set_normaliser(kind) for kind in SETS},
}
_ORDERS: dict[str, Callable[[str], Any]] = {"S": str, "N": Decimal, "B": base64.b64decode}
