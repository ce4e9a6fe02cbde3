from __future__ import annotations

from typing import Any

import pytest

from operations.trail import hash_name, make_query
from shared.aws import create_client
from shared.observability import hash_user


def make_client(service: str) -> Any:  # noqa: ANN401 - as boto3.client
    return create_client("secretsmanager") if service == "secretsmanager" else None


@pytest.mark.usefixtures("dynamodb")
def test_user_is_found_under_the_key_of_now_and_the_one_before() -> None:
    secrets = create_client("secretsmanager")
    secrets.create_secret(Name="links", SecretString="old")
    outputs = {"LinkSecretArn": "links"}
    assert hash_name(make_client, outputs, "ann") == [hash_user("ann", b"old")]
    secrets.put_secret_value(SecretId="links", SecretString="new")
    assert hash_name(make_client, outputs, "ann") == [hash_user("ann", b"new"), hash_user("ann", b"old")]


def test_query_names_every_hash() -> None:
    assert 'user in ["a", "b"]' in make_query(["a", "b"])
