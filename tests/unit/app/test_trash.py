"""Races of the trash with everything else that happens to an image."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.trash import restore_image, trash_image
from shared.errors import NotFound, PreconditionFailed
from shared.lifecycle import Event, Status
from shared.models import Visibility
from shared.records import allow
from shared.replacements import retry
from tests.support.images import RENDITIONS, finish, make_image, make_ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.images import ImageRepository
    from shared.models import Image

MONTH = timedelta(days=30)


def interrupt(act: Callable[[], object]) -> Callable[[Image], None]:
    """A guard that does something else first, once."""
    acts = [act]

    def guard(_: Image) -> None:
        if acts:
            acts.pop()()

    return guard


def test_deletion_meanwhile_wins(images: ImageRepository) -> None:
    image = images.add(make_ready())
    with pytest.raises(NotFound):
        trash_image(images, image.id, MONTH, interrupt(lambda: images.delete(image.id)))
    trashed = images.add(make_ready())
    trash_image(images, trashed.id, MONTH, allow)
    with pytest.raises(NotFound):
        restore_image(images, trashed.id, interrupt(lambda: images.delete(trashed.id)))


def test_change_meanwhile_is_kept(images: ImageRepository) -> None:
    image = images.add(make_ready())
    private = {"visibility": Visibility.PRIVATE}

    def change() -> None:
        images.update(image.id, lambda old: old.model_copy(update=private))

    trashed = trash_image(images, image.id, MONTH, interrupt(change))
    assert (trashed.visibility, trashed.is_trashed, trashed.version) == (Visibility.PRIVATE, True, 3)


def test_result_and_next_run_meanwhile_are_kept(images: ImageRepository) -> None:
    image = images.add(make_image(visibility=Visibility.PUBLIC))
    trashed = trash_image(images, image.id, MONTH, interrupt(lambda: finish(images, image.id)))
    assert (trashed.status, trashed.renditions, trashed.is_public) == (Status.READY, RENDITIONS, False)
    again = restore_image(images, image.id, interrupt(lambda: images.update(image.id, retry)))
    assert (again.status, again.is_public, again.expires_at) == (Status.PROCESSING, True, None)


def test_trash_meanwhile_is_found_by_the_result(images: ImageRepository) -> None:
    image = images.add(make_image())
    trash_image(images, image.id, MONTH, allow)
    failed = images.apply(image.id, Event.FAIL, reason="Why.")
    assert failed
    assert failed.is_trashed
    assert failed.trash
    assert failed.expires_at == failed.trash.ends_at


def test_two_who_trash_at_once_make_one_change(images: ImageRepository) -> None:
    image = images.add(make_ready())
    other = interrupt(lambda: trash_image(images, image.id, MONTH, allow))
    assert trash_image(images, image.id, MONTH, other).version == 2


def test_guard_is_asked_even_if_nothing_is_left_to_do(images: ImageRepository) -> None:
    image = images.add(make_ready())

    def refuse(_: Image) -> None:
        raise PreconditionFailed

    with pytest.raises(PreconditionFailed):
        restore_image(images, image.id, refuse)
