"""An image becomes ready while its owner lists it: it moves from the hidden images to the public ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from shared.images import ImageFilter
from shared.listing import Span
from tests.support.handlers import ignore, listen
from tests.support.images import finish, make_image

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.images import ImageRepository

SECONDS_FOR_OTHER_READS = 0.3


@pytest.mark.parametrize("query", [ImageFilter("ann"), ImageFilter("ann", user_id="ann")])
def test_own_image_that_becomes_ready_meanwhile_is_listed(
    dynamodb: DynamoDBClient, images: ImageRepository, query: ImageFilter
) -> None:
    image = make_image()
    images.add(image)

    def finish_before(params: Any, **_: object) -> None:  # noqa: ANN401 - of boto3
        if "UNPUBLISHED" not in params["ExpressionAttributeValues"][":pk"]["S"]:
            return
        ignore(dynamodb, "provide-client-params.dynamodb.Query", finish_before)
        time.sleep(SECONDS_FOR_OTHER_READS)
        finish(images, image.id)

    listen(dynamodb, "provide-client-params.dynamodb.Query", finish_before)
    listed = images.list_visible(query, Span(), limit=10).records
    assert [found.id for found in listed] == [image.id]
