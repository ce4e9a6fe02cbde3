"""Finds the trail of a user: the hash of the name in the logs, and the query that searches for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.observability import hash_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.deployment import Client

STAGES = ("AWSCURRENT", "AWSPREVIOUS")
QUERY = """\
fields @timestamp, method, route, status, code, image_id, network, as_admin
| filter message = "responded" and user in [{hashes}]
| sort @timestamp desc"""


def hash_name(client: Client, outputs: Mapping[str, str], user: str) -> list[str]:
    """Return the hashes of a user under the current key and the one before it."""
    secrets = client("secretsmanager")
    hashes = []
    for stage in STAGES:
        try:
            value = secrets.get_secret_value(SecretId=outputs["LinkSecretArn"], VersionStage=stage)
        except secrets.exceptions.ResourceNotFoundException:
            continue
        hashes.append(hash_user(user, value["SecretString"].encode()))
    return hashes


def make_query(hashes: list[str]) -> str:
    """Make a query of CloudWatch Logs Insights, for the log group of the API."""
    return QUERY.format(hashes=", ".join(f'"{found}"' for found in hashes))
