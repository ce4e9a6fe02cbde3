"""Moto, started once and emptied for each test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.serialize import XFormedAttributePicker

if TYPE_CHECKING:
    from collections.abc import Iterator

_find_keys = XFormedAttributePicker.get_possible_keys


@contextmanager
def run_emulator() -> Iterator[None]:
    # A new session of boto3 would load the models of all services again.
    with (
        mock_aws(config={"core": {"reset_boto3_session": False}}),
        patch.object(XFormedAttributePicker, "get_possible_keys", _list_keys),
    ):
        yield


def empty_emulator() -> None:
    BackendDict.reset()
    reset_model_data()


def _list_keys(picker: XFormedAttributePicker, context: Any) -> Iterator[str]:  # noqa: ANN401 - moto's
    """Moto looks for each of the ten types of a value under ten names: half the time of its DynamoDB."""
    if context.shape.parent.name == "AttributeValue":
        yield context.key
    else:
        yield from _find_keys(picker, context)
