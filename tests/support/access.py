"""The access cases: who may do what, for a service whose callers have tokens.

`tests/system` runs them in process, `tests/e2e` runs them against a deployed stack with its own Cognito. Each
of them gives `AccessCases` a fixture `service`.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

from tests.support.api import make_upload
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.api import ApiResponse

PICTURE = make_picture()
CONTENT = b64encode(PICTURE).decode()
MISSING = "00000000-0000-4000-8000-000000000000"
VARIANT = "?width=64&format=png"
CALLERS = ("ann", "ben", "admin", None)

# Method, path behind the image, body; then the statuses for its owner, another user, an admin and a caller
# without a token: first for a public image, then for a private one.
ACCESS: list[tuple[str, str, Any, tuple[int, ...], tuple[int, ...]]] = [
    ("GET", "", None, (200, 200, 200, 200), (200, 404, 200, 404)),
    ("GET", "/content", None, (302, 200, 302, 200), (302, 404, 302, 404)),
    ("GET", "/content/original", None, (302, 403, 302, 403), (302, 404, 302, 404)),
    ("GET", "/content/small", None, (200, 200, 200, 200), (200, 404, 200, 404)),
    ("GET", f"/content{VARIANT}", None, (200, 200, 200, 200), (200, 404, 200, 404)),
    ("GET", "/content?width=65&format=png", None, (422, 422, 422, 422), (422, 404, 422, 404)),
    ("PATCH", "", {"description": "x"}, (200, 403, 200, 401), (200, 404, 200, 401)),
    ("PUT", "", {}, (200, 403, 200, 401), (200, 404, 200, 401)),
    ("PUT", "/content", {"image": {"content": CONTENT}}, (202, 403, 202, 401), (202, 404, 202, 401)),
    (
        "POST",
        "/content/uploads",
        {"contentType": "image/png", "size": 5},
        (201, 403, 201, 401),
        (201, 404, 201, 401),
    ),
    ("POST", "/reprocess", None, (202, 403, 202, 401), (202, 404, 202, 401)),
    ("POST", "/trash", None, (200, 403, 200, 401), (200, 404, 200, 401)),
    ("POST", "/restore", None, (200, 403, 200, 401), (200, 404, 200, 401)),
    ("POST", "/links", {}, (201, 403, 201, 401), (201, 404, 201, 401)),
    ("POST", "/links", {"width": 65}, (201, 403, 201, 401), (201, 404, 201, 401)),
    ("DELETE", "/links", None, (204, 403, 204, 401), (204, 404, 204, 401)),
    ("DELETE", "", None, (204, 403, 204, 401), (204, 404, 204, 401)),
]


class AccessService(Protocol):
    """A running service, and callers of every kind."""

    @property
    def bad_tokens(self) -> Mapping[str, str]:
        """Authorization headers that must not work, by the reason why."""

    def get_user_id(self, caller: str) -> str:
        """Return the user id of a caller."""

    def send(
        self,
        method: str,
        url: str,
        caller: str | None,
        *,
        json: Any = None,  # noqa: ANN401 - JSON is anything
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """Send a request with the caller's token."""

    def await_ready(self, image_id: str, caller: str) -> None:
        """Wait until an image is ready."""

    def await_rejected(self, image_id: str, caller: str) -> None:
        """Wait until an image is rejected."""


def upload(
    service: AccessService,
    owner: str = "ann",
    content: bytes = PICTURE,
    **metadata: Any,  # noqa: ANN401 - JSON
) -> Any:  # noqa: ANN401 - JSON
    response = service.send("POST", "/images/upload", owner, json=make_upload(content, **metadata))
    assert response.status == 201, response.body
    return response.json


def upload_ready(service: AccessService, owner: str = "ann", **metadata: Any) -> Any:  # noqa: ANN401 - JSON
    """Upload an image, and return it as its owner sees it when it is ready."""
    image_id = upload(service, owner, **metadata)["id"]
    service.await_ready(image_id, owner)
    return service.send("GET", f"/images/{image_id}", owner).json


