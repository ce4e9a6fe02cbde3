"""The OpenAPI document tells the truth about every response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import gateway
from tests.support.fuzzing import USER, fuzz
from tests.support.images import finish
from tests.support.pictures import make_picture
from tests.support.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.images import ImageRepository
    from tests.support.api import Api

IMAGES = 8
ITEMS = 4


@pytest.fixture
def known(api: Api, images: ImageRepository) -> dict[str, list[str]]:
    """Images that are ready, and items."""
    picture = make_picture()
    image_ids = []
    for visibility in ("public", "private") * (IMAGES // 2):
        image_ids.append(api.upload(picture, user=USER, visibility=visibility)["id"])
        finish(images, image_ids[-1])
    items = [api.post("/items", user=USER, json={"name": "a"}).json for _ in range(ITEMS)]
    return {"image_id": image_ids, "item_id": [item["id"] for item in items]}


@pytest.fixture
def tokens(known: dict[str, list[str]]) -> Iterator[None]:
    """From here on, callers have tokens."""
    del known
    with requiring_tokens():
        yield


def test_document_is_true_where_callers_name_themselves(
    api: Api, known: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    report = fuzz(api.get("/openapi.json").json, known, app=gateway.handle)
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 201, 404, 422} <= report.statuses.keys()


@pytest.mark.usefixtures("tokens")
def test_document_is_true_for_a_caller_with_a_token(
    api: Api, known: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    headers = {"Authorization": f"Bearer {make_token(USER)}"}
    report = fuzz(api.get("/openapi.json").json, known, headers=headers, app=gateway.handle)
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 201, 401, 422} <= report.statuses.keys()


@pytest.mark.usefixtures("tokens")
def test_document_is_true_for_a_caller_without_a_token(
    api: Api, known: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    report = fuzz(api.get("/openapi.json").json, known, app=gateway.handle)
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 401} <= report.statuses.keys()
    assert not {201, 202} & report.statuses.keys()
