"""Variants under random requests of strangers, and while their image changes."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import pytest

from app.variants import VariantMaker
from imaging.variants import make_variant
from shared.errors import NotFound, Unavailable
from shared.inspection import inspect
from shared.keys import Revision
from shared.models import Visibility
from shared.renditions import Fit
from shared.storage import ImageStorage
from shared.variants import AUTO_FORMAT, LADDER_PX, Variant, VariantFormat, VariantRequest, list_heights
from tests.support.pictures import draw_quadrants, encode
from tests.support.variants import list_closed_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from processor.processing import Processor
    from shared.images import ImageRepository
    from shared.models import Image
    from tests.support.api import Api
    from tests.support.dynamodb.engine import Engine

REQUESTS = int(os.environ.get("VARIANT_REQUESTS", "1500"))
"""A longer run: VARIANT_REQUESTS=10000."""
PICTURE = encode(draw_quadrants(300, 200), "PNG")
ACCEPTED = ("*/*", "image/avif,image/webp,*/*;q=0.8", "image/jpeg", "image/png;q=0.1", "text/html", ",;q=x")
SIDES = [*map(str, LADDER_PX), *map(str, list_heights(320)), "1200", "630", "65", "0", "-64", "2001", "", "x"]
SIDES += ["64.0", "1e3", "٦٤", "9" * 30, "0x40", " 64", "NaN"]
READERS = 6
TRANSACTION_SECONDS = 0.015


@pytest.fixture
def image(api: Api, images: ImageRepository, processor: Processor) -> Image:
    """A public image, whose renditions are pictures."""
    image_id = api.upload(PICTURE, visibility="public")["id"]
    processor.process(Revision(image_id), datetime.now(UTC), seconds=60)
    return images.get(image_id)


def list_variants(storage: ImageStorage) -> set[str]:
    return {key for page in storage.list_keys("variants/") for key, _ in page}


def make_query(chance: random.Random) -> str:
    """Return parameters as a stranger may try them: right, nearly right, wrong, repeated and made up."""
    choices: dict[str, list[str]] = {
        "width": SIDES,
        "height": SIDES,
        "fit": [*Fit, "fill", ""],
        "format": [AUTO_FORMAT, *VariantFormat, "gif", "AVIF", ""],
        "download": ["1", "0"],
        "v": ["1", "2", "x"],
        "quality": ["100"],
        "signature": ["x" * 43, "x"],
        "expires": ["4000000000", "x"],
    }
    odds = [0.7, 0.5, 0.3, 0.5, 0.1, 0.2, 0.02, 0.1, 0.1]
    named = [name for name, odd in zip(choices, odds, strict=True) if chance.random() < odd]
    named += named[:1] if chance.random() < 0.02 else []
    return urlencode([(name, chance.choice(choices[name])) for name in named])


def make_listed_query(chance: random.Random) -> str:
    width = chance.choice(LADDER_PX)
    height = chance.choice([None, *list_heights(width)])
    request = VariantRequest(width, height, chance.choice([*Fit]), chance.choice([*VariantFormat]))
    return urlencode(request.named)


def test_strangers_get_the_closed_set_and_nothing_else(api: Api, image: Image, storage: ImageStorage) -> None:
    chance = random.Random(1)  # noqa: S311 - a run can be repeated
    statuses: Counter[int] = Counter()
    seen: dict[tuple[str, str], tuple[str, str, bytes]] = {}
    for _ in range(REQUESTS):
        query = (make_listed_query if chance.random() < 0.4 else make_query)(chance)
        accept = chance.choice(ACCEPTED)
        response = api.get(f"/images/{image.id}/content?{query}", headers={"Accept": accept})
        statuses[response.status] += 1
        assert response.status in {200, 422}, (query, response.body)
        if response.status == 422:
            assert response.problem[1] == "invalid_fields"
            continue
        chosen = accept if "Accept," in response.headers["Vary"] else ""
        shown = response.headers["ETag"], response.headers["Content-Type"], response.body
        if shown != seen.setdefault((query, chosen), shown):
            pytest.fail(f"{query} has two results")
    pictures = {*seen.values()}
    assert len({etag for etag, *_ in pictures}) == len(pictures) > 20
    for etag, content_type, body in pictures:
        found = inspect(body)
        assert found.content_type == content_type
        assert etag == '"1-large"' or etag.startswith(f'"1-{found.width}x{found.height}-')
    assert list_variants(storage) <= list_closed_keys(image)
    assert min(statuses[200], statuses[422]) > REQUESTS / 10


def read_at_once(maker: VariantMaker, image: Image, change: Callable[[], object]) -> Counter[str]:
    """Count the outcomes of readers that make variants while their image changes."""
    jobs = list(product(range(READERS), VariantFormat))

    def read(job: Any) -> str:  # noqa: ANN401 - a pair
        number, variant_format = job
        if number == READERS // 2 and variant_format is VariantFormat.WEBP:
            change()
        try:
            maker.get(image, Variant(40 + number, 40, Fit.COVER, variant_format), is_kept=True)
        except (NotFound, Unavailable) as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(READERS) as executor:
        return Counter(executor.map(read, jobs))


class SerialClient:
    """A client whose calls do not overlap: moto closes what it deletes, even if it is still reading it."""

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - an attribute of the client
        attribute = getattr(self._client, name)
        if name == "exceptions":
            return attribute

        def call(**parameters: Any) -> Any:  # noqa: ANN401 - of the call
            with self._lock:
                return attribute(**parameters)

        return call


@pytest.fixture
def storage(s3: S3Client) -> ImageStorage:
    return ImageStorage(cast("S3Client", SerialClient(s3)), "bucket")


@pytest.fixture
def maker(images: ImageRepository, storage: ImageStorage, engine: Engine) -> VariantMaker:
    engine.transaction_seconds = TRANSACTION_SECONDS
    return VariantMaker(images, storage, make_variant)


@pytest.mark.parametrize("round_", range(5))
def test_image_that_is_deleted_under_its_readers_leaves_no_variant(  # noqa: PLR0913, PLR0917 - fixtures
    image: Image,
    images: ImageRepository,
    storage: ImageStorage,
    maker: VariantMaker,
    follow: Callable[[], None],
    round_: int,
) -> None:
    del round_  # races come out another way each time

    def delete() -> None:
        images.delete(image.id)
        follow()

    outcomes = read_at_once(maker, image, delete)
    assert outcomes.keys() <= {"done", "NotFound"}
    assert outcomes["NotFound"]
    assert list_variants(storage) == set()


@pytest.mark.parametrize("round_", range(3))
def test_image_that_is_replaced_under_its_readers_leaves_no_old_variant(  # noqa: PLR0913, PLR0917 - fixtures
    api: Api,
    image: Image,
    images: ImageRepository,
    storage: ImageStorage,
    processor: Processor,
    maker: VariantMaker,
    follow: Callable[[], None],
    round_: int,
) -> None:
    other = encode(draw_quadrants(200 + round_, 100), "PNG")
    options: dict[str, Any] = {"body": other, "headers": {"Content-Type": "image/png"}}
    response = api.request("PUT", f"/images/{image.id}/content", user="ann", **options)
    assert response.status == 202

    def finish() -> None:
        processor.process(Revision(image.id, 2), datetime.now(UTC), seconds=60)
        follow()

    outcomes = read_at_once(maker, image, finish)
    assert outcomes.keys() <= {"done", "NotFound", "Unavailable"}
    now = images.get(image.id)
    assert now.revision == 2
    assert {key.split("/")[2] for key in list_variants(storage)} <= {"2"}
    assert maker.get(now, Variant(40, 40, Fit.COVER, VariantFormat.PNG), is_kept=True)


def test_image_that_becomes_private_is_gone_with_its_variants(
    api: Api, image: Image, storage: ImageStorage
) -> None:
    """They stay in the bucket for its owner, as renditions do."""
    url = f"/images/{image.id}/content?width=64&format=png"
    etag = api.get(url).headers["ETag"]
    kept = list_variants(storage)
    api.request("PATCH", f"/images/{image.id}", user="ann", json={"visibility": Visibility.PRIVATE})
    for user in (None, "ben"):
        assert api.get(url, user=user).status == 404
        assert api.get(url, user=user, headers={"If-None-Match": etag}).status == 404
    assert api.get(url, user="ann").status == 200
    assert list_variants(storage) == kept
