"""The cases of names: whom a caller is taken for, and whom it may name. They run as those of access do."""

from __future__ import annotations

from tests.support.access import PICTURE, AccessService, upload, upload_ready
from tests.support.api import make_upload


class NameCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    def test_claims_of_the_client_change_nothing(self, service: AccessService) -> None:
        image_id = upload_ready(service)["id"]
        ann = service.get_user_id("ann")
        for name in ("X-User-Id", "X-Amzn-Oidc-Identity", "X-Forwarded-User"):
            for caller in ("ben", None):
                url = f"/images/{image_id}?userId={ann}"
                assert service.send("GET", url, caller, headers={name: ann}).status == 404
            response = service.send(
                "POST", "/images/upload", None, headers={name: ann}, json=make_upload(PICTURE)
            )
            assert response.status == 401

    def test_only_an_admin_writes_in_the_name_of_another(self, service: AccessService) -> None:
        ben = service.get_user_id("ben")
        body = make_upload(PICTURE, userId=ben)
        announced = {"contentType": "image/jpeg", "size": 5, "metadata": {"userId": ben}}
        assert service.send("POST", "/images/upload", "ann", json=body).status == 403
        assert service.send("POST", "/images/uploads", "ann", json=announced).status == 403
        assert service.send("POST", "/images/upload", "admin", json=body).json["userId"] == ben

    def test_each_caller_reads_who_they_are(self, service: AccessService) -> None:
        for caller in ("ann", "ben", "admin"):
            me = service.send("GET", "/me", caller).json
            assert (me["userId"], me["isAdmin"]) == (service.get_user_id(caller), caller == "admin")
        refused = service.send("GET", f"/me?userId={service.get_user_id('ann')}", None)
        assert (refused.status, refused.json["code"]) == (401, "unauthenticated")

    def test_nobody_erases_another(self, service: AccessService) -> None:
        url = f"/me?userId={service.get_user_id('ann')}"
        assert [service.send("DELETE", url, caller).status for caller in ("ben", "admin", None)] == [
            403,
            403,
            401,
        ]
        for token in service.bad_tokens.values():
            assert service.send("DELETE", "/me", None, headers={"Authorization": token}).status == 401
        assert {
            caller: service.send("GET", "/me", caller).json["erasure"] for caller in ("ann", "ben", "admin")
        } == {"ann": None, "ben": None, "admin": None}

    def test_only_an_admin_reads_what_another_uses(self, service: AccessService) -> None:
        upload(service)
        url = f"/limits?userId={service.get_user_id('ann')}"
        own = service.send("GET", "/limits", "ann").json["used"]
        assert own["images"]
        assert service.send("GET", url, "ann").json["used"] == own
        assert service.send("GET", "/limits?userId=me", "ann").json["used"] == own
        assert service.send("GET", url, "admin").json["used"] == own
        assert [service.send("GET", url, caller).status for caller in ("ben", None)] == [403, 403]

    def test_me_names_the_caller_in_listings(self, service: AccessService) -> None:
        mine = upload_ready(service, visibility="public")["id"]
        other = upload_ready(service, "ben", visibility="public")["id"]
        item = service.send("POST", "/items", "ann", json={"name": "a"}).json
        listed = service.send("GET", "/images?userId=me&limit=100", "ann").json["images"]
        assert {mine, other} & {image["id"] for image in listed} == {mine}
        assert item in service.send("GET", "/items?userId=me&limit=100", "ann").json["items"]
        for path in ("/images?userId=me", "/items?userId=me", "/limits?userId=me"):
            assert service.send("GET", path, None).status == 401

    def test_query_of_a_write_names_nobody_else(self, service: AccessService) -> None:
        image_id, ben = upload_ready(service)["id"], service.get_user_id("ben")
        response = service.send("POST", f"/items?userId={ben}", "admin", json={"name": "a"})
        assert response.json["userId"] == service.get_user_id("admin")
        for method in ("PATCH", "DELETE"):
            url = f"/images/{image_id}?userId={ben}"
            assert service.send(method, url, "ann", json={}).status == 403
