"""Who may do what where callers have tokens, through the handler."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from shared.models import Item, ProcessingResult, Rendition, Status
from shared.observability import get_logger
from tests.access import ACCESS
from tests.api import BASE_URL, REQUEST_ID, make_form, make_upload
from tests.pictures import make_picture
from tests.records import START
from tests.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from tests.api import Answer, Api

PICTURE = make_picture()
MISSING = "00000000-0000-4000-8000-000000000000"
CALLERS = ("ann", "ben", "admin", None)


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with requiring_tokens(monkeypatch):
        yield


def authorize(user: str | None) -> dict[str, str]:
    if user is None:
        return {}
    groups: dict[str, Any] = {"cognito:groups": ["admin"]} if user == "admin" else {}
    return {"Authorization": f"Bearer {make_token(user, **groups)}"}


def send(api: Api, method: str, url: str, user: str | None, **options: Any) -> Answer:  # noqa: ANN401 - of `request`
    headers = authorize(user) | options.pop("headers", {})
    return api.request(method, url, headers=headers, **options)


def upload(api: Api, images: ImageRepository, user: str = "ann", **metadata: Any) -> Any:  # noqa: ANN401 - JSON
    """An image that is ready, as its owner sees it."""
    answer = send(api, "POST", "/images/upload", user, json=make_upload(PICTURE, **metadata))
    assert answer.status == 201, answer.body
    image_id = answer.json["id"]
    rendition = Rendition(width=80, height=40, size=10)
    renditions: Any = dict.fromkeys(("thumbnail", "small", "medium", "large"), rendition)
    images.set_result(image_id, ProcessingResult(status=Status.READY, renditions=renditions))
    return send(api, "GET", f"/images/{image_id}", user).json


def strip(url: str) -> str:
    """The path and the query of a URL of ours."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


class TestImages:
    @pytest.mark.parametrize(("method", "path", "body", "public", "private"), ACCESS)
    def test_each_caller_may_do_what_the_policy_says(  # noqa: PLR0913, PLR0917 - a row of the table
        self,
        api: Api,
        images: ImageRepository,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401 - JSON
        public: tuple[int, ...],
        private: tuple[int, ...],
    ) -> None:
        for visibility, expected in (("public", public), ("private", private)):
            seen = []
            for user in CALLERS:
                image = upload(api, images, visibility=visibility)
                seen.append(send(api, method, f"/images/{image['id']}{path}", user, json=body).status)
            assert tuple(seen) == expected

    def test_what_is_not_theirs_and_what_is_not_there_read_the_same(
        self, api: Api, images: ImageRepository
    ) -> None:
        image_id = upload(api, images)["id"]
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/content", None),
            ("GET", "/content/small", None),
            ("PATCH", "", {"description": "x"}),
            ("DELETE", "", None),
            ("POST", "/reprocess", None),
            ("POST", "/links", {}),
        ):
            for user in ("ben", None):
                not_theirs, not_there = (
                    send(api, method, f"/images/{found}{path}", user, json=body)
                    for found in (image_id, MISSING)
                )
                assert not_theirs.body == not_there.body
                assert not_theirs.headers == not_there.headers
                assert not_theirs.status == not_there.status

    def test_only_the_owner_and_admins_see_the_original(self, api: Api, images: ImageRepository) -> None:
        image_id = upload(api, images, visibility="public")["id"]
        for user in CALLERS:
            location = send(api, "GET", f"/images/{image_id}/content", user).headers["Location"]
            assert ("/originals/" in location) is (user in {"ann", "admin"})
        for user in CALLERS:
            image = send(api, "GET", f"/images/{image_id}", user).json
            assert (image["url"] is not None) is (user in {"ann", "admin"})

    def test_listing_shows_each_caller_what_they_may_see(self, api: Api, images: ImageRepository) -> None:
        ids = {
            (user, visibility): upload(api, images, user, visibility=visibility)["id"]
            for user in ("ann", "ben")
            for visibility in ("public", "private")
        }
        public = {("ann", "public"), ("ben", "public")}

        def list_names(query: str, user: str | None) -> set[tuple[str, str]]:
            listed = {image["id"] for image in send(api, "GET", f"/images{query}", user).json["images"]}
            return {name for name, image_id in ids.items() if image_id in listed}

        assert list_names("", None) == public
        assert list_names("", "ann") == public | {("ann", "private")}
        assert list_names("?userId=ann", None) == {("ann", "public")}
        assert list_names("?userId=ann", "ben") == {("ann", "public")}
        assert list_names("?userId=ann&visibility=private", "ben") == set()
        assert list_names("?userId=ann", "admin") == {("ann", "public"), ("ann", "private")}
        assert list_names("?userId=ann&visibility=private", "admin") == {("ann", "private")}

    def test_change_of_visibility_takes_effect_at_once_and_keeps_the_id(
        self, api: Api, images: ImageRepository
    ) -> None:
        image = upload(api, images, visibility="public")
        url = f"/images/{image['id']}"
        plain = strip(send(api, "GET", url, None).json["renditions"]["small"]["url"])
        for visibility, status in (("private", 404), ("public", 200), ("private", 404)):
            answer = send(api, "PATCH", url, "ann", json={"visibility": visibility})
            assert (answer.status, answer.json["id"]) == (200, image["id"])
            assert send(api, "GET", url, None).status == status
            assert send(api, "GET", plain, None).status == {200: 302, 404: 404}[status]
            listed = send(api, "GET", "/images", None).json["images"]
            assert [found["id"] for found in listed] == ([image["id"]] if status == 200 else [])


