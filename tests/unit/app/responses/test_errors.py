from http import HTTPStatus

import pytest

from app.responses.errors import MethodNotAllowed, get_status
from shared import errors
from shared.errors import DomainError

KINDS: list[type[DomainError]] = [
    MethodNotAllowed,
    *(kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DomainError)),
]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not DomainError])
def test_every_error_of_the_domain_has_a_status_and_a_code(kind: type[DomainError]) -> None:
    assert HTTPStatus.BAD_REQUEST <= get_status(kind) <= HTTPStatus.GATEWAY_TIMEOUT
    assert kind.code.replace("_", "").islower()


def test_codes_are_told_apart() -> None:
    codes = [kind.code for kind in KINDS if kind is not DomainError]
    assert len(codes) == len(set(codes))
