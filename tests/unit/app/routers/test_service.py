from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from app import VERSION
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from shared.quotas import Quota
    from tests.support.api import Api


def test_health_tells_the_version_of_the_project(api: Api) -> None:
    assert api.get("/health").json == {"status": "ok", "version": VERSION}


def test_limits_are_those_of_the_contract(api: Api) -> None:
    limits = api.get("/limits").json
    assert limits["maxInlineBytes"] == 4_400_000
    assert limits["maxDirectBytes"] == 52_428_800
    assert limits["maxPixels"] == 100_000_000
    assert limits["maxSidePx"] == 30_000


def test_limits_tell_what_the_caller_has_of_its_quota(api: Api, quota: Quota) -> None:
    for size in (700, 300):
        api.upload(make_picture(width=size))
    limits = api.get("/limits", user="ann").json
    assert (limits["maxUserImages"], limits["maxUserBytes"]) == (quota.max_images, quota.max_bytes)
    images = api.get("/images?userId=ann", user="ann").json["images"]
    assert limits["used"] == {"images": 2, "bytes": sum(image["size"] for image in images)}
    assert api.get("/limits", user="bob").json["used"] == {"images": 0, "bytes": 0}
    assert api.get("/limits").json["used"] is None


@pytest.fixture
def document(api: Api) -> Any:  # noqa: ANN401 - JSON
    return api.get("/openapi.json").json


def test_openapi_document_is_valid(document: Any) -> None:  # noqa: ANN401 - JSON
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_endpoint_is_described_with_its_errors(document: Any) -> None:  # noqa: ANN401 - JSON
    operations = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {
        ("post", "/images/upload"),
        ("post", "/images/uploads"),
        ("post", "/images/{image_id}/reprocess"),
        ("post", "/images/{image_id}/links"),
        ("delete", "/images/{image_id}/links"),
        ("get", "/images"),
        ("get", "/images/{image_id}"),
        ("put", "/images/{image_id}"),
        ("patch", "/images/{image_id}"),
        ("delete", "/images/{image_id}"),
        ("get", "/images/{image_id}/content"),
        ("get", "/images/{image_id}/content/{rendition}"),
        ("post", "/items"),
        ("get", "/items"),
        ("get", "/items/{item_id}"),
        ("put", "/items/{item_id}"),
        ("delete", "/items/{item_id}"),
        ("post", "/upload"),
        ("get", "/health"),
        ("get", "/limits"),
    }
    for operation in operations.values():
        failures = {
            status: response for status, response in operation["responses"].items() if status >= "400"
        }
        assert {"429", "500", "503"} <= set(failures)
        assert all(
            list(response["content"]) == ["application/problem+json"] for response in failures.values()
        )


def test_every_upload_format_is_described(document: Any) -> None:  # noqa: ANN401 - JSON
    raw = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"}
    for path, others in {"/images/upload": raw, "/upload": set[str]()}.items():
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert set(content) == {"application/json", "multipart/form-data", *others}


def test_docs_are_a_page_that_needs_nothing_from_elsewhere(api: Api) -> None:
    response = api.get("/docs")
    assert response.headers["Content-Type"].startswith("text/html")
    assert b"src='http" not in response.body
    assert b"/images/upload" in response.body
    assert b'updateUrl("http://localhost:3000/openapi.json")' in response.body


def test_no_text_of_the_document_ends_the_script_of_the_page(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"info": {"title": "</script><b>"}}
    monkeypatch.setattr("app.routers.service.describe_api", lambda *_: document)
    page = api.get("/docs").body.decode()
    assert "</script><b>" not in page
    assert "<\\/script><b>" in page


def test_docs_and_document_are_those_of_the_address_and_the_mode(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def describe(_: object, base_url: str, auth_mode: str) -> dict[str, str]:
        asked.append((base_url, auth_mode))
        return {}

    monkeypatch.setattr("app.routers.service.describe_api", describe)
    headers = {"Host": "a.example", "X-Forwarded-Proto": "https"}
    for path in ("/docs", "/openapi.json"):
        assert api.get(path, headers=headers).status == 200
    assert asked == [("https://a.example", "open")] * 2
    assert b'updateUrl("https://a.example/openapi.json")' in api.get("/docs", headers=headers).body
