from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from processor.stream import ForeignChange, read_erasure, read_name, read_versions
from shared.erasures import ERASURE_KIND, Erasure
from shared.rows import encode_key, encode_model
from tests.support.changes import make_change
from tests.support.images import START, make_image

if TYPE_CHECKING:
    from shared.models import Image

OLD = make_image()
NEW = OLD.model_copy(update={"version": 2, "tags": ("sea",)})


def make_erasure_change() -> dict[str, Any]:
    key = ("USER#ann", ERASURE_KIND)
    erasure = Erasure(user_id="ann", started_at=START, changed_at=START)
    change = make_change(OLD, NEW)
    change["dynamodb"] |= {"Keys": encode_key(key), "NewImage": encode_model(key, erasure)}
    return change


@pytest.mark.parametrize(("old", "new"), [(None, NEW), (OLD, NEW), (OLD, None)])
def test_versions_are_those_before_and_after(old: Image | None, new: Image | None) -> None:
    assert read_versions(make_change(old, new), "images") == (old, new)


def test_row_of_another_kind_has_no_versions_and_an_image_is_no_erasure() -> None:
    assert read_versions(make_erasure_change(), "images") == (None, None)
    assert read_erasure(make_change(OLD, NEW), "images") is None


def test_erasure_is_read_with_its_user() -> None:
    erasure = read_erasure(make_erasure_change(), "images")
    assert erasure
    assert erasure.user_id == "ann"


def test_change_of_another_table_is_foreign() -> None:
    with pytest.raises(ForeignChange):
        read_versions(make_change(OLD, NEW), "other")
    with pytest.raises(ForeignChange):
        read_erasure(make_erasure_change(), "other")


def test_record_that_is_no_image_cannot_be_read() -> None:
    change = make_change(OLD, NEW)
    del change["dynamodb"]["NewImage"]["user_id"]
    with pytest.raises(ValidationError):
        read_versions(change, "images")


def test_logs_name_an_image_and_no_user() -> None:
    assert read_name(make_change(OLD, NEW)) == {"image_id": OLD.id}
    assert read_name(make_erasure_change()) == {}


@pytest.mark.parametrize("kind", ["TAGS", "USAGE", "2026-01-01T00:00:00Z#1"])
def test_other_rows_have_no_versions_and_no_name(kind: str) -> None:
    change = make_change(OLD, NEW)
    change["dynamodb"]["Keys"]["sk"]["S"] = kind
    assert read_versions(change, "images") == (None, None)
    assert read_name(change) == {}
