"""AWS clients: one configuration for all, and one translation of their errors."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as AwsConnectionError

from shared.errors import Throttled, Unavailable
from shared.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

    from shared.metrics import Metrics

    type Service = Literal["cloudfront", "dynamodb", "events", "s3", "secretsmanager", "sqs", "ssm", "sts"]

CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = {
    "cloudfront": 5,
    "dynamodb": 2,
    "events": 2,
    "s3": 3,
    "secretsmanager": 1,
    "sqs": 2,
    "ssm": 1,
    "sts": 1,
}
MAX_ATTEMPTS = 3

RESERVED_SECONDS = 1  # to respond and to log

TEMPORARY_CODES = {
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
}
THROTTLING_CODES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyInvalidationsInProgress",
}
THROTTLING_REASONS = {"ThrottlingError", "ProvisionedThroughputExceeded"}
"""For which DynamoDB cancels a transaction."""
CONFLICT_REASON = "TransactionConflict"
CONFLICT_CODE = f"{CONFLICT_REASON}Exception"
"""A transaction holds the row of a single write."""


class Credentials(TypedDict):
    """Temporary credentials, as boto3 takes them."""

    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


class Deadline:
    """The end of an invocation. No call begins that could outlive it: a killed function cannot respond."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = float("inf")

    def start(self, seconds: float) -> None:
        """Begin an invocation that may take so many seconds."""
        self._end = self._clock() + seconds - RESERVED_SECONDS

    def get_seconds(self) -> float:
        """Return how many seconds are left."""
        return self._end - self._clock()

    def require(self, seconds: float) -> None:
        """Raises Unavailable if fewer seconds are left."""
        if seconds > self.get_seconds():
            raise Unavailable("The service is too slow at the moment. Try again soon.")


@overload
def create_client(
    service: Literal["cloudfront"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> CloudFrontClient: ...
@overload
def create_client(
    service: Literal["dynamodb"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> DynamoDBClient: ...
@overload
def create_client(
    service: Literal["events"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> EventBridgeClient: ...
@overload
def create_client(
    service: Literal["s3"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
    credentials: Credentials | None = None,
) -> S3Client: ...
@overload
def create_client(
    service: Literal["secretsmanager"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> SecretsManagerClient: ...
@overload
def create_client(
    service: Literal["sqs"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> SQSClient: ...
@overload
def create_client(
    service: Literal["ssm"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> SSMClient: ...
@overload
def create_client(
    service: Literal["sts"],
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
) -> STSClient: ...
def create_client(
    service: Service,
    endpoint_url: str | None = None,
    *,
    deadline: Deadline | None = None,
    metrics: Metrics | None = None,
    credentials: Credentials | None = None,
) -> Any:
    """Make a client. `deadline` keeps every try of every call within the invocation. `metrics` counts calls
    that AWS throttles, cancels for a conflict, or gets again.

    Without `credentials` it has those of the function.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS[service],
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path" if endpoint_url else "auto"} if service == "s3" else None,
    )
    options: Mapping[str, Any] = credentials or {}
    client = boto3.client(service, endpoint_url=endpoint_url, config=config, **options)
    if deadline:
        longest = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS[service]
        client.meta.events.register_first("before-send", lambda **_: deadline.require(longest))
    if metrics and metrics.is_on:
        client.meta.events.register("after-call", lambda parsed, **_: note_call(metrics, parsed))
    return client


def note_call(metrics: Metrics, parsed: Mapping[str, Any]) -> None:
    """Count what is unusual about the response to a call."""
    codes = {parsed.get("Error", {}).get("Code")}
    codes |= {reason.get("Code") for reason in parsed.get("CancellationReasons", [])}
    if codes & (THROTTLING_CODES | THROTTLING_REASONS):
        metrics.add(Metric.THROTTLES)
    if codes & {CONFLICT_CODE, CONFLICT_REASON}:
        metrics.add(Metric.CONFLICTS)
    if retries := parsed.get("ResponseMetadata", {}).get("RetryAttempts"):
        metrics.add(Metric.RETRIES, retries)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn temporary errors into Throttled or Unavailable. Other errors are our fault and pass unchanged."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in THROTTLING_CODES:
            raise Throttled from error
        if code in TEMPORARY_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable from error
        raise
    except (HTTPClientError, AwsConnectionError, IncompleteReadError) as error:
        raise Unavailable from error
