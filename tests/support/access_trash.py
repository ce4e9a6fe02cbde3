"""The access cases of the trash, which run as those in `access.py` do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.access import ACCESS, CALLERS, AccessService, strip, upload_ready


class TrashCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    @pytest.mark.parametrize(("method", "path", "body"), [row[:3] for row in ACCESS])
    def test_image_in_the_trash_is_there_for_its_owner_and_admins_alone(
        self,
        service: AccessService,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401 - JSON
    ) -> None:
        """Whatever its visibility, others see it as a private one. Only links are refused."""
        (expected,) = (row[4] for row in ACCESS if row[:3] == (method, path, body))
        if (method, path) == ("POST", "/links"):
            expected = (409, 404, 409, 401)
        seen: dict[str | None, int] = {}
        for caller in ("ben", None, "ann", "admin"):
            if caller is not None:
                image = upload_ready(service, visibility="public")
                assert service.send("POST", f"/images/{image['id']}/trash", "ann").status == 200
            seen[caller] = service.send(method, f"/images/{image['id']}{path}", caller, json=body).status
        assert tuple(seen[caller] for caller in CALLERS) == expected

    def test_no_url_from_before_shows_what_is_in_the_trash(self, service: AccessService) -> None:
        image = upload_ready(service, visibility="public", tags=["sea"])
        url = f"/images/{image['id']}"
        links = [
            strip(service.send("POST", f"{url}/links", "ann", json=body).json["url"])
            for body in ({"rendition": "small"}, {"rendition": "original"}, {"width": 65, "format": "png"})
        ]
        plain = strip(image["renditions"]["small"]["url"])
        assert service.send("POST", f"{url}/trash", "ann").json["trashedAt"]
        for caller in ("ben", None):
            assert {service.send("GET", path, caller).status for path in (*links, plain)} == {404}
        ann = service.get_user_id("ann")
        trash = f"/images?limit=100&trashed=true&userId={ann}"

        def finds_it(query: str, caller: str | None) -> bool:
            return image["id"] in {found["id"] for found in service.send("GET", query, caller).json["images"]}

        assert [finds_it(trash, caller) for caller in CALLERS] == [True, False, True, False]
        assert not any(finds_it("/images?limit=100&tags=sea", caller) for caller in CALLERS)
        assert service.send("POST", f"{url}/restore", "ann").json["trashedAt"] is None
        assert {service.send("GET", path, None).status for path in (links[0], links[2], plain)} == {200}
