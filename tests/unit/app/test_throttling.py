from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.dependencies import get_usages
from app.main import create_app
from shared.quotas import Quota
from shared.rates import Rate
from shared.usages import UsageRepository
from tests.support.api import make_form
from tests.support.images import make_ready
from tests.support.pictures import make_picture

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.table import Table
    from tests.support.api import Api

BURST = 5
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/images/upload", make_form(file=make_picture())),
    ("POST", "/images/uploads", {"json": {"contentType": "image/png", "size": 7}}),
    ("POST", "/images/{image}/content/uploads", {"json": {"contentType": "image/png", "size": 7}}),
    ("POST", "/images/{image}/reprocess", {}),
    ("POST", "/images/{image}/trash", {}),
    ("POST", "/images/{image}/restore", {}),
    ("PATCH", "/images/{image}", {"json": {"description": "x"}}),
    ("PUT", "/images/{image}", {"json": {"description": "x"}}),
    ("POST", "/images/{image}/links", {"json": {}}),
    ("DELETE", "/images/{image}/links", {}),
    ("POST", "/items", {"json": {"name": "a"}}),
    ("PUT", "/items/{item}", {"json": {"name": "a"}}),
    ("POST", "/upload", make_form(file=b"x")),
]


@pytest.fixture
def usages(table: Table) -> UsageRepository:
    return UsageRepository(table, Quota(), Rate(per_minute=1, burst=BURST))


@pytest.mark.parametrize(("method", "path", "options"), WRITES, ids=[f"{w[0]} {w[1]}" for w in WRITES])
def test_every_write_takes_a_token_of_its_user(  # noqa: PLR0913, PLR0917 - the request and the stores
    api: Api,
    images: ImageRepository,
    s3: S3Client,
    table: Table,
    method: str,
    path: str,
    options: dict[str, Any],
) -> None:
    del s3
    free = UsageRepository(table)
    create_app().dependency_overrides[get_usages] = lambda: free
    item = api.post("/items", user="ann", json={"name": "a"}).json["id"]
    image = images.add(make_ready()).id
    create_app().dependency_overrides[get_usages] = lambda: limited
    limited = UsageRepository(table, Quota(), Rate(per_minute=1, burst=BURST))
    url = path.format(image=image, item=item)
    statuses = [api.request(method, url, user="ann", **options).status for _ in range(BURST)]
    assert 429 not in statuses
    refused = api.request(method, url, user="ann", **options)
    assert refused.problem == (429, "rate_exceeded", [])
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    others = api.request(method, url, user="ben", **options)
    assert others.status in {201, 403, 404}


def test_other_bytes_take_a_token_of_their_user(api: Api, images: ImageRepository, s3: S3Client) -> None:
    del s3
    urls = [f"/images/{images.add(make_ready()).id}/content" for _ in range(BURST + 1)]
    options = make_form(file=make_picture())
    statuses = [api.request("PUT", url, user="ann", **options).status for url in urls]
    assert statuses == [202] * BURST + [429]


def test_reading_and_deleting_take_no_token(api: Api, images: ImageRepository) -> None:
    ids = [images.add(make_ready()).id for _ in range(2 * BURST)]
    for image_id in ids:
        assert api.get(f"/images/{image_id}", user="ann").status == 200
        assert api.request("DELETE", f"/images/{image_id}", user="ann").status == 204
    assert api.get("/images", user="ann").json["images"] == []


def test_callers_without_a_name_share_one_bucket(api: Api) -> None:
    statuses = [api.post("/items", json={"name": "a"}).status for _ in range(BURST + 1)]
    assert statuses == [201] * BURST + [429]
