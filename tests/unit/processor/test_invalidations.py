from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from processor import invalidations
from shared.errors import Throttled
from tests.support.api import make_context
from tests.support.clock import assert_calls_end_in_time
from tests.support.factories import forgetting

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Spy:
    """Stands in for the invalidator."""

    error: Exception | None = None
    messages: list[Any] = field(default_factory=list)

    def invalidate(self, messages: list[Any]) -> None:
        if self.error:
            raise self.error
        self.messages += messages


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DISTRIBUTION_ID", "E1")
    monkeypatch.setenv("CDN_INVALIDATION_PATHS", "5")
    with forgetting(invalidations.create_invalidator, invalidations.get_deadline):
        yield


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(invalidations, "create_invalidator", lambda: spy)
    return spy


def test_all_messages_of_a_batch_are_one_invalidation(spy: Spy) -> None:
    invalidations.lambda_handler({"Records": ["first", "second"]}, make_context())
    assert spy.messages == ["first", "second"]


def test_batch_that_failed_comes_again(spy: Spy) -> None:
    spy.error = Throttled()
    with pytest.raises(Throttled):
        invalidations.lambda_handler({"Records": ["first"]}, make_context())


def test_no_call_outlives_the_invocation(monkeypatch: pytest.MonkeyPatch, spy: Spy) -> None:
    del spy
    assert_calls_end_in_time(
        monkeypatch,
        "processor.invalidations",
        lambda: invalidations.lambda_handler({"Records": []}, make_context()),
    )


def test_invalidator_has_the_distribution_and_the_bound_of_the_stack() -> None:
    made = invalidations.create_invalidator()
    assert (made.distribution_id, made.max_paths) == ("E1", 5)
