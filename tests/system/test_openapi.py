"""The OpenAPI document tells the truth about every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.models import ProcessingResult, Rendition, Status
from tests import gateway
from tests.fuzzing import USER, fuzz
from tests.pictures import make_picture
from tests.tokens import make_token, requiring_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.images import ImageRepository
    from tests.api import Api

IMAGES = 8
ITEMS = 4


@pytest.fixture
def known(api: Api, images: ImageRepository) -> dict[str, list[str]]:
    """Images that are ready, and items."""
    renditions: Any = dict.fromkeys(
        ("thumbnail", "small", "medium", "large"), Rendition(width=80, height=40, size=10)
    )
    picture = make_picture()
    image_ids = []
    for visibility in ("public", "private") * (IMAGES // 2):
        image_ids.append(api.upload(picture, user=USER, visibility=visibility)["id"])
        images.set_result(image_ids[-1], ProcessingResult(status=Status.READY, renditions=renditions))
    items = [api.post("/items", user=USER, json={"name": "a"}).json for _ in range(ITEMS)]
    return {"image_id": image_ids, "item_id": [item["id"] for item in items]}


@pytest.fixture
def tokens(known: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From here on, callers have tokens."""
    del known
    with requiring_tokens(monkeypatch):
        yield


def test_document_is_true_where_callers_name_themselves(
    api: Api, known: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    report = fuzz(api.get("/openapi.json").json, known, app=gateway.answer)
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 201, 404, 422} <= report.statuses.keys()


@pytest.mark.usefixtures("tokens")
def test_document_is_true_for_a_caller_with_a_token(
    api: Api, known: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    headers = {"Authorization": f"Bearer {make_token(USER)}"}
    report = fuzz(api.get("/openapi.json").json, known, headers=headers, app=gateway.answer)
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 201, 401, 422} <= report.statuses.keys()


@pytest.mark.usefixtures("tokens")
def test_document_is_true_for_a_caller_without_a_token(
    api: Api, known: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    report = fuzz(api.get("/openapi.json").json, known, app=gateway.answer)
    record_property("cases", report.statuses.total())
    assert not report.failures, "\n\n".join(report.failures)
    assert {200, 401} <= report.statuses.keys()
    assert not {201, 202} & report.statuses.keys()
