"""The ways to break a deployment, and the flaw that each makes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operations.findings import Flaw
from shared import lifecycle, replacements
from shared.keys import (
    make_file_key,
    make_original_key,
    make_rendition_key,
    make_upload_key,
    make_variant_key,
)
from shared.lifecycle import Event
from shared.models import Facts, Image, Replacement
from shared.renditions import STILLS, RenditionName
from tests.support.images import FAR_FUTURE, VARIANT, make_image, make_pending
from tests.support.world import PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import World


def lose_original(world: World) -> str:
    world.storage.delete(make_original_key(world.image.id))
    return world.image.id


def lose_rendition(world: World) -> str:
    world.storage.delete(make_rendition_key(world.image.id, RenditionName.SMALL))
    return world.image.id


def add_rendition_to_the_table(world: World) -> str:
    """The image was made ready before a rendition was added to the table."""
    renditions = {name: found for name, found in world.image.renditions.items() if name != "small"}
    world.images.update(world.image.id, lambda old: old.model_copy(update={"renditions": renditions}))
    world.storage.delete(make_rendition_key(world.image.id, RenditionName.SMALL))
    return world.image.id


def lose_event(world: World) -> str:
    return world.add_uploaded().id


def begin_replacement(world: World, state: lifecycle.State | None = None) -> Image:
    """Other bytes of the same size: they need no room."""
    begun = state or lifecycle.start_processing(datetime.now(UTC))
    replacement = Replacement.begin(begun, content_type="image/jpeg", size=len(PICTURE))
    return world.images.update(
        world.image.id, lambda image: replacements.begin_replacement(image, replacement)
    )


def kill_before_the_other_bytes(world: World) -> str:
    return begin_replacement(world).id


def lose_event_of_other_bytes(world: World) -> str:
    image = begin_replacement(world)
    world.storage.add(make_original_key(image.id, 2), PICTURE, "image/jpeg")
    return image.id


def lose_upload_event_of_other_bytes(world: World) -> str:
    image = begin_replacement(world, lifecycle.await_upload(FAR_FUTURE))
    world.storage.add(make_upload_key(image.id, 2), PICTURE, "image/jpeg")
    return image.id


def kill_after_the_verdict_on_other_bytes(world: World) -> str:
    image_id = lose_event_of_other_bytes(world)
    world.images.apply(image_id, Event.REJECT, reason="Why.", revision=2)
    return image_id


def leave_other_bytes(world: World) -> str:
    """The request has taken them back, and the write that had failed was carried out later."""
    image = begin_replacement(world)
    assert image.replacement
    world.images.update(image.id, replacements.withdraw(image.replacement))
    world.storage.add(make_original_key(image.id, 2), PICTURE, "image/jpeg")
    return make_original_key(image.id, 2)


def leave_upload_of_a_superseded_form(world: World) -> str:
    image_id = lose_upload_event_of_other_bytes(world)
    begin_replacement(world)
    world.storage.add(make_original_key(image_id, 3), PICTURE, "image/jpeg")
    return make_upload_key(image_id, 2)


def lose_upload_event(world: World) -> str:
    image = world.images.add(make_pending(size=len(PICTURE)))
    world.storage.add(make_upload_key(image.id), PICTURE, "image/jpeg")
    return image.id


def kill_after_the_verdict(world: World) -> str:
    image = world.add_uploaded()
    world.images.apply(image.id, Event.REJECT, reason="Why.")
    return image.id


def leave_original_of_a_rejected_image(world: World) -> str:
    key = make_original_key(world.rejected.id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_upload_that_has_ended(world: World) -> str:
    image = world.images.add(make_pending(expires_at=int(time.time()) + 60))
    world.storage.add(make_upload_key(image.id), PICTURE, "image/jpeg")
    return make_upload_key(image.id)


def lose_end_of_entry(world: World) -> str:
    partition, sort = world.list_entries(world.rejected)[0]
    world.put_row("images", partition, sort)
    return f"{world.rejected.id} in {partition}"


def leave_upload(world: World) -> str:
    key = make_upload_key(world.image.id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_original(world: World) -> str:
    key = make_original_key(make_image().id)
    world.storage.add(key, PICTURE, "image/jpeg")
    return key


def leave_old_revision(world: World) -> str:
    """The processor was killed before it deleted what the new revision had replaced."""
    image = world.images.apply(world.image.id, Event.RETRY)
    assert image
    world.storage.begin_revision(image)
    facts = Facts(revision=image.latest_revision)
    for name in STILLS:
        data = world.storage.get(make_rendition_key(image.id, name))
        world.storage.add(make_rendition_key(image.id, name, image.latest_revision), data, "image/webp")
        world.storage.delete(make_rendition_key(image.id, name))
    assert world.images.apply(image.id, Event.FINISH, facts=facts)
    return make_original_key(image.id)


def leave_new_revision(world: World) -> str:
    """Another run was faster, and its revision is shown."""
    image = world.images.apply(world.image.id, Event.RETRY)
    assert image
    world.storage.begin_revision(image)
    assert world.images.apply(image.id, Event.FINISH)
    return make_original_key(image.id, image.latest_revision)


def leave_rendition(world: World) -> str:
    key = make_rendition_key(make_image().id, RenditionName.SMALL)
    world.storage.add(key, b"x", "image/webp")
    return key


def leave_variant(world: World) -> str:
    """The API was killed before it saw that the image had been deleted."""
    key = make_variant_key(make_image().id, VARIANT)
    world.storage.add(key, b"x", "image/webp")
    return key


def leave_variant_of_an_old_revision(world: World) -> str:
    key = make_variant_key(world.image.id, VARIANT, world.image.revision - 1)
    world.storage.add(key, b"x", "image/webp")
    return key


def lose_entry(world: World) -> str:
    partition, sort = world.list_entries(world.image)[1]
    world.delete_row("images", partition, sort)
    return f"{world.image.id} in {partition}"


def lose_entry_of_same_bytes(world: World) -> str:
    (key,) = [key for key in world.list_entries(world.image) if "#SHA256#" in key[0]]
    world.delete_row("images", *key)
    return f"{world.image.id} in {key[0]}"


def lose_entry_of_item(world: World) -> str:
    ((partition, sort),) = world.items.get_entries(world.item)
    world.delete_row("items", partition, sort)
    return f"{world.item.id} in {partition}"


def leave_entry(world: World) -> str:
    image = make_image()
    world.put_row("images", "PUBLIC#0", world.list_entries(image)[0][1])
    return f"{image.id} in PUBLIC#0"


def leave_entry_of_a_tag(world: World) -> str:
    _, sort = world.list_entries(world.image)[0]
    world.put_row("images", "USER#ann#PUBLIC#TAG#moon", sort)
    return f"{world.image.id} in USER#ann#PUBLIC#TAG#moon"


def miscount(world: World) -> str:
    world.put_row("images", "USER#ann", "USAGE", images={"N": "7"}, bytes={"N": "1"}, version={"N": "3"})
    return "USER#ann"


def forget_counter(world: World) -> str:
    world.delete_row("images", "USER#bob", "USAGE")
    return "USER#bob"


def leave_counter(world: World) -> str:
    world.put_row("images", "USER#cid", "USAGE", images={"N": "1"}, bytes={"N": "9"}, version={"N": "1"})
    return "USER#cid"


def miscount_items(world: World) -> str:
    world.usages.release("item", "ann", world.items.get_usage(world.item))
    return "USER#ann"


def lose_file(world: World) -> str:
    world.storage.delete(make_file_key(world.file))
    return world.file.id


def leave_file(world: World) -> str:
    key = "files/0c5d9e6a-0000-4000-8000-000000000000/a.pdf"
    world.storage.add(key, b"%PDF", "application/octet-stream")
    return key


def lose_entry_of_file(world: World) -> str:
    ((partition, sort),) = world.files.get_entries(world.file)
    world.delete_row("images", partition, sort)
    return f"{world.file.id} in {partition}"


def age_record(world: World) -> str:
    """An earlier version has written the record."""
    key = {"pk": {"S": f"ITEM#{world.item.id}"}, "sk": {"S": "ITEM"}}
    world.dynamodb.update_item(
        TableName="items",
        Key=key,
        UpdateExpression="SET schema_version = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    return key["pk"]["S"]


BREAKAGES: list[tuple[Callable[[World], str], Flaw]] = [
    (lose_original, Flaw.LOST_ORIGINAL),
    (lose_rendition, Flaw.LOST_RENDITION),
    (add_rendition_to_the_table, Flaw.LOST_RENDITION),
    (lose_event, Flaw.STUCK),
    (lose_upload_event, Flaw.STUCK),
    (kill_after_the_verdict, Flaw.KEPT_BYTES),
    (kill_before_the_other_bytes, Flaw.LOST_ORIGINAL),
    (lose_event_of_other_bytes, Flaw.STUCK),
    (lose_upload_event_of_other_bytes, Flaw.STUCK),
    (kill_after_the_verdict_on_other_bytes, Flaw.KEPT_BYTES),
    (leave_other_bytes, Flaw.ORPHAN),
    (leave_upload_of_a_superseded_form, Flaw.ORPHAN),
    (leave_original_of_a_rejected_image, Flaw.ORPHAN),
    (leave_upload_that_has_ended, Flaw.ORPHAN),
    (lose_end_of_entry, Flaw.WRONG_ENTRY),
    (leave_upload, Flaw.ORPHAN),
    (leave_original, Flaw.ORPHAN),
    (leave_rendition, Flaw.ORPHAN),
    (leave_variant, Flaw.ORPHAN),
    (leave_variant_of_an_old_revision, Flaw.ORPHAN),
    (leave_old_revision, Flaw.ORPHAN),
    (leave_new_revision, Flaw.ORPHAN),
    (lose_entry, Flaw.MISSING_ENTRY),
    (lose_entry_of_same_bytes, Flaw.MISSING_ENTRY),
    (lose_entry_of_item, Flaw.MISSING_ENTRY),
    (leave_entry, Flaw.STRAY_ENTRY),
    (leave_entry_of_a_tag, Flaw.STRAY_ENTRY),
    (miscount, Flaw.WRONG_USAGE),
    (forget_counter, Flaw.WRONG_USAGE),
    (leave_counter, Flaw.WRONG_USAGE),
    (miscount_items, Flaw.WRONG_USAGE),
    (lose_file, Flaw.LOST_FILE),
    (leave_file, Flaw.ORPHAN),
    (lose_entry_of_file, Flaw.MISSING_ENTRY),
    (age_record, Flaw.OLD_FORMAT),
]
