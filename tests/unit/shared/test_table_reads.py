"""Reads of a table: the requests to DynamoDB, and responses that hold only a part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Contended, Throttled
from shared.table import MAX_KEYS_PER_READ, Table
from shared.transactions import Transaction
from tests.support.handlers import listen, watch
from tests.support.images import make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = [(f"IMAGE#{number}", "IMAGE") for number in range(5)]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing waits."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


@pytest.fixture
def rows(table: Table) -> dict[tuple[str, str], str]:
    """Fill the table. The ids of its images, by their keys."""
    ids = {}
    for key in KEYS:
        image = make_image()
        table.transact(Transaction().add(key, image))
        ids[key] = image.id
    return ids


def cancel(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, *errors: ClientError | None
) -> list[str]:
    """Let the first calls fail with these errors, and make the others. Returns the names of all calls."""
    left, calls = iter(errors), []
    make_call: Callable[..., Any] = dynamodb._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - to stand in between

    def call(operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        calls.append(operation)
        if error := next(left, None):
            raise error
        return make_call(operation, params)

    monkeypatch.setattr(dynamodb, "_make_api_call", call)
    return calls


def make_error(dynamodb: DynamoDBClient, name: str, *reasons: str) -> ClientError:
    response: Any = {
        "Error": {"Code": name},
        "ResponseMetadata": {"HTTPStatusCode": 400},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    error: ClientError = getattr(dynamodb.exceptions, name)(response, "Operation")
    return error


def test_row_is_read_consistently(dynamodb: DynamoDBClient, table: Table) -> None:
    calls = watch(dynamodb, "GetItem")
    assert table.get(KEYS[0]) is None
    assert [call["ConsistentRead"] for call in calls] == [True]


def test_many_rows_and_entries_are_read_consistently(dynamodb: DynamoDBClient, table: Table) -> None:
    """A caller sees their own upload at once, and nobody sees what has just been hidden."""
    batches, queries = watch(dynamodb, "BatchGetItem"), watch(dynamodb, "Query")
    table.get_many(KEYS)
    table.query_entries("P", "!", "~", descending=False, limit=5)
    assert [batch["RequestItems"]["images"]["ConsistentRead"] for batch in batches] == [True]
    assert [query["ConsistentRead"] for query in queries] == [True]


def test_time_is_that_of_dynamodb(table: Table) -> None:
    assert abs(table.read_time() - datetime.now(UTC)) < timedelta(seconds=60)


def test_batch_has_as_many_keys_as_dynamodb_takes(table: Table) -> None:
    assert MAX_KEYS_PER_READ == 100
    assert table.get_many([(f"IMAGE#{number}", "IMAGE") for number in range(100)]) == {}


@pytest.mark.parametrize("read", [Table.get_many, Table.get_together])
def test_rows_come_back_under_their_keys_without_the_missing_ones(
    table: Table, rows: dict[tuple[str, str], str], read: Callable[..., Any]
) -> None:
    found = read(table, [*KEYS[1:3], ("IMAGE#9", "IMAGE")])
    assert {key: row["id"] for key, row in found.items()} == {key: rows[key] for key in KEYS[1:3]}


def test_batch_is_asked_for_at_once_and_again_after_a_pause(
    dynamodb: DynamoDBClient, table: Table, pauses: list[float]
) -> None:
    def leave_out(parsed: dict[str, Any], **_: object) -> None:
        if len(pauses) < 3:
            parsed["UnprocessedKeys"] = {"images": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "b"}}]}}

    listen(dynamodb, "after-call.dynamodb.BatchGetItem", leave_out)
    table.get_many([("a", "b")])
    assert pauses[0] == 0
    assert len(pauses) == 3


@pytest.mark.usefixtures("rows")
def test_scan_reads_every_page(dynamodb: DynamoDBClient, table: Table) -> None:
    calls = watch(dynamodb, "Scan", Limit=2)
    pages = [[(row["pk"], row["sk"]) for row in page] for page in table.scan()]
    assert sorted(key for page in pages for key in page) == KEYS
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len(calls) == 3


@pytest.mark.usefixtures("rows")
def test_scan_goes_on_after_an_empty_page(dynamodb: DynamoDBClient, table: Table) -> None:
    watch(dynamodb, "Scan", Limit=2)
    first = iter([True])

    def empty(parsed: dict[str, Any], **_: object) -> None:
        if next(first, False):
            parsed["Items"] = []

    listen(dynamodb, "after-call.dynamodb.Scan", empty)
    assert [len(page) for page in table.scan()] == [0, 2, 1]


def test_as_many_rows_as_dynamodb_allows_are_read_in_one_call(dynamodb: DynamoDBClient, table: Table) -> None:
    keys = [(f"IMAGE#{number}", "IMAGE") for number in range(MAX_KEYS_PER_READ)]
    for key in keys:
        table.transact(Transaction().add(key, make_image()))
    calls = watch(dynamodb, "BatchGetItem")
    assert table.get_many(keys).keys() == {*keys}
    assert len(calls) == 1


def test_scan_of_an_empty_table_is_an_empty_page(table: Table) -> None:
    assert [*table.scan()] == [[]]


@pytest.mark.parametrize(
    ("low", "high", "descending", "after", "expected", "has_more"),
    [
        ("!", "~", False, None, ["a", "b"], True),
        ("!", "~", True, None, ["d", "c"], True),
        ("!", "~", False, "a", ["b", "c"], True),
        ("!", "~", True, "d", ["c", "b"], True),
        ("b", "b", False, None, ["b"], False),
        ("c", "d", False, "d", [], False),
        ("e", "~", False, None, [], False),
    ],
)
def test_entries_are_read_in_order_and_within_their_bounds(  # noqa: PLR0913, PLR0917 - they are one range
    table: Table,
    low: str,
    high: str,
    descending: bool,
    after: str | None,
    expected: list[str],
    has_more: bool,
) -> None:
    table.transact(Transaction().put_entries({("P", key): None for key in "abcd"} | {("Q", "b"): None}))
    entries, more = table.query_entries("P", low, high, descending=descending, limit=2, after=after)
    assert [key for key, _ in entries] == expected
    assert more is has_more


def test_entry_tells_when_it_ends(table: Table) -> None:
    table.transact(Transaction().put_entries({("P", "a"): None, ("P", "b"): 0, ("P", "c"): 4_000_000_000}))
    entries, _ = table.query_entries("P", "!", "~", descending=False, limit=5)
    assert entries == [("a", None), ("b", 0), ("c", 4_000_000_000)]


def test_entry_without_an_end_has_no_attribute_for_it(dynamodb: DynamoDBClient, table: Table) -> None:
    table.transact(Transaction().put_entries({("P", "a"): None}))
    assert dynamodb.scan(TableName="images")["Items"] == [{"pk": {"S": "P"}, "sk": {"S": "a"}}]


def test_rows_of_one_moment_are_read_again_while_others_write_them(
    dynamodb: DynamoDBClient,
    table: Table,
    rows: dict[tuple[str, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = make_error(dynamodb, "TransactionCanceledException", "TransactionConflict")
    calls = cancel(dynamodb, monkeypatch, error, error)
    assert table.get_together(KEYS[:1])[KEYS[0]]["id"] == rows[KEYS[0]]
    assert calls == ["TransactGetItems"] * 3


def test_rows_that_others_never_stop_writing_are_contended(
    dynamodb: DynamoDBClient, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = make_error(dynamodb, "TransactionCanceledException", "TransactionConflict")
    calls = cancel(dynamodb, monkeypatch, *[error] * 1000)
    with pytest.raises(Contended):
        table.get_together(KEYS)
    assert 5 < len(calls) < 1000


def test_throttled_read_of_one_moment_is_throttled(
    dynamodb: DynamoDBClient, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel(dynamodb, monkeypatch, make_error(dynamodb, "ProvisionedThroughputExceededException"))
    with pytest.raises(Throttled):
        table.get_together(KEYS)