def strip(url: str) -> str:
    """Return the path and the query of a URL of the service."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


class AccessCases:
    """The cases, for a subclass whose module has a fixture `service`."""

    @pytest.mark.parametrize(("method", "path", "body", "public", "private"), ACCESS)
    def test_each_caller_may_do_what_the_policy_says(  # noqa: PLR0913, PLR0917 - a row of the table
        self,
        service: AccessService,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401 - JSON
        public: tuple[int, ...],
        private: tuple[int, ...],
    ) -> None:
        for visibility, expected in (("public", public), ("private", private)):
            seen: dict[str | None, int] = {}
            image = upload_ready(service, visibility=visibility)
            for caller in ("ben", None, "ann", "admin"):
                if 204 in seen.values() and not path:
                    image = upload_ready(service, visibility=visibility)
                if 202 in seen.values():
                    service.await_ready(image["id"], "ann")  # it is processed once at a time
                seen[caller] = service.send(method, f"/images/{image['id']}{path}", caller, json=body).status
            assert tuple(seen[caller] for caller in CALLERS) == expected

    @pytest.mark.parametrize(("method", "path", "body"), [row[:3] for row in ACCESS])
    def test_private_image_of_another_reads_like_a_missing_one(
        self,
        service: AccessService,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401 - JSON
    ) -> None:
        image_id = upload_ready(service)["id"]
        for caller in ("ben", None):
            private, missing = (
                service.send(method, f"/images/{found}{path}", caller, json=body)
                for found in (image_id, MISSING)
            )
            assert private.status == missing.status
            assert private.json | {"requestId": ""} == missing.json | {"requestId": ""}
            assert {*private.headers} == {*missing.headers}

    @pytest.mark.parametrize(("method", "path", "body"), [row[:3] for row in ACCESS])
    def test_bad_token_is_401_for_every_request(
        self,
        service: AccessService,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401 - JSON
    ) -> None:
        assert service.bad_tokens
        for reason, authorization in service.bad_tokens.items():
            headers = {"Authorization": authorization}
            response = service.send(method, f"/images/{MISSING}{path}", None, json=body, headers=headers)
            assert (response.status, response.json["code"]) == (401, "unauthenticated"), reason
            assert response.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')

    def test_only_the_owner_and_admins_see_the_original(self, service: AccessService) -> None:
        image_id = upload_ready(service, visibility="public")["id"]
        for caller in CALLERS:
            response = service.send("GET", f"/images/{image_id}/content", caller)
            image = service.send("GET", f"/images/{image_id}", caller).json
            has_all = caller in {"ann", "admin"}
            is_original = "/originals/" in response.headers.get("Location", "")
            assert (is_original, image["url"] is not None) == (has_all, has_all)
            assert response.headers.get("ETag") == (None if has_all else '"1-large"')

    def test_others_see_no_image_that_is_not_ready(self, service: AccessService) -> None:
        """A rejected image is hidden too, even from a link that was made before."""
        image = upload(service, content=PICTURE[:-100], visibility="public")
        url = f"/images/{image['id']}"
        link = service.send("POST", f"{url}/links", "ann", json={"rendition": "small"}).json["url"]
        service.await_rejected(image["id"], "ann")
        rejected = service.send("GET", url, "ann").json
        assert (rejected["status"], rejected["url"]) == ("rejected", None)
        assert rejected["statusReason"]
        assert service.send("GET", f"{url}/content", "ann").status == 404
        for caller in ("ben", None):
            for path in (url, *(f"{url}/content{rest}" for rest in ("", "/small", VARIANT)), strip(link)):
                assert service.send("GET", path, caller).status == 404
            for query in ("", f"?userId={service.get_user_id('ann')}"):
                listed = service.send("GET", f"/images{query}", caller).json["images"]
                assert image["id"] not in {found["id"] for found in listed}
        own = service.send("GET", f"/images?userId={service.get_user_id('ann')}", "ann").json["images"]
        assert image["id"] in {found["id"] for found in own}

    def test_listing_shows_each_caller_what_they_may_see(self, service: AccessService) -> None:
        ids = {
            (owner, visibility): upload_ready(service, owner, visibility=visibility)["id"]
            for owner in ("ann", "ben")
            for visibility in ("public", "private")
        }
        public = {("ann", "public"), ("ben", "public")}
        ann = service.get_user_id("ann")

        def list_names(query: str, caller: str | None) -> set[tuple[str, str]]:
            response = service.send("GET", f"/images?limit=100{query}", caller)
            listed = {image["id"] for image in response.json["images"]}
            return {name for name, image_id in ids.items() if image_id in listed}

        assert list_names("", None) == public
        assert list_names("", "ann") == public | {("ann", "private")}
        assert list_names(f"&userId={ann}", None) == {("ann", "public")}
        assert list_names(f"&userId={ann}", "ben") == {("ann", "public")}
        assert list_names(f"&userId={ann}&visibility=private", "ben") == set()
        assert list_names(f"&userId={ann}", "admin") == {("ann", "public"), ("ann", "private")}
        assert list_names(f"&userId={ann}&visibility=private", "admin") == {("ann", "private")}

    def test_change_of_visibility_takes_effect_at_once_and_keeps_the_id(self, service: AccessService) -> None:
        image = upload_ready(service, visibility="public")
        url = f"/images/{image['id']}"
        plain = strip(service.send("GET", url, None).json["renditions"]["small"]["url"])
        variant = f"{url}/content{VARIANT}"
        assert service.send("GET", variant, None).status == 200
        for visibility, status in (("private", 404), ("public", 200), ("private", 404)):
            response = service.send("PATCH", url, "ann", json={"visibility": visibility})
            assert (response.status, response.json["id"]) == (200, image["id"])
            assert service.send("GET", url, None).status == status
            assert [service.send("GET", shown, None).status for shown in (plain, variant)] == [status] * 2
            listed = {found["id"] for found in service.send("GET", "/images?limit=100", None).json["images"]}
            assert (image["id"] in listed) is (status == 200)

    def test_item_is_read_with_any_token_and_changed_by_its_creator(self, service: AccessService) -> None:
        def create() -> str:
            return f"/items/{service.send('POST', '/items', 'ann', json={'name': 'a'}).json['id']}"

        url, body = create(), {"name": "b"}
        assert [service.send("GET", url, caller).status for caller in CALLERS] == [200, 200, 200, 401]
        assert [service.send("PUT", url, caller, json=body).status for caller in CALLERS] == [
            200,
            403,
            200,
            401,
        ]
        assert [service.send("DELETE", create(), caller).status for caller in CALLERS] == [204, 403, 204, 401]

    def test_items_are_listed_for_their_creator_or_by_the_name_of_a_user(
        self, service: AccessService
    ) -> None:
        item = service.send("POST", "/items", "ann", json={"name": "a"}).json
        ann = service.get_user_id("ann")

        def lists_it(query: str, caller: str) -> bool:
            listed = service.send("GET", f"/items?limit=100{query}", caller).json["items"]
            return item in listed

        assert lists_it("", "ann")
        assert not lists_it("", "ben")
        assert lists_it(f"&userId={ann}", "ben")
        assert service.send("GET", f"/items?userId={ann}", None).status == 401

    def test_link_shows_its_rendition_until_the_links_are_revoked(self, service: AccessService) -> None:
        image = upload_ready(service)
        url = f"/images/{image['id']}/links"
        response = service.send("POST", url, "ann", json={"rendition": "small", "expiresIn": 600})
        assert response.status == 201
        link = strip(response.json["url"])
        assert link.startswith(f"/images/{image['id']}/content/small?expires=")
        for caller in (None, "ben"):
            shown = service.send("GET", link, caller)
            assert (shown.status, shown.headers["Cache-Control"]) == (200, "private, max-age=60")
        for other in (
            link.replace("small", "large"),
            link.replace("small", "original"),
            link.replace("/small", ""),
            f"{link}&download=1",
            link[:-1],
        ):
            assert service.send("GET", other, None).status == 404
        assert service.send("DELETE", url, "ann").status == 204
        assert service.send("GET", link, None).status == 404
        again = service.send("POST", url, "ann", json={"rendition": "small"}).json["url"]
        assert service.send("GET", strip(again), None).status == 200

    def test_urls_of_a_response_work_for_anyone_who_got_it(self, service: AccessService) -> None:
        image = upload_ready(service)
        urls = [strip(rendition["url"]) for rendition in image["renditions"].values()]
        assert urls
        assert {service.send("GET", url, None).status for url in urls} == {200}
        assert service.send("GET", strip(image["url"]), None).status == 404
        assert service.send("DELETE", f"/images/{image['id']}/links", "ann").status == 204
        assert {service.send("GET", url, None).status for url in urls} == {404}

    def test_deleted_image_has_no_links(self, service: AccessService) -> None:
        image = upload_ready(service)
        service.send("DELETE", f"/images/{image['id']}", "ann")
        assert service.send("GET", strip(image["renditions"]["small"]["url"]), None).status == 404
        assert service.send("GET", f"/images/{image['id']}/content{VARIANT}", "ann").status == 404
