"""The parameters of the template that bound the capacity."""

from __future__ import annotations

from typing import Any

from tests.support.costs.world import get_default
from tests.support.template import get_properties, load


def get_number(parameter: str) -> float:
    """Return the default of a parameter."""
    return float(get_default(parameter))


def is_number(parameter: str) -> bool:
    """Tell if the template has such a parameter, and it is a number."""
    kind: str = load()["Parameters"].get(parameter, {}).get("Type", "")
    return kind == "Number"


def get_mapping() -> dict[str, Any]:
    """Return how the stream reaches the function behind it."""
    properties: dict[str, Any] = get_properties("ChangesFunction")["Events"]["RecordChanged"]["Properties"]
    return properties
