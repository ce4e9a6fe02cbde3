from __future__ import annotations

import pytest

from shared.counters import FORM_PREFIX, Counter, name_form, name_upload, parse_form
from shared.lifecycle import Status
from shared.models import Replacement
from shared.quotas import PENDING_FIELDS, Usage
from shared.rows import dump
from tests.support.images import START, new_id

ROW = {
    "images": 2,
    "pending_uploads": 2,
    "pending_bytes": 30,
    "form_a": {"bytes": 10, "ends_at": 100},
    "form_b": {"bytes": 20, "ends_at": 200},
}


@pytest.mark.parametrize(("now", "pending"), [(99, (2, 30)), (100, (1, 20)), (199, (1, 20)), (200, (0, 0))])
def test_uploads_that_have_ended_are_not_pending(now: float, pending: tuple[int, int]) -> None:
    counter = Counter.model_validate(ROW).as_of(now)
    assert (counter.pending_uploads, counter.pending_bytes) == pending
    assert counter.images == 2


def test_forms_are_read_from_their_own_attributes_and_not_written_twice() -> None:
    counter = Counter.model_validate(ROW)
    assert [*counter.forms] == ["form_a", "form_b"]
    assert "forms" not in dump(counter)


def test_row_without_pending_uploads_is_a_counter_too() -> None:
    assert Counter.model_validate({"version": 0}).amounts == Usage().amounts
    assert {*Usage.model_fields} > PENDING_FIELDS


def test_name_of_a_form_can_stand_in_an_expression() -> None:
    name = name_form(new_id())
    assert name.isidentifier()
    assert name.startswith(FORM_PREFIX)
    assert len(name) == len(FORM_PREFIX) + 32


def test_name_of_a_form_leads_to_its_image() -> None:
    image_id = new_id()
    replacement = Replacement(
        id=new_id(), status=Status.PENDING, has_original=False, content_type="", size=7, created_at=START
    )
    names = [name_form(name_upload(image_id, other)) for other in (None, replacement)]
    assert len({*names}) == 2
    assert all(name.isidentifier() for name in names)
    assert [parse_form(name) for name in names] == [image_id, image_id]
