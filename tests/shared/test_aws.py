import pytest

from shared.aws import CONNECT_TIMEOUT_SECONDS, MAX_ATTEMPTS, READ_TIMEOUT_SECONDS, create_client

GATEWAY_TIMEOUT_SECONDS = 29


@pytest.mark.parametrize("service", ["dynamodb", "s3", "secretsmanager"])
def test_client_gives_up_in_time(service: str) -> None:
    config = create_client(service).meta.config  # type: ignore[call-overload] # any
    assert config.connect_timeout == CONNECT_TIMEOUT_SECONDS
    assert config.read_timeout == READ_TIMEOUT_SECONDS[service]
    assert config.retries == {"mode": "standard", "total_max_attempts": MAX_ATTEMPTS}


def test_request_that_meets_dead_services_alone_ends_before_the_gateway_does() -> None:
    worst = sum((CONNECT_TIMEOUT_SECONDS + read) * MAX_ATTEMPTS for read in READ_TIMEOUT_SECONDS.values())
    assert worst < GATEWAY_TIMEOUT_SECONDS
