from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor.tags import count_tags, find_tag_change
from shared.errors import Contended
from shared.lifecycle import Status
from shared.models import File
from shared.tag_counts import TagChange
from shared.trash import Trash
from tests.support.images import FAR_FUTURE, START, make_image, make_pending, make_ready, new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.models import Image
    from shared.tag_counts import TagRepository

ID = new_id()
TRASH = Trash(at=START, ends_at=FAR_FUTURE)
TAGGED = make_ready(id=ID, tags=("Sea",), version=2)


@pytest.mark.parametrize(
    ("old", "new", "tags"),
    [
        (None, make_image(id=ID, tags=("Sea",)), {"sea": "Sea"}),
        (make_pending(id=ID, tags=("Sea",)), make_image(id=ID, tags=("Sea",), version=2), {"sea": "Sea"}),
        (TAGGED, TAGGED.model_copy(update={"tags": (), "version": 3}), {}),
        (TAGGED, TAGGED.model_copy(update={"tags": ("SEA",), "version": 3}), {"sea": "SEA"}),
        (TAGGED, TAGGED.model_copy(update={"trash": TRASH, "version": 3}), {}),
        (TAGGED.model_copy(update={"trash": TRASH}), TAGGED, {"sea": "Sea"}),
        (
            make_image(id=ID, tags=("Sea",)),
            make_image(id=ID, tags=("Sea",), status=Status.REJECTED, expires_at=FAR_FUTURE),
            {},
        ),
    ],
)
def test_change_of_what_counts_is_counted(old: Image | None, new: Image, tags: dict[str, str]) -> None:
    assert find_tag_change(old, new) == TagChange(ID, "ann", new.version, tags)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, make_image()),
        (None, make_pending(tags=("sea",))),
        (TAGGED, TAGGED.model_copy(update={"description": "x", "version": 3})),
        (make_image(id=ID, tags=("Sea",)), TAGGED),
        (File.create(user_id="ann", filename="a", content_type="b", size=1), None),
    ],
)
def test_other_changes_are_not(old: Any, new: Any) -> None:  # noqa: ANN401 - records
    assert find_tag_change(old, new) is None


@pytest.mark.parametrize("image", [TAGGED, TAGGED.model_copy(update={"tags": ()})])
def test_removal_always_ends_what_was_counted(image: Image) -> None:
    change = find_tag_change(image, None)
    assert change == TagChange(ID, "ann", 3, {}, is_gone=True, had_tags=bool(image.tags))


def test_one_change_that_fails_holds_up_no_other(
    tags: TagRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {str(number): TagChange(new_id(), "ann", 1, {"sea": "sea"}) for number in range(3)}
    count = tags.count

    def fail_for_one(some: Iterable[TagChange]) -> None:
        if changes["1"] in (listed := [*some]):
            raise Contended
        count(listed)

    monkeypatch.setattr(tags, "count", fail_for_one)
    failures = count_tags(tags, changes)
    assert [*failures] == ["1"]
    assert isinstance(failures["1"], Contended)
    assert [tag.count for tag in tags.list("ann", limit=9).counts] == [2]


def test_nothing_is_read_without_changes(tags: TagRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags.table, "get_many", pytest.fail)
    assert count_tags(tags, {}) == {}
