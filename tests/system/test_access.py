"""The access cases in process, and rules of tokens that need no deployed stack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from shared.items import Item
from shared.keys import make_rendition_key
from shared.observability import get_logger
from shared.renditions import RENDITION_TYPE
from tests.support.access import CALLERS, MISSING, PICTURE, AccessCases, strip, upload_ready
from tests.support.access_bytes import BytesCases
from tests.support.access_files import FileCases
from tests.support.access_tags import TagCases
from tests.support.access_trash import TrashCases
from tests.support.access_variants import VariantCases
from tests.support.api import REQUEST_ID, Api, make_form, make_upload
from tests.support.images import START, finish, reject
from tests.support.names import NameCases
from tests.support.pictures import make_picture
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.images import ImageRepository
    from shared.items import ItemRepository
    from shared.storage import ImageStorage
    from tests.support.api import ApiResponse

WEBP = make_picture("WEBP")


@dataclass(frozen=True)
class InProcess:
    """The handler on moto, and tokens of an issuer of the tests."""

    api: Api
    images: ImageRepository
    storage: ImageStorage

    @cached_property
    def bad_tokens(self) -> dict[str, str]:
        tokens = {
            "not a token": "x",
            "two words": "a b",
            "expired": make_token(exp=1),
            "of another issuer": make_token(iss="https://other.example.org"),
            "for another audience": make_token(client_id="other"),
            "of an unknown key": make_token(key_id="unknown"),
            "without an end": make_token(exp=None),
            "of no user": make_token(user=""),
        }
        headers = {reason: f"Bearer {token}" for reason, token in tokens.items()}
        return headers | {"no token": "Bearer", "empty": "", "another scheme": "Basic YTpi"}

    def get_user_id(self, caller: str) -> str:
        return caller

    def send(
        self,
        method: str,
        url: str,
        caller: str | None,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401 - of `request`
    ) -> ApiResponse:
        return self.api.request(method, url, headers=authorize(caller) | dict(headers or {}), **options)

    def await_ready(self, image_id: str, caller: str) -> None:
        del caller
        image = finish(self.images, image_id)
        for name in image.renditions:
            self.storage.add(make_rendition_key(image.id, name, image.revision), WEBP, RENDITION_TYPE)

    def await_rejected(self, image_id: str, caller: str) -> None:
        del caller
        reject(self.images, image_id)


def authorize(caller: str | None) -> dict[str, str]:
    if caller is None:
        return {}
    groups: dict[str, Any] = {"cognito:groups": ["admin"]} if caller == "admin" else {}
    return {"Authorization": f"Bearer {make_token(caller, **groups)}"}


@pytest.fixture(autouse=True)
def tokens(api: Api) -> Iterator[None]:
    del api  # its overrides come first
    with requiring_tokens():
        yield


@pytest.fixture
def service(api: Api, images: ImageRepository, storage: ImageStorage) -> InProcess:
    return InProcess(api, images, storage)


class TestAccess(AccessCases, NameCases, FileCases, VariantCases, BytesCases, TrashCases, TagCases):
    """The cases of `tests.support.access`."""


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {"json": make_upload(PICTURE, userId="ben")}),
        ("", make_form(("userId", "ben"), file=PICTURE)),
        ("?userId=ben", {"body": PICTURE, "encode": True, "headers": {"Content-Type": "image/jpeg"}}),
    ],
    ids=["json", "form", "raw"],
)
def test_upload_in_the_name_of_another_is_403_in_every_format(
    service: InProcess, query: str, options: dict[str, Any]
) -> None:
    assert service.send("POST", f"/images/upload{query}", "ann", **options).problem == (403, "forbidden", [])


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
def test_query_of_a_write_names_no_other_user(service: InProcess, method: str, path: str) -> None:
    response = service.send(method, f"{path}?userId=ben", "ann", json={})
    assert response.problem == (403, "forbidden", [])


def test_change_names_no_other_user(service: InProcess) -> None:
    url = f"/images/{upload_ready(service)['id']}"
    response = service.send("PATCH", url, "ann", json={"userId": "ben"})
    assert response.problem == (422, "invalid_fields", ["userId"])


@pytest.mark.parametrize("name", ["a%20", "x" * 3000, "a%E2%80%8Bb"])
def test_odd_name_in_the_query_of_an_admins_write_is_refused(service: InProcess, name: str) -> None:
    response = service.send("POST", f"/images/upload?userId={name}", "admin", json=make_upload(PICTURE))
    assert response.problem == (422, "invalid_fields", ["userId"])


def test_write_without_a_token_is_401_before_its_body_is_read(api: Api) -> None:
    for path in ("/images/upload", "/images/uploads", "/items", "/upload"):
        response = api.post(path, body=b"{", headers={"Content-Type": "application/json"})
        assert response.problem == (401, "unauthenticated", [])
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_bad_token_is_401_even_with_a_valid_link(service: InProcess, api: Api) -> None:
    url = strip(upload_ready(service)["renditions"]["small"]["url"])
    assert api.get(url, headers={"Authorization": "Bearer x"}).status == 401


def test_service_itself_needs_no_token(api: Api) -> None:
    for path in ("/health", "/limits", "/openapi.json", "/docs"):
        assert api.get(path).status == 200


def test_document_names_tokens_and_not_the_header(api: Api) -> None:
    document = api.get("/openapi.json").json
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "X-User-Id" not in json.dumps(document)
    assert "401" in document["paths"]["/images"]["get"]["responses"]


def test_link_without_a_body_shows_the_large_rendition(service: InProcess) -> None:
    response = service.send("POST", f"/images/{upload_ready(service)['id']}/links", "ann")
    assert response.status == 201
    assert "/content/large?" in response.json["url"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"expiresIn": 0}, ["expiresIn"]),
        ({"expiresIn": 604_801}, ["expiresIn"]),
        ({"rendition": "huge"}, ["rendition"]),
        ({"rendition": "original", "expiresIn": 301}, ["expiresIn"]),
        ({"more": 1}, ["more"]),
    ],
)
def test_wrong_field_of_a_link_is_named(service: InProcess, body: dict[str, Any], fields: list[str]) -> None:
    response = service.send("POST", f"/images/{upload_ready(service)['id']}/links", "ann", json=body)
    assert response.problem == (422, "invalid_fields", fields)


@pytest.mark.parametrize("url", ["/images?limit=1", "/items?userId=ann&limit=1"])
def test_cursor_is_valid_for_its_caller_alone(service: InProcess, url: str) -> None:
    for _ in range(3):
        upload_ready(service, visibility="public")
        service.send("POST", "/items", "ann", json={"name": "a"})
    cursor = service.send("GET", url, "ben").json["nextCursor"]
    assert service.send("GET", f"{url}&cursor={cursor}", "ben").status == 200
    for caller in ("ann", "admin"):
        response = service.send("GET", f"{url}&cursor={cursor}", caller)
        assert response.problem == (422, "invalid_fields", ["cursor"])


def test_item_without_a_user_belongs_to_nobody_who_has_a_token(
    service: InProcess, items: ItemRepository
) -> None:
    items.add(Item(id=MISSING, name="a", created_at=START, updated_at=START))
    url, body = f"/items/{MISSING}", {"name": "b"}
    assert [service.send("GET", url, caller).status for caller in CALLERS] == [200, 200, 200, 401]
    assert [service.send("PUT", url, caller, json=body).status for caller in CALLERS] == [403, 403, 200, 401]


def test_no_secret_of_a_request_is_logged(service: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(get_logger().registered_handler, "stream", stream)
    canaries: dict[str, Any] = {
        "filename": "canary-name.jpg",
        "description": "canary-description",
        "tags": ["canary-tag"],
    }
    headers = authorize("ann")
    body = make_upload(PICTURE, **canaries)
    image = service.send("POST", "/images/upload", None, headers=headers, json=body).json
    link = service.send("POST", f"/images/{image['id']}/links", "ann").json["url"]
    service.send("GET", strip(link), None)
    service.send("GET", "/images?tags=canary-tag&cursor=canary-cursor", "ann")
    service.send("GET", "/canary-path", None, headers={"Authorization": "Bearer canary-token"})
    service.send("PATCH", f"/images/{image['id']}", "ann", json={"canary-field": "canary-value"})
    png = {"Content-Type": "image/png"}
    service.send("POST", "/images/upload", "ann", body=b"canary-body", headers=png)
    upload_ready(service)
    logs = stream.getvalue()
    assert REQUEST_ID in logs
    assert "canary" not in logs
    token = headers["Authorization"].rpartition(".")[2]
    for secret in (token, link.partition("signature=")[2], body["image"]["content"][:40]):
        assert secret
        assert secret not in logs


def test_erasure_is_of_its_caller_alone(service: InProcess) -> None:
    for caller in ("ann", "ben"):
        service.send("POST", "/items", caller, json={"name": "a"})
    assert service.send("DELETE", "/me", "ann").status == 202
    assert service.send("POST", "/items", "ann", json={"name": "b"}).json["code"] == "erased"
    assert service.send("POST", "/items", "ben", json={"name": "b"}).status == 201
    upload = make_upload(PICTURE, userId="ann")
    assert service.send("POST", "/images/upload", "admin", json=upload).json["code"] == "erased"
