from __future__ import annotations

from shared.transactions import ConditionFailed, Transaction
from tests.support.images import make_image


class Taken(Exception):
    """The failure of one write among others."""


def test_transaction_is_as_long_as_the_number_of_its_writes() -> None:
    transaction = Transaction()
    assert len(transaction) == 0
    transaction.put_entries({("P", "1"): None, ("P", "2"): 5}).delete_entries([("P", "3")])
    transaction.add(("A", "A"), make_image()).require(("B", "B"), version=None)
    assert len(transaction) == 5
    kinds = [next(iter(write)) for write in transaction.make_writes("images")]
    assert kinds == ["Put", "Put", "Delete", "Put", "ConditionCheck"]


def test_every_write_names_its_table() -> None:
    writes = Transaction().delete_entries([("P", "1"), ("P", "2")]).make_writes("images")
    assert [write["Delete"]["TableName"] for write in writes] == ["images", "images"]


def test_failure_of_a_write_is_that_of_its_kind() -> None:
    assert isinstance(Transaction().delete(("A", "A"), version=1).make_failure(0), ConditionFailed)
    assert ConditionFailed({"a": 1}).row == {"a": 1}
    assert ConditionFailed().row is None
