"""How this service talks to AWS: one client configuration, and one translation of its errors."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as AwsConnectionError

from shared.errors import Throttled, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = {"dynamodb": 2, "s3": 3, "secretsmanager": 1}
MAX_ATTEMPTS = 3  # with these timeouts, a request that meets dead services ends within API Gateway's 29 s

_PASSING_CODES = {
    "ConditionalRequestConflict",
    "OperationAborted",
    "RequestTimeout",
}
_THROTTLING_CODES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ThrottlingException",
}


@overload
def create_client(service: Literal["dynamodb"], endpoint_url: str | None = None) -> DynamoDBClient: ...
@overload
def create_client(service: Literal["s3"], endpoint_url: str | None = None) -> S3Client: ...
@overload
def create_client(
    service: Literal["secretsmanager"], endpoint_url: str | None = None
) -> SecretsManagerClient: ...
def create_client(
    service: Literal["dynamodb", "s3", "secretsmanager"], endpoint_url: str | None = None
) -> Any:
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS[service],
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path" if endpoint_url else "auto"} if service == "s3" else None,
    )
    return boto3.client(service, endpoint_url=endpoint_url, config=config)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what passes by itself into Throttled or Unavailable. Anything else is our fault and stays."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in _THROTTLING_CODES:
            raise Throttled from error
        if code in _PASSING_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable from error
        raise
    except (HTTPClientError, AwsConnectionError, IncompleteReadError) as error:
        raise Unavailable from error
