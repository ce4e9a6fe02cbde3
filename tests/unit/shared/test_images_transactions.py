"""The largest transactions that a request can make: DynamoDB takes 100 writes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from shared import lifecycle
from shared.images import ImageRepository
from shared.lifecycle import Event, ImpossibleChange, Phase, Status
from shared.limits import MAX_TAGS
from shared.models import Visibility
from tests.support.images import FAR_FUTURE, RENDITIONS, make_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.models import Image
    from shared.table import Table
    from shared.transactions import Transaction

MAX_WRITES = 100
LARGEST = 81
"""A public image whose 20 tags all change: its record, and for each tag two entries go and two come."""
OLD_TAGS, NEW_TAGS = (tuple(f"{name}{number}" for number in range(MAX_TAGS)) for name in ("old", "new"))


@pytest.fixture
def images(table: Table, monkeypatch: pytest.MonkeyPatch) -> ImageRepository:
    """Nothing is written."""
    images = ImageRepository(table)
    monkeypatch.setattr(images, "sizes", [], raising=False)
    transact = type(table).transact

    def measure(stored: Table, transaction: Transaction) -> None:
        images.sizes.append(len(transaction))  # type: ignore[attr-defined]
        transact(stored, transaction)

    monkeypatch.setattr(type(table), "transact", measure)
    return images


def list_states() -> Iterator[Image]:
    """An image with all tags in every state, with and without renditions, for each visibility."""
    phases = {phase for changes in lifecycle.CHANGES.values() for phase in changes}
    for phase, visibility, renditions in product(sorted(phases), Visibility, ({}, RENDITIONS)):
        ends = None if phase.has_original else FAR_FUTURE
        yield make_image(
            **phase._asdict(),
            visibility=visibility,
            renditions=renditions,
            tags=OLD_TAGS,
            expires_at=ends,
        )


STATES = [*list_states()]


def list_changes(image: Image) -> Iterator[Image]:
    """Every change that a client or the processor can make to an image."""
    for visibility, tags in product(Visibility, (OLD_TAGS, NEW_TAGS, ())):
        yield image.model_copy(update={"visibility": visibility, "tags": tags, "description": "x"})
    yield image.without_links()
    for event in Event:
        try:
            yield image.after(event, reason="Why.")
        except ImpossibleChange:
            continue


def test_states_are_all_there() -> None:
    assert {image.state.phase for image in STATES} >= {
        Phase(Status.PENDING, has_original=False),
        Phase(Status.READY, has_original=True),
        Phase(Status.REJECTED, has_original=True),
    }
    assert len(STATES) == 24


@pytest.mark.parametrize("image", STATES, ids=lambda image: f"{image.status}-{image.visibility}")
def test_every_change_of_an_image_fits_into_one_transaction(images: ImageRepository, image: Image) -> None:
    sizes: list[Any] = images.sizes  # type: ignore[attr-defined]
    for number, changed in enumerate(list_changes(image)):
        stored = image.model_copy(update={"id": image.id[:-2] + f"{number:02}"})
        images.add(stored, claim=stored.id)
        result = changed.model_copy(update={"id": stored.id})
        images.update(stored.id, lambda _, result=result: result)  # type: ignore[misc] # it is an image
        if not lifecycle.has_ended(changed.state, changed.created_at):
            images.delete(stored.id)
    assert max(sizes) <= LARGEST < MAX_WRITES


def test_largest_change_is_known(images: ImageRepository) -> None:
    image = images.add(make_image(status=Status.READY, renditions=RENDITIONS, tags=OLD_TAGS))
    images.update(image.id, lambda old: old.model_copy(update={"tags": NEW_TAGS}))
    assert images.sizes[-1] == LARGEST  # type: ignore[attr-defined]
