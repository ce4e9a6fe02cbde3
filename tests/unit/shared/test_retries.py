from __future__ import annotations

import random

import pytest

from shared.retries import make_pauses

LONGEST_PAUSES = [0, 0.05, 0.1, 0.2, 0.4, *[0.8] * 10]


@pytest.mark.parametrize("luck", [0.0, 1.0])
def test_pauses_double_and_end_after_8_seconds(monkeypatch: pytest.MonkeyPatch, luck: float) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: low + luck * (high - low))
    made = [*make_pauses()]
    if luck:
        assert [round(pause, 9) for pause in made] == LONGEST_PAUSES
        assert 8 <= sum(made) < 9
    else:
        assert made == [0] * (1 + round(8 / 0.025))  # each counts for something, so that they end


def test_pauses_are_spread_by_chance() -> None:
    assert len({tuple(make_pauses()) for _ in range(5)}) == 5
