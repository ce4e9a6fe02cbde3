"""The access cases of variants, which run as those in `access.py` do."""

from __future__ import annotations

from tests.support.access import AccessService, strip, upload_ready


class VariantCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    def test_link_shows_its_variant_until_the_links_are_revoked(self, service: AccessService) -> None:
        image = upload_ready(service)
        url = f"/images/{image['id']}/links"
        body = {"width": 65, "height": 33, "fit": "cover", "format": "jpeg"}
        link = strip(service.send("POST", url, "ann", json=body).json["url"])
        for caller in (None, "ben"):
            shown = service.send("GET", link, caller)
            assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")
        changes = [("=65", "=66"), ("=33", "=34"), ("cover", "inside"), ("jpeg", "png"), ("width=65&", "")]
        for other in (*(link.replace(*change) for change in changes), f"{link}&v=1", link[:-1]):
            assert service.send("GET", other, None).status == 404
        assert service.send("DELETE", url, "ann").status == 204
        assert service.send("GET", link, None).status == 404
