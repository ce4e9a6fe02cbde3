"""Flaws in the counts of tags, as `breakages.py` makes others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.findings import Flaw
from shared.images import get_image_usage
from shared.tag_counts import TagChange, make_count_key
from tests.support.images import make_ready, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import World

SEA = make_count_key("ann", "sea")
SEA_NAME = f"{SEA[1]} of {SEA[0]}"


def lose_change_of_tags(world: World) -> str:
    world.images.update(world.image.id, lambda old: old.model_copy(update={"tags": ("land", "sun")}))
    world.forget_changes()
    return world.image.id


def keep_image_from_before(world: World) -> str:
    """Tags were not counted when the image was added."""
    image = world.images.add(make_ready(tags=("Sea", "moon"), user_id="eve"))
    world.usages.reserve(image.id, "eve", get_image_usage(image))
    world.store_bytes(image)
    world.forget_changes()
    return image.id


def lose_removal(world: World) -> str:
    image_id = new_id()
    world.tags.count([TagChange(image_id, "ann", 3, {"sea": "Sea"})])
    return image_id


def miscount_tag(world: World) -> str:
    world.put_row("images", *SEA, name={"S": "Sea"}, count={"N": "7"}, version={"N": "3"})
    return SEA_NAME


def forget_tag(world: World) -> str:
    world.delete_row("images", *SEA)
    return SEA_NAME


def leave_tag(world: World) -> str:
    key = make_count_key("cid", "sea")
    world.put_row("images", *key, name={"S": "Sea"}, count={"N": "1"}, version={"N": "1"})
    return f"{key[1]} of {key[0]}"


TAG_BREAKAGES: list[tuple[Callable[[World], str], Flaw]] = [
    (lose_change_of_tags, Flaw.WRONG_TAGS),
    (keep_image_from_before, Flaw.WRONG_TAGS),
    (lose_removal, Flaw.WRONG_TAGS),
    (miscount_tag, Flaw.WRONG_TAG_COUNT),
    (forget_tag, Flaw.WRONG_TAG_COUNT),
    (leave_tag, Flaw.WRONG_TAG_COUNT),
]
