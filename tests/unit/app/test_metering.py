from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_make_variant, get_metrics, get_storage, get_usages
from app.main import create_app
from app.parameters import get_settings
from shared.errors import Unavailable
from shared.quotas import Quota
from shared.rates import Rate
from shared.usages import UsageRepository
from tests.support.api import dump_json, make_form, make_upload
from tests.support.factories import forgetting
from tests.support.monitoring.datapoints import Datapoints
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.table import Table
    from tests.support.api import Api

    type Count = Callable[[], dict[str, float]]

PICTURE = make_picture()
ANNOUNCED = {"contentType": "image/jpeg", "size": len(PICTURE)}
RAW: dict[str, Any] = {"body": PICTURE, "headers": {"Content-Type": "image/jpeg"}}


@pytest.fixture
def count(api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Count]:
    """Return what was counted since the last time, by names with the values of dimensions."""
    del api
    monkeypatch.setenv("METRICS_NAMESPACE", "images")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "api")

    def read() -> dict[str, float]:
        datapoints = Datapoints()
        datapoints.read_log(capsys.readouterr().out.splitlines())
        return {
            " ".join(
                [series.name, *(value for _, value in sorted(series.dimensions) if value != "api")]
            ): sum(value for _, value in points)
            for series, points in datapoints.series.items()
        }

    with forgetting(get_metrics, get_settings):
        yield read


@pytest.mark.parametrize(
    ("method", "url", "options", "path"),
    [
        ("POST", "/images/upload", make_form(file=PICTURE), "form"),
        ("POST", "/images/upload", {"json": make_upload(PICTURE)}, "json"),
        ("POST", "/images/upload", RAW, "bytes"),
        ("POST", "/upload", make_form(file=b"x"), "legacy"),
        ("PUT", "/images/{id}/content", RAW, "bytes"),
    ],
)
def test_upload_counts_by_its_path(  # noqa: PLR0913, PLR0917 - a row of the table, and fixtures
    api: Api, count: Count, method: str, url: str, options: dict[str, Any], path: str
) -> None:
    image = api.upload_ready(make_picture("PNG"))
    count()
    assert api.request(method, url.format(**image), user="ann", **options).status < 300
    assert count() == {f"Uploads {path} accepted": 1}


@pytest.mark.parametrize("url", ["/images/uploads", "/images/{id}/content/uploads"])
def test_form_of_a_direct_upload_is_a_beginning(api: Api, count: Count, url: str) -> None:
    image = api.upload_ready(PICTURE)
    count()
    assert api.post(url.format(**image), user="ann", json=ANNOUNCED).status == 201
    assert count() == {"Uploads direct begun": 1}


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        (
            "/images/upload",
            {"body": b"x", "headers": {}},
            {"Uploads bytes refused", "Refusals unsupported_image"},
        ),
        (
            "/images/upload",
            {"body": b"{", "headers": {"Content-Type": "application/json"}},
            {"Uploads json refused", "Refusals malformed_request"},
        ),
        (
            "/images/uploads",
            {"json": {"contentType": "text/html", "size": 1}},
            {"Uploads direct refused", "Refusals unsupported_image"},
        ),
        ("/items", {"json": {}}, {"Refusals invalid_fields"}),
        ("/nowhere", {"json": {}}, {"Refusals not_found"}),
    ],
)
def test_refusal_counts_by_its_reason(
    api: Api, count: Count, url: str, options: dict[str, Any], expected: set[str]
) -> None:
    assert api.post(url, user="ann", **options).status >= 400
    assert count() == dict.fromkeys(expected, 1)


def test_same_bytes_again_are_a_duplicate(api: Api, count: Count) -> None:
    api.upload(PICTURE)
    count()
    again = {"json": make_upload(PICTURE, onDuplicate="reuse")}
    assert api.post("/images/upload", user="ann", **again).status == 200
    assert count() == {"Uploads json duplicate": 1}


def test_request_that_is_sent_again_counts_once(api: Api, count: Count) -> None:
    keyed = RAW | {"headers": RAW["headers"] | {"Idempotency-Key": "a" * 16}}
    first, second = (api.post("/images/upload", user="ann", **keyed) for _ in range(2))
    assert first.json["id"] == second.json["id"]
    assert count() == {"Uploads bytes accepted": 1}


def test_quota_and_rate_are_told_apart(api: Api, count: Count, table: Table) -> None:
    overrides = create_app().dependency_overrides
    overrides[get_usages] = lambda: UsageRepository(table, Quota(max_images=1))
    for _ in range(2):
        api.post("/images/upload", user="ann", **RAW)
    assert count() == {
        "Uploads bytes accepted": 1,
        "Uploads bytes refused": 1,
        "Refusals quota_exceeded": 1,
    }
    overrides[get_usages] = lambda: UsageRepository(table, Quota(), Rate(per_minute=1, burst=1))
    for _ in range(2):
        api.post("/images/upload", user="ben", **RAW)
    assert count()["Refusals rate_exceeded"] == 1


@pytest.mark.parametrize(
    ("error", "code"), [(Unavailable, "unavailable"), (ZeroDivisionError, "internal_error")]
)
def test_fault_of_ours_is_no_refusal_of_the_upload(
    api: Api, count: Count, error: type[Exception], code: str
) -> None:
    def fail() -> None:
        raise error

    create_app().dependency_overrides[get_storage] = fail
    assert api.post("/images/upload", user="ann", **RAW).status >= 500
    assert count() == {"Uploads bytes failed": 1, f"Refusals {code}": 1}


def test_refused_parts_of_a_batch_count(api: Api, count: Count) -> None:
    missing = "00000000-0000-4000-8000-000000000000"
    body = {"action": "delete", "ids": [missing]}
    assert api.post("/images/batch", user="ann", json=body).status == 200
    assert count() == {"Refusals not_found": 1}


def test_response_without_news_counts(api: Api, count: Count) -> None:
    image = api.upload_ready(PICTURE)
    etag = api.get(f"/images/{image['id']}", user="ann").headers["ETag"]
    count()
    response = api.get(f"/images/{image['id']}", user="ann", headers={"If-None-Match": etag})
    assert response.status == 304
    assert count() == {"NotModified": 1}


def test_variant_counts_when_it_is_made_and_when_it_is_served(api: Api, count: Count) -> None:
    create_app().dependency_overrides[get_make_variant] = lambda: lambda data, _: data
    image = api.upload_ready(PICTURE)
    count()
    for made in ({"VariantsMade": 1}, {}):
        assert api.get(f"/images/{image['id']}/content?width=64&format=jpeg", user="ann").status == 200
        assert count() == {"VariantsServed": 1} | made


def test_view_of_a_rendition_writes_no_line(
    api: Api, count: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    image = api.upload_ready(PICTURE)
    count()
    assert api.get(f"/images/{image['id']}/content/small", user="ann").status == 200
    assert '"_aws"' not in capsys.readouterr().out


def test_no_line_holds_anything_that_a_client_sent(
    api: Api, count: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "what-a-client-sent"  # noqa: S105 - none
    headers = {"Content-Type": secret, "X-User-Id": secret, "Authorization": secret}
    body = dump_json({secret: secret})
    for method, url in (("POST", "/images/upload"), ("POST", f"/{secret}"), ("GET", f"/images/{secret}")):
        api.request(method, f"{url}?a={secret}", headers=headers, body=body)
    written = capsys.readouterr().out
    assert written.count('{"_aws"') == 3
    assert secret not in "".join(line for line in written.splitlines() if line.startswith('{"_aws"'))
    assert count() == {}
