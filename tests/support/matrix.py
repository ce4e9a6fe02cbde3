"""The requests and events of the fault matrix."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from shared.models import Visibility
from tests.support.api import make_form, make_upload
from tests.support.batching import BATCH_OPERATIONS
from tests.support.displays import QUERY, add_shown, add_varied, check_no_variant, check_variant, link_variant
from tests.support.duplicates import DUPLICATE_OPERATIONS
from tests.support.scenarios import (
    KEY,
    PICTURE,
    Operation,
    Step,
    add_damaged,
    add_everything,
    add_file,
    add_item,
    add_private,
    add_two,
    add_uploaded,
    begin_erasure,
    check_erased,
    check_image,
    check_items,
    check_no_bytes,
    check_no_file,
    check_nothing,
    check_one_file,
    check_one_image,
    check_one_pending,
    check_ready,
    check_rejected,
    check_some_images,
    erase_all,
    leave_file,
    leave_objects,
    leave_original,
    leave_rejected,
    post_accepted,
    post_right,
    post_wrong,
    tell_of_change,
    tell_of_original,
    tell_of_upload,
)
from tests.support.successions import (
    OTHER_PICTURE,
    SMALL_PICTURE,
    accept_replacement,
    announce_replacement,
    begin_damaged_replacement,
    begin_replacement,
    check_bytes,
    check_form,
    check_not_replaced,
    leave_replaced,
    leave_superseded,
    tell_of_second_original,
    tell_of_second_upload,
)
from tests.support.tagging import TAG_OPERATIONS, TAG_STEPS
from tests.support.trashing import TRASH_OPERATIONS, TRASH_STEPS

RAW = {"body": PICTURE, "encode": True, "headers": {"Content-Type": "image/jpeg", **KEY}}
FORM = make_form(("tags", "sea"), file=PICTURE)
FORM_WITH_KEY = {**FORM, "headers": {**FORM["headers"], **KEY}}
PATCH: dict[str, Any] = {"json": {"description": "x", "tags": ["sun"]}}
MADE = f"/images/{{}}/content?{QUERY}"
OPERATIONS = [
    Operation(
        "upload", "POST", "/images/upload", {201}, {"json": make_upload(PICTURE)}, check=check_some_images
    ),
    Operation(
        "upload by JSON with key",
        "POST",
        "/images/upload",
        {201},
        {"json": make_upload(PICTURE), "headers": KEY},
        check=check_one_image,
    ),
    Operation(
        "upload by form with key", "POST", "/images/upload", {201}, FORM_WITH_KEY, check=check_one_image
    ),
    Operation("upload of bytes with key", "POST", "/images/upload", {201}, RAW, check=check_one_image),
    Operation(
        "begin a direct upload",
        "POST",
        "/images/uploads",
        {201},
        {"json": {"contentType": "image/jpeg", "size": 9}, "headers": KEY},
        check=check_one_pending,
    ),
    Operation(
        "update",
        "PATCH",
        "/images/{}",
        {200},
        PATCH,
        add_private,
        check_image(description="x", tags=("sun",)),
    ),
    Operation(
        "publish",
        "PATCH",
        "/images/{}",
        {200},
        {"json": {"visibility": "public"}},
        add_private,
        check_image(visibility=Visibility.PUBLIC),
    ),
    Operation("delete", "DELETE", "/images/{}", {204, 404}, {}, add_private, check_nothing),
    Operation(
        "reprocess",
        "POST",
        "/images/{}/reprocess",
        {202},
        {"headers": KEY},
        add_private,
        check_ready,
    ),
    Operation(
        "replace",
        "PUT",
        "/images/{}/content",
        {202},
        {"json": {"image": {"content": b64encode(OTHER_PICTURE).decode()}}},
        add_private,
        check_bytes(OTHER_PICTURE),
    ),
    Operation(
        "replace by a smaller one with key",
        "PUT",
        "/images/{}/content",
        {202},
        {"body": SMALL_PICTURE, "encode": True, "headers": {"Content-Type": "image/jpeg", **KEY}},
        add_private,
        check_bytes(SMALL_PICTURE),
    ),
    Operation(
        "begin a direct replacement",
        "POST",
        "/images/{}/content/uploads",
        {201},
        {"json": {"contentType": "image/jpeg", "size": 9}, "headers": KEY},
        add_private,
        check_form,
    ),
    Operation("make a link", "POST", "/images/{}/links", {201}, {"headers": KEY}, add_private),
    Operation("revoke links", "DELETE", "/images/{}/links", {204}, {}, add_private),
    Operation("read", "GET", "/images/{}", {200}, {}, add_private, check_image(version=1)),
    Operation("list", "GET", "/images?limit=1&tags=sea", {200}, {}, add_two),
    Operation("go to the original", "GET", "/images/{}/content", {302}, {}, add_private),
    Operation("show a rendition", "GET", "/images/{}/content/small", {200}, {}, add_private),
    Operation("make a variant", "GET", MADE, {200}, {}, add_shown, check_variant),
    Operation("show a variant", "GET", MADE, {200}, {}, add_varied, check_variant),
    Operation("make a variant of a link", "GET", "{}", {200}, {}, link_variant, check_no_variant),
    Operation("read limits", "GET", "/limits", {200}, {}, add_private),
    Operation("read the caller", "GET", "/me", {200}, {}, add_private),
    Operation("erase the caller", "DELETE", "/me", {202}, {}, add_everything, check_erased),
    Operation("read an erasure", "GET", "/me", {200}, {}, begin_erasure, check_erased),
    Operation(
        "add an item",
        "POST",
        "/items",
        {201},
        {"json": {"name": "a"}, "headers": KEY},
        check=check_items("a"),
    ),
    Operation("list items", "GET", "/items", {200}, {}, add_item, check_items("a")),
    Operation("read an item", "GET", "/items/{}", {200}, {}, add_item, check_items("a")),
    Operation(
        "replace an item", "PUT", "/items/{}", {200}, {"json": {"name": "b"}}, add_item, check_items("b")
    ),
    Operation("delete an item", "DELETE", "/items/{}", {204, 404}, {}, add_item, check_items()),
    Operation(
        "legacy upload",
        "POST",
        "/upload",
        {201},
        {**make_form(file=PICTURE), "headers": {**FORM["headers"], **KEY}},
        check=check_one_file,
    ),
    Operation("list files", "GET", "/files", {200}, {}, add_file, check_one_file),
    Operation("read a file", "GET", "/files/{}", {200}, {}, add_file, check_one_file),
    Operation("delete a file", "DELETE", "/files/{}", {204, 404}, {}, add_file, check_no_file),
    *TRASH_OPERATIONS,
    *TAG_OPERATIONS,
    *BATCH_OPERATIONS,
    *DUPLICATE_OPERATIONS,
]
STEPS = [
    Step("process", tell_of_original, add_uploaded, check_one_image),
    Step("accept a direct upload", tell_of_upload, post_right, check_one_image),
    Step("process a direct upload", tell_of_original, post_accepted, check_one_image),
    Step("reject an image", tell_of_original, add_damaged, check_rejected),
    Step("refuse a direct upload", tell_of_upload, post_wrong, check_rejected),
    Step("process a replacement", tell_of_second_original, begin_replacement, check_bytes(OTHER_PICTURE)),
    Step("reject a replacement", tell_of_second_original, begin_damaged_replacement, check_not_replaced),
    Step(
        "accept a direct replacement",
        tell_of_second_upload,
        announce_replacement,
        check_bytes(OTHER_PICTURE, versions=3),
    ),
    Step(
        "process a direct replacement",
        tell_of_second_original,
        accept_replacement,
        check_bytes(OTHER_PICTURE, versions=3),
    ),
    Step("follow a replacement", tell_of_change, leave_replaced, check_bytes(SMALL_PICTURE)),
    Step(
        "follow a replacement of another",
        tell_of_change,
        leave_superseded,
        check_bytes(SMALL_PICTURE, versions=4),
    ),
    Step("process what has no record", tell_of_original, leave_original, check_nothing),
    Step("follow a removal", tell_of_change, leave_objects, check_nothing),
    Step("follow a removal of a file", tell_of_change, leave_file, check_no_bytes),
    Step("erase everything of a user", tell_of_change, begin_erasure, check_erased),
    Step("finish an erasure", tell_of_change, erase_all, check_erased),
    Step("follow a rejection", tell_of_change, leave_rejected, check_rejected),
    *TRASH_STEPS,
    *TAG_STEPS,
]
