from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from app import VERSION
from app.documentation import get_version
from app.routers.service import make_openapi
from tests.support.pictures import make_picture
from tests.support.tokens import requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.quotas import Quota
    from tests.support.api import Api

NOTHING = dict.fromkeys(["images", "files", "bytes", "items", "pendingUploads", "pendingBytes"], 0)


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
    assert limits["used"] == NOTHING | {"images": 2, "bytes": sum(image["size"] for image in images)}
    assert api.get("/limits", user="bob").json["used"] == NOTHING
    assert api.get("/limits").json["used"] is None


def test_caller_reads_who_they_are_to_the_service(api: Api) -> None:
    image = api.upload(make_picture())
    used = NOTHING | {"images": 1, "bytes": image["size"]}
    assert api.get("/me", user="ann").json == {
        "userId": "ann",
        "isAdmin": False,
        "used": used,
        "erasure": None,
    }


def test_nobody_reads_what_another_uses(api: Api) -> None:
    for user in (None, "bob"):
        assert api.get("/limits?userId=ann", user=user).problem == (403, "forbidden", [])


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
        ("post", "/images/upload/"),
        ("put", "/images/{image_id}/content/"),
        ("post", "/upload/"),
        ("post", "/images/uploads"),
        ("put", "/images/{image_id}/content"),
        ("post", "/images/{image_id}/content/uploads"),
        ("post", "/images/{image_id}/reprocess"),
        ("post", "/images/{image_id}/trash"),
        ("post", "/images/batch"),
        ("post", "/images/{image_id}/restore"),
        ("post", "/images/{image_id}/links"),
        ("delete", "/images/{image_id}/links"),
        ("get", "/images"),
        ("get", "/images/{image_id}"),
        ("put", "/images/{image_id}"),
        ("patch", "/images/{image_id}"),
        ("delete", "/images/{image_id}"),
        ("get", "/images/{image_id}/content"),
        ("get", "/images/{image_id}/content/original"),
        ("get", "/images/{image_id}/content/{rendition}"),
        ("post", "/items"),
        ("get", "/items"),
        ("get", "/items/{item_id}"),
        ("put", "/items/{item_id}"),
        ("delete", "/items/{item_id}"),
        ("post", "/upload"),
        ("get", "/tags"),
        ("get", "/files"),
        ("get", "/files/{file_id}"),
        ("delete", "/files/{file_id}"),
        ("get", "/"),
        ("get", "/health"),
        ("get", "/limits"),
        ("get", "/me"),
        ("delete", "/me"),
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
    for path, others in {"/images/upload": {"application/octet-stream"}, "/upload": set[str]()}.items():
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert set(content) == {"multipart/form-data", *others}
        assert set(document["paths"][f"{path}/"]["post"]["requestBody"]["content"]) == {"application/json"}


@pytest.fixture
def fresh_documents() -> Iterator[None]:
    make_openapi.cache_clear()
    yield
    make_openapi.cache_clear()


@pytest.mark.usefixtures("fresh_documents")
def test_document_is_made_once_for_each_address_and_mode(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def describe(_: object, base_url: str, auth_mode: str) -> dict[str, str]:
        asked.append((base_url, auth_mode))
        return {"url": base_url}

    monkeypatch.setattr("app.routers.service.describe_api", describe)
    for _ in range(2):
        assert api.get("/openapi.json").json == {"url": "http://localhost:3000"}
    with requiring_tokens():
        api.get("/openapi.json")
    assert asked == [("http://localhost:3000", "open"), ("http://localhost:3000", "jwt")]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_documentation_is_compressed_and_kept_by_clients(api: Api, path: str) -> None:
    plain, packed = api.get(path), api.get(path, headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for response, encoding in ((plain, ""), (packed, "gzip")):
        assert response.headers["Cache-Control"] == "public, max-age=300"
        assert response.headers["Vary"].startswith("Accept-Encoding, ")
        known = {"If-None-Match": response.headers["ETag"], "Accept-Encoding": encoding}
        again = api.get(path, headers=known)
        assert (again.status, again.body) == (304, b"")


def test_page_loads_its_own_files_alone_under_a_strict_policy(api: Api) -> None:
    page = api.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    directives = {name: sources for name, *sources in (part.split() for part in policy.split(";"))}
    assert "unsafe" not in policy
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert directives[name] == ["'none'"]
    assert directives["connect-src"] == ["'self'", "http://localhost:3000"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    links = re.findall(r'(?:src|href)="([^"]*)"', page.body.decode())
    assert len(links) == 4
    assert not re.search(r"<script>|<style|style=|\son\w+=", page.body.decode())
    for link in links:
        asset = api.get(f"/{link}", headers={"Accept-Encoding": "gzip"})
        assert asset.status == 200
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert len(asset.body) < 500_000


@pytest.mark.parametrize(
    "path", ["/docs/0000000000000000/start.js", f"/docs/{get_version()}/x.js", "/docs/start.js"]
)
def test_other_file_of_the_page_is_404(api: Api, path: str) -> None:
    assert api.get(path).problem == (404, "not_found", [])


def test_parameter_switches_the_page_off_and_not_the_document(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_DOCS", "disabled")
    for path in ("/docs", f"/docs/{get_version()}/start.js"):
        assert api.get(path).problem == (404, "not_found", [])
    assert api.get("/openapi.json").status == 200