class TestClaims:
    @pytest.mark.parametrize(
        "options",
        [
            {"json": make_upload(PICTURE, userId="ben")},
            make_form(("userId", "ben"), file=PICTURE),
            {"body": PICTURE, "encode": True, "headers": {"Content-Type": "image/jpeg"}},
        ],
        ids=["json", "form", "raw"],
    )
    def test_write_in_the_name_of_another_is_403_however_it_is_sent(
        self, api: Api, options: dict[str, Any]
    ) -> None:
        query = "?userId=ben" if "body" in options and options["body"] == PICTURE else ""
        options = dict(options)
        headers = options.pop("headers", {})
        answer = send(api, "POST", f"/images/upload{query}", "ann", headers=headers, **options)
        assert answer.problem == (403, "forbidden", [])

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/images/upload"),
            ("POST", "/images/uploads"),
            ("PATCH", f"/images/{MISSING}"),
            ("DELETE", f"/images/{MISSING}"),
            ("POST", f"/images/{MISSING}/links"),
            ("POST", "/items"),
            ("POST", "/upload"),
        ],
    )
    def test_query_of_a_write_names_no_other(self, api: Api, method: str, path: str) -> None:
        assert send(api, method, f"{path}?userId=ben", "ann", json={}).problem == (403, "forbidden", [])

    def test_direct_upload_and_change_name_no_other_either(self, api: Api, images: ImageRepository) -> None:
        body = {"contentType": "image/jpeg", "size": 5, "metadata": {"userId": "ben"}}
        assert send(api, "POST", "/images/uploads", "ann", json=body).status == 403
        url = f"/images/{upload(api, images)['id']}"
        assert send(api, "PATCH", url, "ann", json={"userId": "ben"}).problem == (
            422,
            "invalid_fields",
            ["userId"],
        )

    @pytest.mark.parametrize(
        "headers", [{"X-User-Id": "ann"}, {"X-Amzn-Oidc-Identity": "ann"}, {"X-Forwarded-User": "ann"}]
    )
    def test_headers_that_name_a_user_change_nothing(
        self, api: Api, images: ImageRepository, headers: dict[str, str]
    ) -> None:
        image_id = upload(api, images)["id"]
        for user, status in ((None, 404), ("ben", 404)):
            assert send(api, "GET", f"/images/{image_id}", user, headers=headers).status == status
        answer = send(api, "POST", "/images/upload", None, headers=headers, json=make_upload(PICTURE))
        assert answer.status == 401
        assert send(api, "GET", f"/images/{image_id}?userId=ann", "ben").status == 404

    def test_admin_may_write_in_the_name_of_another(self, api: Api) -> None:
        answer = send(api, "POST", "/images/upload", "admin", json=make_upload(PICTURE, userId="ben"))
        assert (answer.status, answer.json["userId"]) == (201, "ben")

    @pytest.mark.parametrize(
        ("authorization", "error"),
        [
            ("Bearer x", "invalid_token"),
            ("Bearer", "invalid_token"),
            ("", "invalid_token"),
            ("Basic YTpi", "invalid_token"),
            ("Bearer a b", "invalid_token"),
        ],
    )
    def test_bad_token_is_401_even_where_none_is_needed(
        self, api: Api, authorization: str, error: str
    ) -> None:
        answer = api.get("/images", headers={"Authorization": authorization})
        assert answer.problem == (401, "unauthenticated", [])
        assert f'error="{error}"' in answer.headers["WWW-Authenticate"]

    def test_write_without_a_token_is_401_before_its_body_is_read(self, api: Api) -> None:
        for path in ("/images/upload", "/images/uploads", "/items", "/upload"):
            answer = api.post(path, body=b"{", headers={"Content-Type": "application/json"})
            assert answer.problem == (401, "unauthenticated", [])
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_preflight_of_every_route_needs_no_token_and_admits_no_credentials(self, api: Api) -> None:
        for path in api.get("/openapi.json").json["paths"]:
            answer = api.request("OPTIONS", path, headers={"Origin": "https://example.org"})
            assert answer.status == 204
            assert {"Authorization", "If-Match"} <= set(
                answer.headers["Access-Control-Allow-Headers"].split(",")
            )
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_service_itself_needs_no_token(self, api: Api) -> None:
        for path in ("/health", "/limits", "/openapi.json", "/docs"):
            assert api.get(path).status == 200

    def test_document_names_tokens_and_not_the_header(self, api: Api) -> None:
        document = api.get("/openapi.json").json
        assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        assert "X-User-Id" not in json.dumps(document)
        assert "401" in document["paths"]["/images"]["get"]["responses"]


