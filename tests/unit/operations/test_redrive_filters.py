"""Changes that are read from the stream again are those that the filters of the template pass."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from operations.redrive import read_batch
from shared.lifecycle import Status
from shared.models import Image, Replacement
from tests.support.changes import make_change, select_changes
from tests.support.images import START, make_image, make_ready

BATCH = {"streamArn": "stream", "shardId": "1", "startSequenceNumber": "0", "endSequenceNumber": "1000000"}


def make_states() -> dict[str, Image | None]:
    """States of one image, with replacements that are stored or not."""
    replacements = [
        Replacement(
            id="1", status=status, has_original=has_original, content_type="", size=7, created_at=START
        )
        for status, has_original in ((Status.PENDING, False), (Status.PROCESSING, True))
    ]
    images = {
        "ready": make_ready(id="1"),
        "rejected": make_image(id="1", status=Status.REJECTED, has_original=False),
        "awaiting other bytes": make_ready(id="1", replacement=replacements[0]),
        "making other bytes": make_ready(id="1", replacement=replacements[1]),
    }
    return {"none": None, **images}


def read_again(change: Any) -> Any:  # noqa: ANN401 - JSON
    record = copy.deepcopy(change)
    record["dynamodb"]["ApproximateCreationDateTime"] = datetime(2026, 1, 1, tzinfo=UTC)
    streams = SimpleNamespace(
        exceptions=SimpleNamespace(TrimmedDataAccessException=KeyError, ResourceNotFoundException=KeyError),
        get_shard_iterator=lambda **_: {"ShardIterator": "0"},
        get_records=lambda **_: {"Records": [record]},
    )
    return read_batch(streams, BATCH)


@pytest.mark.parametrize("new", make_states())
@pytest.mark.parametrize("old", make_states())
def test_change_is_read_again_if_the_filters_pass_it(old: str, new: str) -> None:
    states = make_states()
    if states[old] or states[new]:
        change = make_change(states[old], states[new])
        assert len(read_again(change)) == len(select_changes([change]))
