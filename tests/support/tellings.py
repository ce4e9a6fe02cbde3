"""Random lives of images, change by change, and a consumer of the events that they tell."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from shared import lifecycle
from shared.errors import Conflict
from shared.lifecycle import Event, ImpossibleChange, Status
from shared.models import Facts, Replacement, Visibility
from shared.replacements import begin_replacement, change_revision, retry, withdraw
from tests.support.images import RENDITIONS, make_image, make_pending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.models import Image

    type Change = Callable[[Image], Image]

IMPOSSIBLE = (ImpossibleChange, Conflict)


def set_fields(**fields: Any) -> Change:  # noqa: ANN401 - any field of an image
    return lambda image: image.model_copy(update=fields)


def happen(event: Event) -> Change:
    """An event of the latest revision."""

    def change(image: Image) -> Image:
        number = image.latest_revision
        facts = Facts(renditions=RENDITIONS, width=100 + image.version, height=50, revision=number)
        found = facts if event is Event.FINISH else None
        reason = None if event in {Event.FINISH, Event.VERIFY} else f"Why {event} {image.version}."
        return change_revision(image, number, event, facts=found, reason=reason)

    return change


def trash(image: Image) -> Image:
    """Raises ImpossibleChange for an image that is in the trash."""
    if image.is_trashed:
        raise ImpossibleChange
    return image.trashed(timedelta(days=30))


def replace(image: Image) -> Image:
    state = lifecycle.start_processing(datetime.now(UTC))
    return begin_replacement(image, Replacement.begin(state, content_type="image/png", size=9))


def take_back(image: Image) -> Image:
    if image.replacement is None:
        raise ImpossibleChange
    return withdraw(image.replacement)(image)


CHANGES: dict[str, Change] = {
    **{f"event {event}": happen(event) for event in Event if event is not Event.RETRY},
    "retry": retry,
    "describe": lambda image: image.model_copy(update={"description": f"No. {image.version}"}),
    "rename": lambda image: image.model_copy(update={"filename": f"{image.version}.jpg"}),
    "tag": set_fields(tags=("sea", "sun")),
    "untag": set_fields(tags=()),
    "publish": set_fields(visibility=Visibility.PUBLIC),
    "hide": set_fields(visibility=Visibility.PRIVATE),
    "revoke links": lambda image: image.without_links(),
    "trash": trash,
    "restore": lambda image: image.restored(),
    "replace": replace,
    "take back": take_back,
}


@dataclass(frozen=True)
class Life:
    """The versions of an image that were stored, and whether it was removed at the end."""

    versions: Sequence[Image]
    is_removed: bool

    @property
    def steps(self) -> list[tuple[Image | None, Image | None]]:
        """The changes, as the stream shows them."""
        shown = [None, *self.versions, *([None] if self.is_removed else [])]
        return [*itertools.pairwise(shown)]


def live(names: Sequence[str], *, is_direct: bool, is_removed: bool) -> Life:
    """Do these changes, without those that are impossible."""
    versions = [make_pending() if is_direct else make_image()]
    for name in names:
        old = versions[-1]
        try:
            new = CHANGES[name](old)
        except IMPOSSIBLE:
            continue
        stamps = {"version": old.version + 1, "updated_at": old.updated_at + timedelta(seconds=1)}
        versions.append(new.model_copy(update=stamps))
    return Life(versions, is_removed)


lives = st.builds(
    live,
    st.lists(st.sampled_from([*CHANGES]), max_size=25),
    is_direct=st.booleans(),
    is_removed=st.booleans(),
)


@dataclass
class Consumer:
    """Keeps the newest version of each image that it was told of. It drops lower ones."""

    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    duplicates: int = 0

    def take(self, kind: str, detail: dict[str, Any]) -> None:
        known = self.images.get(detail["id"])
        if known and known["version"] >= detail["version"]:
            self.duplicates += known["version"] == detail["version"]
            return
        self.images[detail["id"]] = detail | {"type": kind}

    def list_present(self) -> dict[str, dict[str, Any]]:
        return {name: each for name, each in self.images.items() if each["type"] != "image.deleted"}


def is_silent(image: Image) -> bool:
    """Tell whether nobody was told of the image: its bytes have not come, or its first run goes on."""
    return image.status in {Status.PENDING, Status.PROCESSING}
