"""Check whether table and bucket of a stack agree, and repair what does not."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from maintenance.consistency import ConsistencyCheck
from maintenance.findings import Finding
from shared.errors import DomainError
from shared.images import ImageRepository
from shared.items import ItemRepository
from shared.storage import ImageStorage
from shared.table import ConditionFailed, Table


def make_check(
    client: Callable[[str], Any], outputs: Mapping[str, str], *, grace: timedelta
) -> ConsistencyCheck:
    """The check of the stack with these outputs."""
    dynamodb = client("dynamodb")
    return ConsistencyCheck(
        ImageRepository(Table(dynamodb, outputs["ImagesTableName"])),
        ItemRepository(Table(dynamodb, outputs["ItemsTableName"])),
        ImageStorage(client("s3"), outputs["BucketName"]),
        grace=grace,
    )


def run_check(check: ConsistencyCheck, *, repair: bool, report: Callable[[str], object] = print) -> int:
    """Report each finding on a line and, if it is wanted, repair it. Return how many stay as they are."""
    found: Counter[str] = Counter()
    left = 0
    for finding in check.find():
        found[finding.flaw] += 1
        outcome = _repair(finding) if repair else "found"
        left += outcome != "repaired"
        report(f"{finding.flaw}: {finding.name}: {outcome}")
    report(
        ", ".join(f"{count} x {flaw}" for flaw, count in sorted(found.items())) or "table and bucket agree"
    )
    return left


def _repair(finding: Finding) -> str:
    if finding.repair is None:
        return "cannot be repaired"
    try:
        finding.repair()
    except (ConditionFailed, DomainError) as error:
        return f"left, {str(error) or 'for it has changed'}"
    return "repaired"
