"""Moto, started once and emptied for each test."""

from __future__ import annotations

import os
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import XFormedAttributePicker
from moto.dynamodb.models import dynamodb_backends

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


def copy_tables() -> dict[str, Any]:
    """Return the tables that there are, so that later tests need not create them again."""
    return deepcopy(_get_backend().tables)


def restore_tables(tables: dict[str, Any]) -> None:
    _get_backend().tables.update(deepcopy(tables))


def _get_backend() -> Any:  # noqa: ANN401 - moto's
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]]


def _list_keys(picker: XFormedAttributePicker, context: Any) -> Iterator[str]:  # noqa: ANN401 - moto's
    """Moto looks for each of the ten types of a value under ten names: half the time of its DynamoDB."""
    if context.shape.parent.name == "AttributeValue":
        yield context.key
    else:
        yield from _find_keys(picker, context)
