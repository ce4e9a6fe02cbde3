"""The access cases of tags, which run as those in `access.py` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.access import upload_ready

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
        assert seen["ann"].json == seen["admin"].json == service.send("GET", "/tags", "ann").json
        assert service.send("GET", "/tags?userId=me", None).status == 401
