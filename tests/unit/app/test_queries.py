from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.models import Visibility
from tests.support.images import make_ready

if TYPE_CHECKING:
    from shared.images import ImageRepository
    from tests.support.api import Api

BATCH = {"action": "restore", "ids": ["9b2fb7a8-6c1f-4b7e-9c39-3f0a4a3c7d11"]}
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/images/{image}", {}),
    ("PUT", "/images/{image}", {}),
    ("DELETE", "/images/{image}", None),
    ("POST", "/images/{image}/trash", None),
    ("POST", "/images/{image}/restore", None),
    ("POST", "/images/{image}/reprocess", None),
    ("POST", "/images/{image}/links", None),
    ("DELETE", "/images/{image}/links", None),
    ("POST", "/images/batch", BATCH),
    ("POST", "/images/uploads", {"contentType": "image/png", "size": 7}),
    ("POST", "/items", {"name": "a"}),
    ("DELETE", "/me", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=[f"{w[0]} {w[1]}" for w in WRITES])
def test_write_refuses_a_parameter_that_it_does_not_read(
    api: Api, images: ImageRepository, method: str, path: str, body: object
) -> None:
    image = images.add(make_ready(visibility=Visibility.PUBLIC))
    url = path.format(image=image.id)
    response = api.request(method, f"{url}?visibility=private&expiresIn=1", user="ann", json=body)
    assert response.problem == (422, "invalid_fields", ["expiresIn", "visibility"])
    assert images.get(image.id) == image


@pytest.mark.parametrize(("method", "path", "body"), WRITES[:8], ids=[f"{w[0]} {w[1]}" for w in WRITES[:8]])
def test_write_may_name_its_user(
    api: Api, images: ImageRepository, method: str, path: str, body: object
) -> None:
    url = path.format(image=images.add(make_ready()).id)
    named = api.request(method, f"{url}?userId=ben", user="ann", json=body)
    assert named.problem == (403, "forbidden", [])
    assert api.request(method, f"{url}?userId=ann", user="ann", json=body).status != 422


def test_read_that_has_no_parameters_ignores_all(api: Api, images: ImageRepository) -> None:
    image = images.add(make_ready())
    assert api.get(f"/images/{image.id}?_=1", user="ann").status == 200
