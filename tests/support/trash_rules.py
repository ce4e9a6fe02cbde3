"""The rules of the model about the trash, one by one and in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis.stateful import Bundle, rule

from tests.support.comparison import Attempt, flags
from tests.support.replacing import ReplacementRules
from tests.support.service import add_headers, write_json
from tests.support.strategies import attempts

if TYPE_CHECKING:
    from tests.support.lives import Image


class TrashRules(ReplacementRules):
    """Images go into the trash, come back, and end in it."""

    images: Bundle[Image] = Bundle("images")

    @rule(image=images, attempt=attempts, is_trashed=flags, is_keyed=flags)
    def move(self, image: Image, attempt: Attempt, is_trashed: bool, is_keyed: bool) -> None:
        url = f"/images/{image.id}/{'trash' if is_trashed else 'restore'}"
        if self.write("POST", url, image, attempt, status=200, is_keyed=is_keyed):
            image.move(is_trashed=is_trashed)

    @rule(one=images, other=images, attempt=attempts, is_trashed=flags, is_keyed=flags)
    def move_both(self, one: Image, other: Image, attempt: Attempt, is_trashed: bool, is_keyed: bool) -> None:
        """The two have results of their own, also if they are of different users."""
        pair = [one] if one is other else [one, other]
        user, action = attempt.name_user(one), "trash" if is_trashed else "restore"
        body = write_json({"action": action, "ids": [image.id for image in pair]})
        headers = {"Idempotency-Key": f"batch-{self.turns}"} if is_keyed else {}
        for _ in range(1 + is_keyed):
            response = self.api.request("POST", "/images/batch", user=user, **add_headers(body, headers))
            statuses = [result["status"] for result in response.json["results"]]
            assert statuses == [self.model.refuse_write(user, image, None) or 200 for image in pair]
        for image, status in zip(pair, statuses, strict=True):
            if status == 200:
                image.move(is_trashed=is_trashed)

    @rule(image=images, is_ended=flags)
    def end_trash(self, image: Image, is_ended: bool) -> None:
        if image.exists and image.is_trashed and is_ended:
            self.service.expire(image.id)
            image.exists = False
