from __future__ import annotations

import pytest

from app.requests.batches import BatchAction, BatchCreate
from app.requests.body import validate
from shared.errors import InvalidFields
from shared.limits import MAX_BATCH_IDS
from tests.support.images import new_id

IDS = [new_id() for _ in range(MAX_BATCH_IDS)]


@pytest.mark.parametrize("action", BatchAction)
def test_each_action_takes_a_change_if_it_needs_one(action: BatchAction) -> None:
    needs = action is BatchAction.UPDATE
    data = {"action": action, "ids": IDS}
    batch = validate(BatchCreate, data | ({"update": {"tags": ["a"]}} if needs else {}))
    assert batch.ids == tuple(IDS)
    assert (batch.update is not None) is needs
    with pytest.raises(InvalidFields, match="update"):
        validate(BatchCreate, data | ({} if needs else {"update": {"tags": ["a"]}}))


def test_batch_costs_what_its_images_cost_one_by_one() -> None:
    costs = {
        action: BatchCreate.model_construct(action=action, ids=tuple(IDS[:7])).tokens
        for action in BatchAction
    }
    assert costs == dict.fromkeys(BatchAction, 7) | {BatchAction.DELETE: 0}
