from __future__ import annotations

import pytest

from app.access.cdn import ORIGIN_SECRET_HEADER, CdnGate
from shared.errors import Forbidden

GATE = CdnGate(lambda: [b"second", b"first"])


@pytest.mark.parametrize("secret", ["first", "second"])
def test_request_with_a_valid_secret_comes_through(secret: str) -> None:
    GATE.require_passage({ORIGIN_SECRET_HEADER: secret})


@pytest.mark.parametrize("secret", ["", "third", "firs", "first ", "first,second", "FIRST", "ü", "\udcff"])
def test_request_with_another_secret_is_refused(secret: str) -> None:
    with pytest.raises(Forbidden, match="through its CDN only"):
        GATE.require_passage({ORIGIN_SECRET_HEADER: secret})


def test_request_without_a_secret_is_refused() -> None:
    with pytest.raises(Forbidden):
        GATE.require_passage({})
