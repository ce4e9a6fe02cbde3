from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from shared import aws
from shared.aws import Deadline, create_client, translate_errors
from shared.errors import Throttled, Unavailable
from tests.support.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

GATEWAY_TIMEOUT_SECONDS = 29
READ_TIMEOUTS = {
    "cloudfront": 5,
    "dynamodb": 2,
    "events": 2,
    "s3": 3,
    "secretsmanager": 1,
    "sqs": 2,
    "ssm": 1,
    "sts": 1,
}
create_any: Callable[..., Any] = create_client


@pytest.mark.parametrize("service", READ_TIMEOUTS)
def test_client_gives_up_in_time(service: str) -> None:
    config = create_any(service).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, READ_TIMEOUTS[service])
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_constants_are_those_of_the_clients() -> None:
    """Tests and benchmarks count with them."""
    assert (aws.CONNECT_TIMEOUT_SECONDS, aws.READ_TIMEOUT_SECONDS, aws.MAX_ATTEMPTS) == (1, READ_TIMEOUTS, 3)
    assert aws.RESERVED_SECONDS == 1


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (None, "https://bucket.s3.amazonaws.com/key?"),
        ("http://localhost:4566", "http://localhost:4566/bucket/key?"),
    ],
)
def test_bucket_is_in_the_host_on_aws_and_in_the_path_elsewhere(endpoint: str | None, url: str) -> None:
    signed = create_client("s3", endpoint).generate_presigned_url(
        "get_object", Params={"Bucket": "bucket", "Key": "key"}
    )
    assert signed.startswith(url)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in signed


@pytest.mark.parametrize("service", READ_TIMEOUTS)
def test_client_calls_the_endpoint_that_it_is_given(service: str) -> None:
    assert create_any(service, "http://localhost:4566").meta.endpoint_url == "http://localhost:4566"
    assert create_any(service).meta.endpoint_url.endswith("amazonaws.com")


@pytest.mark.parametrize(
    ("service", "operation", "seconds"),
    [("dynamodb", "list_tables", 3), ("s3", "list_buckets", 4), ("secretsmanager", "list_secrets", 2)],
)
def test_try_begins_only_if_the_longest_one_would_end_in_time(
    service: str, operation: str, seconds: int
) -> None:
    clock = Clock()
    deadline = Deadline(clock=clock)
    call: Callable[[], object] = getattr(create_any(service, deadline=deadline), operation)
    deadline.start(seconds + 1)  # the last second is for the response
    call()
    clock.advance(0.1)
    with pytest.raises(Unavailable, match="too slow"):
        call()


def test_slow_services_take_no_longer_than_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    deadline = Deadline(clock=clock)
    client = create_client("s3", deadline=deadline)

    def time_out(**_: object) -> None:
        clock.advance(4)
        raise ReadTimeoutError(endpoint_url="")

    client.meta.events.register("before-send", time_out)
    monkeypatch.setattr("time.sleep", clock.advance)
    deadline.start(GATEWAY_TIMEOUT_SECONDS)
    begun = clock.now
    while True:
        try:
            client.list_buckets()
        except ReadTimeoutError:
            continue
        except Unavailable:
            break
    assert 20 < clock.now - begun <= GATEWAY_TIMEOUT_SECONDS - 1


def test_each_invocation_has_its_own_time() -> None:
    deadline = Deadline(clock=Clock())
    deadline.require(10**9)  # none has begun yet
    deadline.start(1)
    with pytest.raises(Unavailable):
        deadline.require(1)
    deadline.start(10)
    deadline.require(9)
    with pytest.raises(Unavailable):
        deadline.require(9.1)


def make_error(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (make_error("ProvisionedThroughputExceededException", 400), Throttled),
        (make_error("RequestLimitExceeded", 400), Throttled),
        (make_error("SlowDown", 503), Throttled),
        (make_error("ThrottlingException", 400), Throttled),
        (make_error("ConditionalRequestConflict", 409), Unavailable),
        (make_error("OperationAborted", 409), Unavailable),
        (make_error("RequestTimeout", 400), Unavailable),
        (make_error("InternalServerError", 500), Unavailable),
        (make_error("ServiceUnavailable", 503), Unavailable),
        (ConnectTimeoutError(endpoint_url=""), Unavailable),
        (ReadTimeoutError(endpoint_url=""), Unavailable),
        (ConnectionClosedError(endpoint_url=""), Unavailable),
        (EndpointConnectionError(endpoint_url="", error=""), Unavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Unavailable),
        (make_error("ValidationException", 400), ClientError),
        (make_error("AccessDeniedException", 403), ClientError),
        (make_error("NoSuchKey", 404), ClientError),
        (make_error("Odd", 499), ClientError),
        (ParamValidationError(report=""), ParamValidationError),
        (NoCredentialsError(), NoCredentialsError),
        (ValueError(), ValueError),
    ],
    ids=str,
)
def test_errors_that_may_pass_are_told_from_our_mistakes(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(Exception) as raised, translate_errors():  # noqa: PT011 - the type is compared below
        raise error
    assert type(raised.value) is expected
    assert error in (raised.value, raised.value.__cause__)


def test_seconds_that_are_left_become_fewer() -> None:
    clock = Clock()
    deadline = Deadline(clock=clock)
    assert deadline.get_seconds() == float("inf")
    deadline.start(29)
    clock.now += 8
    assert deadline.get_seconds() == 20
