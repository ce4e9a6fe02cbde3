"""A record is reserved, its bytes are written, then it is added. A failure undoes what came before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.errors import Erased, NotFound, QuotaExceeded, RateExceeded, Unavailable
from shared.reservations import add_reserved
from tests.support.faults import Fault, break_calls
from tests.support.images import make_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository
    from shared.models import Image


class Steps:
    """The steps that were made, in their order. One of them may fail."""

    def __init__(self, images: ImageRepository, failing: str = "", error: Exception | None = None) -> None:
        self.made: list[str] = []
        self._images = images
        self._failing = failing
        self._error = error or Unavailable()

    def add(self, image: Image, claim: str | None = None) -> Image:
        return add_reserved(
            self._images,
            image,
            reserve=self._make("reserve"),
            release=self._make("release"),
            write=self._make("write"),
            erase=self._make("erase"),
            claim=claim,
        )

    def _make(self, name: str) -> Callable[[], None]:
        def step() -> None:
            self.made.append(name)
            if name == self._failing:
                raise self._error

        return step


def test_record_is_added_after_its_room_and_its_bytes(images: ImageRepository) -> None:
    steps, image = Steps(images), make_image()
    assert steps.add(image) == images.get(image.id) == image
    assert steps.made == ["reserve", "write"]


@pytest.mark.parametrize("error", [QuotaExceeded(), RateExceeded("", 1), Erased(), Unavailable()])
def test_nothing_follows_a_reservation_that_is_refused(images: ImageRepository, error: Exception) -> None:
    steps = Steps(images, "reserve", error)
    with pytest.raises(type(error)):
        steps.add(make_image(), "claim")
    assert steps.made == ["reserve"]


def test_bytes_that_were_not_written_for_sure_are_erased(images: ImageRepository) -> None:
    steps, image = Steps(images, "write"), make_image()
    with pytest.raises(Unavailable):
        steps.add(image)
    assert steps.made == ["reserve", "write", "erase", "release"]
    with pytest.raises(NotFound):
        images.get(image.id)


def test_room_is_released_even_if_the_bytes_stay(images: ImageRepository, dynamodb: DynamoDBClient) -> None:
    steps = Steps(images, "erase")
    fault = break_calls(dynamodb, "TransactWriteItems", Fault.FAILED)
    with pytest.raises(Unavailable):
        steps.add(make_image())
    fault.end()
    assert steps.made == ["reserve", "write", "erase", "release"]


def test_second_try_gives_back_what_it_has_reserved_and_written(images: ImageRepository) -> None:
    first = Steps(images).add(make_image(), "claim")
    steps = Steps(images)
    assert steps.add(make_image(), "claim") == first
    assert steps.made == ["reserve", "write", "erase", "release"]


@pytest.mark.parametrize("error", [QuotaExceeded(), RateExceeded("", 1)])
def test_second_try_needs_neither_room_nor_a_token(images: ImageRepository, error: Exception) -> None:
    first = Steps(images).add(make_image(), "claim")
    steps = Steps(images, "reserve", error)
    assert steps.add(make_image(), "claim") == first
    assert steps.made == ["reserve"]
