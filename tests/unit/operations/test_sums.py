from __future__ import annotations

from operations.sums import Sums


def test_sums_hold_a_bounded_number_of_keys() -> None:
    sums = Sums[int](("", ""), max_keys=3)
    for number in [7, 1, 5, 3, 9, 2, 8, 4, 6, 0] * 2:
        sums.add((f"USER#{number}", "USAGE"), 1)
        assert len(sums.by_key) <= 6
    sums.cut()
    assert sums.by_key == {(f"USER#{number}", "USAGE"): 2 for number in range(3)}
    assert sums.last == ("USER#2", "USAGE")
    rest = Sums[int](sums.last, max_keys=10)
    for number in range(10):
        rest.add((f"USER#{number}", "USAGE"), 1)
    rest.cut()
    assert [key for key, _ in rest.by_key] == [f"USER#{number}" for number in range(3, 10)]
    assert rest.last is None