class TestItems:
    def test_whoever_is_signed_in_reads_and_only_its_creator_or_an_admin_changes(self, api: Api) -> None:
        def create() -> str:
            return f"/items/{send(api, 'POST', '/items', 'ann', json={'name': 'a'}).json['id']}"

        url = create()
        assert [send(api, "GET", url, user).status for user in CALLERS] == [200, 200, 200, 401]
        body = {"name": "b"}
        assert [send(api, "PUT", url, user, json=body).status for user in CALLERS] == [200, 403, 200, 401]
        assert [send(api, "DELETE", create(), user).status for user in CALLERS] == [204, 403, 204, 401]

    def test_listing_is_the_callers_or_that_of_whom_they_name(self, api: Api) -> None:
        item = send(api, "POST", "/items", "ann", json={"name": "a"}).json
        assert send(api, "GET", "/items", "ann").json["items"] == [item]
        assert send(api, "GET", "/items", "ben").json["items"] == []
        assert send(api, "GET", "/items?userId=ann", "ben").json["items"] == [item]
        assert send(api, "GET", "/items?userId=ann", None).status == 401


class TestLinks:
    def test_link_shows_its_rendition_without_a_token_until_links_are_revoked(
        self, api: Api, images: ImageRepository
    ) -> None:
        image = upload(api, images)
        url = f"/images/{image['id']}/links"
        answer = send(api, "POST", url, "ann", json={"rendition": "small", "expiresIn": 60})
        assert answer.status == 201
        link = answer.json["url"]
        assert link.startswith(f"{BASE_URL}/images/{image['id']}/content/small?expires=")
        shown = send(api, "GET", strip(link), None)
        assert shown.status == 302
        assert shown.headers["Cache-Control"] == "private, no-store"
        assert send(api, "GET", strip(link), "ben").status == 302
        for other in ("large", "thumbnail"):
            assert send(api, "GET", strip(link).replace("small", other), None).status == 404
        assert send(api, "GET", strip(link).replace("/small", ""), None).status == 404
        assert send(api, "DELETE", url, "ann").status == 204
        assert send(api, "GET", strip(link), None).status == 404
        again = send(api, "POST", url, "ann", json={"rendition": "small"}).json["url"]
        assert send(api, "GET", strip(again), None).status == 302

    def test_link_without_wishes_shows_the_large_rendition(self, api: Api, images: ImageRepository) -> None:
        answer = send(api, "POST", f"/images/{upload(api, images)['id']}/links", "ann")
        assert answer.status == 201
        assert "/content/large?" in answer.json["url"]

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"expiresIn": 0}, ["expiresIn"]),
            ({"expiresIn": 604_801}, ["expiresIn"]),
            ({"rendition": "original"}, ["rendition"]),
            ({"more": 1}, ["more"]),
        ],
    )
    def test_wrong_field_is_named(
        self, api: Api, images: ImageRepository, body: dict[str, Any], fields: list[str]
    ) -> None:
        answer = send(api, "POST", f"/images/{upload(api, images)['id']}/links", "ann", json=body)
        assert answer.problem == (422, "invalid_fields", fields)

    def test_urls_of_an_answer_work_as_they_stand_for_whoever_got_it(
        self, api: Api, images: ImageRepository
    ) -> None:
        image = upload(api, images)
        for rendition in image["renditions"].values():
            assert send(api, "GET", strip(rendition["url"]), None).status == 302
        assert send(api, "GET", strip(image["url"]), None).status == 404
        assert send(api, "DELETE", f"/images/{image['id']}/links", "ann").status == 204
        assert send(api, "GET", strip(image["renditions"]["small"]["url"]), None).status == 404

    def test_deleted_image_has_no_links(self, api: Api, images: ImageRepository) -> None:
        image = upload(api, images)
        send(api, "DELETE", f"/images/{image['id']}", "ann")
        answer = send(api, "GET", strip(image["renditions"]["small"]["url"]), None)
        assert answer.problem == (404, "not_found", [])

    def test_bad_token_is_401_even_with_a_good_link(self, api: Api, images: ImageRepository) -> None:
        url = strip(upload(api, images)["renditions"]["small"]["url"])
        assert api.get(url, headers={"Authorization": "Bearer x"}).status == 401


