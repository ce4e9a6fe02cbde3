from __future__ import annotations

import pytest
from pydantic import ValidationError

from processor.stream import ForeignChange, read_erasure, read_name, read_versions
from tests.support.changes import make_change
from tests.support.images import make_image, new_id

OLD = make_image(id=new_id(), tags=("sea",))
NEW = OLD.model_copy(update={"version": 2})


@pytest.mark.parametrize(("old", "new"), [(None, OLD), (OLD, NEW), (NEW, None)])
def test_record_is_read_before_and_after_a_change(old: object, new: object) -> None:
    change = make_change(old, new)  # type: ignore[arg-type] # images or None
    assert read_versions(change, "images") == (old, new)
    assert read_name(change) == {"image_id": OLD.id}
    assert read_erasure(change, "images") is None


def test_change_of_another_table_is_foreign() -> None:
    with pytest.raises(ForeignChange):
        read_versions(make_change(OLD, NEW, table="images-old"), "images")


def test_record_that_cannot_be_read_is_an_error() -> None:
    change = make_change(OLD, NEW)
    change["dynamodb"]["NewImage"]["size"] = {"S": "large"}
    with pytest.raises(ValidationError):
        read_versions(change, "images")


@pytest.mark.parametrize("kind", ["TAGS", "USAGE", "2026-01-01T00:00:00Z#1"])
def test_other_rows_have_no_versions_and_no_name(kind: str) -> None:
    change = make_change(OLD, NEW)
    change["dynamodb"]["Keys"]["sk"]["S"] = kind
    assert read_versions(change, "images") == (None, None)
    assert read_name(change) == {}
