"""Methods that a path does not take: each is 405, with what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from tests.support.api import Api

HINT = "Upload an image with POST /images/upload; with curl by -F file=@photo.jpg."
ID = "00f4a700-0000-4000-8000-000000000000"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/images", "GET, HEAD, OPTIONS"),
        ("/images/upload", "OPTIONS, POST"),
        ("/images/uploads", "OPTIONS, POST"),
        ("/images/photo.jpg", "DELETE, GET, HEAD, OPTIONS"),
        ("/images/", "GET, HEAD, OPTIONS"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Content-Type": "image/jpeg"}], ids=["no type", "type"])
def test_upload_by_put_is_405_and_names_post(
    api: Api, path: str, allowed: str, headers: dict[str, str]
) -> None:
    response = api.request("PUT", path, user="ann", headers=headers, body=make_picture())
    assert response.problem == (405, "method_not_allowed", [])
    assert response.headers["Allow"] == allowed
    assert response.json["detail"] == f"This path takes {allowed}. {HINT}"


@pytest.mark.parametrize("name", ["upload", "uploads", "batch"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_name_of_another_route_is_no_id(api: Api, method: str, name: str) -> None:
    response = api.request(method, f"/images/{name}", user="ann", headers=JSON, body=b"{}")
    assert response.status == 405
    assert response.headers["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        (f"/images/{ID}", {}, b"{}", 404),
        (f"/images/{ID}", {}, b"x", 400),
        (f"/images/{ID}", {"Content-Type": "image/jpeg"}, b"x", 415),
        ("/images/x", JSON, b"{}", 404),
        ("/items/x", {}, b'{"name": "a"}', 404),
    ],
)
def test_change_of_what_is_not_there_is_no_upload(
    api: Api, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert api.request("PUT", path, user="ann", headers=headers, body=body).status == status


def test_other_method_gets_no_hint(api: Api) -> None:
    assert HINT not in api.request("DELETE", "/images").json["detail"]