class TestCursors:
    def test_cursor_is_good_for_its_caller_alone(self, api: Api, images: ImageRepository) -> None:
        for _ in range(3):
            upload(api, images, visibility="public")
        cursor = send(api, "GET", "/images?limit=1", "ann").json["nextCursor"]
        assert send(api, "GET", f"/images?limit=1&cursor={cursor}", "ann").status == 200
        for user in ("ben", "admin", None):
            answer = send(api, "GET", f"/images?limit=1&cursor={cursor}", user)
            assert answer.problem == (422, "invalid_fields", ["cursor"])


def test_item_without_a_user_belongs_to_nobody_who_has_a_token(api: Api, items: ItemRepository) -> None:
    items.add(Item(id=MISSING, name="a", created_at=START, updated_at=START))
    url, body = f"/items/{MISSING}", {"name": "b"}
    assert [send(api, "GET", url, user).status for user in CALLERS] == [200, 200, 200, 401]
    assert [send(api, "PUT", url, user, json=body).status for user in CALLERS] == [403, 403, 200, 401]


def test_cursor_of_anothers_items_is_good_for_its_caller_alone(api: Api) -> None:
    for _ in range(3):
        send(api, "POST", "/items", "ann", json={"name": "a"})
    cursor = send(api, "GET", "/items?userId=ann&limit=1", "ben").json["nextCursor"]
    url = f"/items?userId=ann&limit=1&cursor={cursor}"
    assert send(api, "GET", url, "ben").status == 200
    assert send(api, "GET", url, "ann").problem == (422, "invalid_fields", ["cursor"])


@pytest.mark.parametrize("name", ["a%20b", "x" * 3000, "%C3%A9"])
def test_odd_name_in_the_query_of_an_admins_write_is_refused(api: Api, name: str) -> None:
    answer = send(api, "POST", f"/images/upload?userId={name}", "admin", json=make_upload(PICTURE))
    assert answer.problem == (422, "invalid_fields", ["userId"])


def test_no_secret_of_a_request_is_logged(
    api: Api, images: ImageRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    secrets: dict[str, Any] = {
        "filename": "canary-name.jpg",
        "description": "canary-description",
        "tags": ["canary-tag"],
    }
    token = authorize("ann")["Authorization"]
    image = send(
        api,
        "POST",
        "/images/upload",
        None,
        headers={"Authorization": token},
        json=make_upload(PICTURE, **secrets),
    ).json
    link = send(api, "POST", f"/images/{image['id']}/links", "ann").json["url"]
    send(api, "GET", strip(link), None)
    send(api, "GET", "/images?tags=canary-tag&cursor=canary-cursor", "ann")
    send(api, "GET", "/canary-path", None, headers={"Authorization": "Bearer canary-token"})
    send(api, "PATCH", f"/images/{image['id']}", "ann", json={"canary-field": "canary-value"})
    api.post("/images/upload", body=b"canary-body", headers=authorize("ann") | {"Content-Type": "image/png"})
    upload(api, images)
    logs = stream.getvalue()
    assert REQUEST_ID in logs
    assert "canary" not in logs
    content = make_upload(PICTURE)["image"]["content"]
    for secret in (token.split(".")[-1], link.partition("signature=")[2], content[:40]):
        assert secret not in logs
