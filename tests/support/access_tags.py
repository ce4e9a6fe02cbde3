"""The access cases of tags, which run as those in `access.py` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.access import upload_ready
from tests.support.client import await_value

if TYPE_CHECKING:
    from tests.support.access import AccessService


class TagCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    def test_tags_are_for_their_user_and_for_admins_who_name_the_user(self, service: AccessService) -> None:
        """Also those of public images: together they tell what somebody keeps."""
        for visibility in ("public", "private"):
            upload_ready(service, visibility=visibility, tags=["sea"])
        named = f"/tags?userId={service.get_user_id('ann')}"
        seen = {caller: service.send("GET", named, caller) for caller in ("ann", "ben", "admin", None)}
        assert {caller: found.status for caller, found in seen.items()} == {
            "ann": 200,
            "ben": 403,
            "admin": 200,
            None: 401,
        }

        pages = ((named, "ann"), (named, "admin"), ("/tags", "ann"))

        def are_equal() -> bool | None:
            """The counts follow the uploads, maybe between two of these requests."""
            first, *others = (service.send("GET", path, caller).json for path, caller in pages)
            return True if all(other == first for other in others) else None

        assert await_value(are_equal)
        assert service.send("GET", "/tags?userId=me", None).status == 401
