import pytest
from botocore.exceptions import ReadTimeoutError

from shared.aws import (
    CONNECT_TIMEOUT_SECONDS,
    MAX_ATTEMPTS,
    READ_TIMEOUT_SECONDS,
    RESERVED_SECONDS,
    Deadline,
    create_client,
)
from shared.errors import Unavailable

GATEWAY_TIMEOUT_SECONDS = 29


@pytest.mark.parametrize("service", ["dynamodb", "s3", "secretsmanager"])
def test_client_gives_up_in_time(service: str) -> None:
    config = create_client(service).meta.config  # type: ignore[call-overload] # any
    assert config.connect_timeout == CONNECT_TIMEOUT_SECONDS
    assert config.read_timeout == READ_TIMEOUT_SECONDS[service]
    assert config.retries == {"mode": "standard", "total_max_attempts": MAX_ATTEMPTS}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_try_is_begun_that_could_outlive_the_invocation() -> None:
    clock = Clock()
    deadline = Deadline(clock=clock)
    client = create_client("s3", deadline=deadline)
    client.create_bucket(Bucket="deadlines", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    longest = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS["s3"]
    deadline.start(RESERVED_SECONDS + longest)
    client.list_buckets()
    clock.now += 0.1
    with pytest.raises(Unavailable):
        client.list_buckets()


def test_slow_services_take_no_longer_than_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    deadline = Deadline(clock=clock)
    client = create_client("s3", deadline=deadline)

    def time_out(**_: object) -> None:
        clock.now += CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS["s3"]
        raise ReadTimeoutError(endpoint_url="")

    client.meta.events.register("before-send", time_out)
    monkeypatch.setattr("time.sleep", lambda seconds: setattr(clock, "now", clock.now + seconds))
    deadline.start(GATEWAY_TIMEOUT_SECONDS)
    begun = clock.now
    while True:
        try:
            client.list_buckets()
        except ReadTimeoutError:
            continue
        except Unavailable:
            break
    assert 20 < clock.now - begun <= GATEWAY_TIMEOUT_SECONDS - RESERVED_SECONDS


def test_invocation_begins_anew() -> None:
    clock = Clock()
    deadline = Deadline(clock=clock)
    deadline.start(1)
    with pytest.raises(Unavailable):
        deadline.require(1)
    deadline.start(10)
    deadline.require(1)
