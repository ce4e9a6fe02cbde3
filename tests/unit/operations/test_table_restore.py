"""The restore of the tables. moto restores a table; that of the erased is in the e2e test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.console import Problem
from operations.table_restore import TableRestore, name_restored

if TYPE_CHECKING:
    from shared.table import Table

AT = datetime(2026, 11, 27, 10, 0, 5, tzinfo=UTC)
MADE_AT = datetime(2026, 11, 27, 11, tzinfo=UTC)
OUTPUTS = {"ImagesTableName": "images", "ItemsTableName": "items", "BucketName": "bucket"}
TARGETS = {"images": "images-at-20261127-100005", "items": "items-at-20261127-100005"}


class FakeDynamoDB:
    """The administration of tables. A restore takes some looks."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.refusal = ""

    def restore_table_to_point_in_time(self, **parameters: Any) -> None:  # noqa: ANN401 - of the call
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "RestoreTableToPointInTime")
        assert parameters["RestoreDateTime"] == AT
        self._note("restore", parameters["TargetTableName"])
        self.tables[parameters["TargetTableName"]] = {"waits": 2, "of": parameters["SourceTableName"]}

    def describe_table(self, **parameters: Any) -> Any:  # noqa: ANN401 - of the call
        name = parameters["TableName"]
        if name not in self.tables:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "DescribeTable"
            )
        table = self.tables[name]
        status = "CREATING" if table["waits"] else "ACTIVE"
        table["waits"] = max(0, table["waits"] - 1)
        stream = {"LatestStreamArn": f"{name}/stream"} if "StreamSpecification" in table else {}
        return {"Table": {**table, "TableStatus": status, "CreationDateTime": MADE_AT} | stream}

    def describe_time_to_live(self, **parameters: Any) -> Any:  # noqa: ANN401 - of the call
        has_expiry = "TimeToLiveSpecification" in self.tables[parameters["TableName"]]
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED" if has_expiry else "DISABLED"}}

    def update_time_to_live(self, **parameters: Any) -> None:  # noqa: ANN401 - of the call
        self._update("expiry", **parameters)

    def update_continuous_backups(self, **parameters: Any) -> None:  # noqa: ANN401 - of the call
        self._update("backups", **parameters)

    def update_table(self, **parameters: Any) -> None:  # noqa: ANN401 - of the call
        self._update("stream" if "StreamSpecification" in parameters else "protection", **parameters)

    def _update(self, call: str, **parameters: Any) -> None:  # noqa: ANN401 - of the call
        name = parameters.pop("TableName")
        assert not self.tables[name]["waits"]
        self._note(call, name)
        self.tables[name] |= parameters

    def _note(self, call: str, name: str) -> None:
        self.calls.append((call, name))


class Registry:
    """Notes whose table loses again what was erased."""

    def __init__(self) -> None:
        self.tables: list[str] = []

    def erase_again(self) -> list[str]:
        return ["ann"]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()

    def make_registry(client: object, outputs: dict[str, str]) -> Registry:
        del client
        registry.tables.append(outputs["ImagesTableName"])
        assert outputs["BucketName"] == "bucket"
        return registry

    monkeypatch.setattr("operations.table_restore.make_registry", make_registry)
    return registry


@pytest.fixture(autouse=True)
def raised(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime]]:
    """The tables whose records got higher versions."""
    raised: list[tuple[str, datetime]] = []

    def raise_versions(table: Table, restored_at: datetime) -> int:
        raised.append((table.name, restored_at))
        return 3

    monkeypatch.setattr("operations.table_restore.raise_versions", raise_versions)
    return raised


@pytest.fixture(autouse=True)
def passed_over(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The tables whose next revisions come after those of others."""
    passed_over: list[tuple[str, str]] = []

    def raise_revisions(old: Table, restored: Table) -> int:
        passed_over.append((old.name, restored.name))
        return 0

    monkeypatch.setattr("operations.table_restore.raise_revisions", raise_revisions)
    return passed_over


def restore(dynamodb: FakeDynamoDB, lines: list[str] | None = None) -> dict[str, str]:
    report = ([] if lines is None else lines).append
    return TableRestore(lambda _: dynamodb, OUTPUTS, AT, report=report, sleep=lambda _: None).run()


def test_restored_tables_have_all_that_a_stack_needs(
    registry: Registry, raised: list[tuple[str, datetime]], passed_over: list[tuple[str, str]]
) -> None:
    dynamodb = FakeDynamoDB()
    lines: list[str] = []
    assert restore(dynamodb, lines) == {
        "KeptImagesTableName": TARGETS["images"],
        "KeptItemsTableName": TARGETS["items"],
        "KeptImagesStreamArn": f"{TARGETS['images']}/stream",
    }
    for source, target in TARGETS.items():
        table = dynamodb.tables[target]
        assert table["of"] == source
        assert table["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "expires_at"}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["DeletionProtectionEnabled"] is True
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert dynamodb.tables[TARGETS["images"]]["StreamSpecification"] == stream
    assert "StreamSpecification" not in dynamodb.tables[TARGETS["items"]]
    assert registry.tables == [TARGETS["images"]]
    assert raised == [(target, MADE_AT) for target in TARGETS.values()]
    assert passed_over == [("images", TARGETS["images"])]
    assert "images-at-20261127-100005: 3 records have a version that is higher than all before" in lines
    assert lines[-1].startswith("1 users will be erased again")


def test_versions_are_raised_when_the_stream_has_them(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb = FakeDynamoDB()

    def raise_versions(table: Table, _: datetime) -> int:
        assert "StreamSpecification" in dynamodb.tables[TARGETS["images"]]
        assert table.name not in registry.tables
        return 0

    monkeypatch.setattr("operations.table_restore.raise_versions", raise_versions)
    restore(dynamodb)
    assert registry.tables == [TARGETS["images"]]


def test_restore_that_was_interrupted_goes_on(registry: Registry) -> None:
    dynamodb = FakeDynamoDB()
    first = restore(dynamodb)
    dynamodb.calls.clear()
    assert restore(dynamodb) == first
    assert {call for call, _ in dynamodb.calls} == {"backups", "protection"}
    assert len(registry.tables) == 2


@pytest.mark.parametrize("code", ["InvalidRestoreTimeException", "PointInTimeRecoveryUnavailableException"])
def test_time_without_a_backup_is_a_problem(code: str) -> None:
    dynamodb = FakeDynamoDB()
    dynamodb.refusal = code
    with pytest.raises(Problem, match="images cannot be restored to 2026-11-27T10:00:05Z"):
        restore(dynamodb)


def test_other_error_of_aws_is_not_hidden() -> None:
    dynamodb = FakeDynamoDB()
    dynamodb.refusal = "AccessDeniedException"
    with pytest.raises(ClientError):
        restore(dynamodb)


def test_error_of_a_look_at_a_table_is_not_hidden() -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "DescribeTable")

    dynamodb = FakeDynamoDB()
    dynamodb.describe_table = refuse  # type: ignore[method-assign]
    with pytest.raises(ClientError):
        restore(dynamodb)


@pytest.mark.parametrize("source", ["a", "a-at-20261101-000000", "x" * 255])
def test_name_of_a_restored_table_fits_and_tells_one_time(source: str) -> None:
    name = name_restored(source, AT)
    assert name.endswith("-at-20261127-100005")
    assert name.count("-at-") == 1
    assert len(name) <= 255
