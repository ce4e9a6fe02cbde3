"""The engine's transactions: what they hold while they last, and how it knows them by their tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import Clock
from tests.support.engine import add, ask, check, delete, get, make_key, put, read, refuse, total

if TYPE_CHECKING:
    from tests.support.dynamodb.engine import Engine

THREADS = 8


@pytest.fixture(autouse=True)
def _tables(dynamodb: object) -> None:
    del dynamodb  # its tables are there


class Pause:
    """Lets a test do something while a transaction lasts, in the same thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: list[Any] = []

    def during(self, transaction: dict[str, Any], *requests: tuple[str, dict[str, Any]]) -> list[Any]:
        """Return the answers to these requests."""
        answers: list[tuple[int, dict[str, Any]]] = []

        def respond() -> float:
            self.engine.transaction_seconds = 0
            answers.extend(self.engine.respond(*request) for request in requests)
            return 0

        self.engine.transaction_seconds = respond
        ask(self.engine, "TransactWriteItems", transaction)
        return answers


@pytest.fixture
def pause(engine: Engine) -> Pause:
    return Pause(engine)


def transact(*actions: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    return {"TransactItems": [*actions], **({"ClientRequestToken": name} if name else {})}


@pytest.mark.parametrize("action", [put("a"), add("a"), delete("a"), check("a")])
def test_transaction_cancels_another_one_with_its_row(pause: Pause, action: dict[str, Any]) -> None:
    other = ("TransactWriteItems", transact(put("b"), action, put("c")))
    ((status, body),) = pause.during(transact(put("z"), put("a")), other)
    assert status == 400
    assert body["__type"].endswith("#TransactionCanceledException")
    assert [reason["Code"] for reason in body["CancellationReasons"]] == [
        "None",
        "TransactionConflict",
        "None",
    ]


def test_condition_check_holds_its_row_too(engine: Engine, pause: Pause) -> None:
    ask(engine, "PutItem", put("a")["Put"])
    ((status, _),) = pause.during(transact(check("a")), ("TransactWriteItems", transact(check("a"))))
    assert status == 400


def test_transaction_cancels_consistent_reads_of_its_rows(pause: Pause) -> None:
    reads = transact({"Get": read("a")}, {"Get": read("b")})
    ((_, body),) = pause.during(transact(put("a")), ("TransactGetItems", reads))
    assert [reason["Code"] for reason in body["CancellationReasons"]] == ["TransactionConflict", "None"]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [("PutItem", put("a")["Put"]), ("UpdateItem", add("a")["Update"]), ("DeleteItem", delete("a")["Delete"])],
)
def test_transaction_refuses_single_writes(pause: Pause, operation: str, request_: dict[str, Any]) -> None:
    ((status, body),) = pause.during(transact(put("a")), (operation, request_))
    assert status == 400
    assert body["__type"].endswith("#TransactionConflictException")


def test_batch_leaves_held_rows_for_later(engine: Engine, pause: Pause) -> None:
    requests = [{"PutRequest": {"Item": put(sort, n=2)["Put"]["Item"]}} for sort in "ab"]
    batch = ("BatchWriteItem", {"RequestItems": {"images": requests}})
    ((_, body),) = pause.during(transact(put("a")), batch)
    assert body["UnprocessedItems"] == {"images": requests[:1]}
    assert get(engine, "b") is not None


def test_reads_see_what_was_before_while_a_transaction_lasts(engine: Engine, pause: Pause) -> None:
    ask(engine, "PutItem", put("a", n=1)["Put"])
    keys = {"RequestItems": {"images": {"Keys": [make_key("a")]}}}
    query = {
        "TableName": "images",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
    }
    single, batch, page = pause.during(
        transact(put("a", n=2)), ("GetItem", read("a")), ("BatchGetItem", keys), ("Query", query)
    )
    old = put("a", n=1)["Put"]["Item"]
    assert single[1]["Item"] == old
    assert batch[1]["Responses"]["images"] == page[1]["Items"] == [old]
    assert get(engine, "a") == put("a", n=2)["Put"]["Item"]


def test_rows_are_free_after_a_transaction(engine: Engine, pause: Pause) -> None:
    pause.during(transact(put("a")))
    ask(engine, "UpdateItem", add("a")["Update"])


def test_cancelled_transaction_writes_nothing_and_holds_nothing(engine: Engine, pause: Pause) -> None:
    failing = transact(put("a"), check("b"))
    ((status, _),) = pause.during(transact(put("z")), ("TransactWriteItems", failing))
    assert status == 400
    assert get(engine, "a") is None
    ask(engine, "PutItem", put("a")["Put"])


