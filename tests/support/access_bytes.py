"""The access cases of images that are found by their bytes, which run as those in `access.py` do."""

from __future__ import annotations

from tests.support.access import CALLERS, AccessService, upload_ready


class BytesCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    def test_images_are_found_by_their_bytes_for_their_owner_and_admins(self, service: AccessService) -> None:
        image = upload_ready(service, visibility="public", tags=["same"])
        url, owner = f"/images?sha256={image['sha256']}&tags=same", f"&userId={service.get_user_id('ann')}"
        expected = {"ann": 200, "ben": 403, "admin": 200, None: 401}
        for caller, status in expected.items():
            response = service.send("GET", url + owner, caller)
            assert response.status == status
            if status == 200:
                assert image["id"] in [found["id"] for found in response.json["images"]]
        assert [service.send("GET", url, caller).status for caller in CALLERS] == [200, 200, 200, 401]
        assert service.send("GET", url, "ben").json["images"] == []
