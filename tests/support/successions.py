"""The parts of the fault matrix for replacements: other bytes take the place of those of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.keys import make_original_key, make_upload_key
from shared.lifecycle import Event, Status
from shared.models import Visibility
from tests.support.images import list_kept_keys
from tests.support.pictures import make_picture
from tests.support.scenarios import MAX_RETRIES, PICTURE, add_private, leave_variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.deployment import Deployment
    from tests.support.faults import Injection

SMALL_PICTURE = make_picture(width=20, height=10)
OTHER_PICTURE = make_picture(width=200, height=100)


def begin_replacement(deployment: Deployment, content: bytes = OTHER_PICTURE) -> str:
    """A private image with a variant, whose replacement is stored, and not processed yet."""
    image_id = add_private(deployment)
    leave_variant(deployment, image_id)
    replace(deployment, image_id, content)
    assert deployment.follow()
    deployment.wire.written.clear()
    return image_id


def replace(deployment: Deployment, image_id: str, content: bytes) -> None:
    options: dict[str, Any] = {"body": content, "encode": True, "headers": {"Content-Type": "image/png"}}
    response = deployment.request("PUT", f"/images/{image_id}/content", user="ann", **options)
    assert response
    assert response.status == 202


def begin_damaged_replacement(deployment: Deployment) -> str:
    return begin_replacement(deployment, OTHER_PICTURE[:-100])


def announce_replacement(deployment: Deployment) -> str:
    """A private image, and a form for other bytes, which have come."""
    image_id = add_private(deployment)
    direct = {"contentType": "image/jpeg", "size": len(OTHER_PICTURE)}
    assert deployment.request("POST", f"/images/{image_id}/content/uploads", user="ann", json=direct)
    deployment.storage.add(make_upload_key(image_id, 2), OTHER_PICTURE, "image/jpeg")
    deployment.wire.written.clear()
    return image_id


def accept_replacement(deployment: Deployment) -> str:
    image_id = announce_replacement(deployment)
    deployment.deliver(make_upload_key(image_id, 2))
    deployment.wire.written.clear()
    return image_id


def leave_replaced(deployment: Deployment) -> str:
    """An image that has become smaller. The change is still to be followed."""
    image_id = begin_replacement(deployment, SMALL_PICTURE)
    assert deployment.deliver(make_original_key(image_id, 2))
    return image_id


def leave_superseded(deployment: Deployment) -> str:
    """An image whose second replacement has taken the place of one that had failed."""
    image_id = begin_replacement(deployment)
    assert deployment.images.apply(image_id, Event.FAIL, reason="Why.", revision=2)
    replace(deployment, image_id, SMALL_PICTURE)
    return image_id


def check_bytes(content: bytes, *, versions: int = 2) -> Callable[[Deployment, str], object]:
    """Make a check: the image has these bytes, no object is left over, and no form is counted."""

    def check(deployment: Deployment, image_id: str) -> None:
        image = deployment.images.get(image_id)
        assert (image.status, image.replacement) == (Status.READY, None)
        assert (image.size, image.visibility, image.tags) == (len(content), Visibility.PRIVATE, ("sea",))
        assert image.version <= 1 + versions + deployment.sent
        assert deployment.storage.get(make_original_key(image_id, image.revision)) == content
        check_objects(deployment, image_id, image.revision)

    return check


def check_objects(deployment: Deployment, image_id: str, revision: int) -> None:
    keys = {key for page in deployment.storage.list_keys() for key, _ in page}
    assert keys == {*list_kept_keys(image_id, revision)}


def check_not_replaced(deployment: Deployment, image_id: str) -> None:
    """The image is as it was, and the owner can read why."""
    image = deployment.images.get(image_id)
    assert (image.status, image.size, image.revision) == (Status.READY, len(PICTURE), 1)
    assert image.replacement
    assert (image.replacement.status, image.replacement.has_original) == (Status.REJECTED, False)
    assert image.replacement.status_reason
    check_objects(deployment, image_id, 1)


def check_form(deployment: Deployment, image_id: str) -> None:
    """A form is counted once. One whose request was killed ends by itself."""
    image = deployment.images.get(image_id)
    assert image.replacement
    assert (image.status, image.replacement.status) == (Status.READY, Status.PENDING)
    assert deployment.usages.get("ann").pending_uploads in range(1, 2 + MAX_RETRIES)
    check_objects(deployment, image_id, 1)


def tell_of_second_upload(deployment: Deployment, image_id: str, injection: Injection | None) -> bool:
    return deployment.deliver(make_upload_key(image_id, 2), injection)


def tell_of_second_original(deployment: Deployment, image_id: str, injection: Injection | None) -> bool:
    return deployment.deliver(make_original_key(image_id, 2), injection)