def test_broken_transaction_holds_nothing(engine: Engine) -> None:
    def fail() -> float:
        raise RuntimeError

    engine.transaction_seconds = fail
    with pytest.raises(RuntimeError):
        ask(engine, "TransactWriteItems", transact(put("a"), name="t"))
    engine.transaction_seconds = 0
    ask(engine, "TransactWriteItems", transact(put("a"), name="t"))


def test_parallel_transactions_lose_no_count(engine: Engine) -> None:
    """All begin while the first one lasts: those that conflict are cancelled, and counted by nobody."""
    engine.transaction_seconds = 0.002
    barrier = Barrier(THREADS)

    def count() -> int:
        barrier.wait()
        answers = [engine.respond("TransactWriteItems", transact(add("a"), add("b"))) for _ in range(20)]
        return sum(status == 200 for status, _ in answers)

    with ThreadPoolExecutor(THREADS) as pool:
        counted = sum(each.result() for each in [pool.submit(count) for _ in range(THREADS)])
    assert 0 < counted < THREADS * 20
    assert [get(engine, sort)["n"] for sort in "ab"] == [{"N": str(counted)}] * 2


def test_others_go_on_while_a_transaction_lasts(engine: Engine) -> None:
    begun, may_end = Event(), Event()

    def last() -> float:
        begun.set()
        assert may_end.wait(10)
        return 0

    engine.transaction_seconds = last
    with ThreadPoolExecutor(1) as pool:
        transaction = pool.submit(ask, engine, "TransactWriteItems", transact(put("a")))
        assert begun.wait(10)
        ask(engine, "PutItem", put("b")["Put"])
        assert get(engine, "a") is None
        may_end.set()
        transaction.result()
    assert get(engine, "a") is not None


def test_same_token_writes_once_and_costs_reads(engine: Engine) -> None:
    call = transact(add("a"), name="t") | {"ReturnConsumedCapacity": "TOTAL"}
    first, second = (ask(engine, "TransactWriteItems", call)["ConsumedCapacity"] for _ in range(2))
    assert get(engine, "a")["n"] == {"N": "1"}
    assert first == [{"TableName": "images", "CapacityUnits": 2, "WriteCapacityUnits": 2}]
    assert second == [{"TableName": "images", "CapacityUnits": 2, "ReadCapacityUnits": 2}]
    assert total(engine, "TransactWriteItems") == (2, 2)


def test_same_token_with_another_body_is_refused(engine: Engine) -> None:
    ask(engine, "TransactWriteItems", transact(add("a"), name="t"))
    code = refuse(engine, "TransactWriteItems", transact(add("b"), name="t"))
    assert code == "IdempotentParameterMismatchException"


def test_same_token_is_refused_while_the_first_call_lasts(pause: Pause) -> None:
    call = transact(add("a"), name="t")
    ((_, body),) = pause.during(call, ("TransactWriteItems", call))
    assert body["__type"].endswith("#TransactionInProgressException")


def test_token_of_a_cancelled_transaction_may_be_used_again(engine: Engine) -> None:
    call = transact(check("a"), name="t")
    assert refuse(engine, "TransactWriteItems", call) == "TransactionCanceledException"
    ask(engine, "PutItem", put("a")["Put"])
    ask(engine, "TransactWriteItems", call)


@pytest.mark.parametrize(("seconds", "times"), [(600, 1), (601, 2)])
def test_token_counts_for_ten_minutes(engine: Engine, seconds: float, times: int) -> None:
    clock = Clock()
    engine.clock = clock
    ask(engine, "TransactWriteItems", transact(add("a"), name="t"))
    clock.advance(seconds)
    ask(engine, "TransactWriteItems", transact(add("a"), name="t"))
    assert get(engine, "a")["n"] == {"N": str(times)}


def test_failed_condition_shows_the_item_if_asked(engine: Engine) -> None:
    item = put("a", n=7)["Put"]["Item"]
    ask(engine, "PutItem", put("a", n=7)["Put"])
    wish = {"ConditionExpression": "n > n2", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    _, single = engine.respond("PutItem", put("a")["Put"] | wish)
    _, many = engine.respond("TransactWriteItems", transact(put("b"), {"Put": put("a")["Put"] | wish}))
    assert single["Item"] == item
    assert many["CancellationReasons"][1]["Item"] == item
    assert many["CancellationReasons"][0] == {"Code": "None"}
