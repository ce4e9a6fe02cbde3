"""The deployment whose operations are measured: its settings, its picture, and the images in its listings."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from PIL import ExifTags

from shared.aws import create_client
from shared.models import Visibility
from shared.quotas import Usage
from shared.settings import Settings
from tests.conftest import create_tables, set_environment
from tests.support.api import make_form
from tests.support.costs.runs import Work
from tests.support.deployment import Deployment
from tests.support.dynamodb.capacity import measure_item
from tests.support.emulator import empty_emulator, run_emulator
from tests.support.pictures import draw_quadrants, encode, make_exif
from tests.support.template import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.models import Image
    from tests.support.api import ApiResponse
    from tests.support.costs.meter import Meter
    from tests.support.dynamodb.engine import Engine

ANN, BOB, FULL = (str(UUID(int=number, version=4)) for number in (1, 2, 3))
"""User ids as Cognito makes them. The last user has as many images as one may have."""
DESCRIPTION = "The harbour on our last evening"
TAGS = ("sunset", "holiday", "sea")
FILENAME = "IMG_20260712_201530.jpg"
COPIES = 64
"""Of each kind of image: so every partition holds more than one read of it takes."""
YOUNGEST = datetime(2030, 1, 1, tzinfo=UTC)
"""Later than everything else, so the copies come first in every listing, and always in the same order."""
ROW_EXTRA_BYTES = 100
"""DynamoDB stores more than what a row holds, and bills it."""
PARAMETERS = {
    "PUBLIC_SHARDS": "PublicShards",
    "MAX_USER_IMAGES": "MaxUserImages",
    "MAX_USER_BYTES": "MaxUserBytes",
}
"""Settings, and the parameters of the template whose defaults they have."""

Tag, GpsTag = ExifTags.Base, ExifTags.GPS
EXIF = make_exif(
    {Tag.Make: "Google", Tag.Model: "Pixel 9 Pro", Tag.Orientation: 1},
    {
        Tag.DateTimeOriginal: "2026:07:12 20:15:30",
        Tag.OffsetTimeOriginal: "+02:00",
        Tag.LensModel: "Pixel 9 Pro back camera 6.9mm f/1.68",
        Tag.FocalLength: 6.9,
        Tag.FNumber: 1.68,
        Tag.ExposureTime: 0.0125,
        Tag.ISOSpeedRatings: 120,
    },
    {
        GpsTag.GPSLatitudeRef: "N",
        GpsTag.GPSLatitude: (43.0, 41.0, 45.25),
        GpsTag.GPSLongitudeRef: "E",
        GpsTag.GPSLongitude: (7.0, 17.0, 11.5),
    },
)
PICTURE = encode(draw_quadrants(320, 240), "JPEG", exif=EXIF)
"""With the facts of a phone. It is small: the size of its bytes changes no call and no unit."""


@dataclass
class World:
    """A deployment with images in all listings. `photo` is what its users upload."""

    meter: Meter
    photo: bytes = PICTURE
    ready: dict[Visibility, str] = field(default_factory=dict)
    """Ids of images of Ann."""
    _keys: Iterator[str] = field(default_factory=lambda: map("key-{:032}".format, itertools.count()))

    def fill(self) -> None:
        """Fill the listings. The functions have made their clients and read their keys afterwards."""
        deployment = self.meter.deployment
        self.ready = {visibility: self.add(visibility) for visibility in Visibility}
        models = {name: deployment.images.get(image_id) for name, image_id in self.ready.items()}
        public, private = models[Visibility.PUBLIC], models[Visibility.PRIVATE]
        kinds = (public, ANN), (public, BOB), (private, ANN)
        for number, (image, owner) in enumerate(kinds * COPIES):
            deployment.images.add(copy_image(image, owner, number))
        most = Settings().quota.max_images or 0
        deployment.usages.reserve(FULL, FULL, Usage(images=most))
        deployment.request("GET", "/images", user=ANN)
        deployment.engine.take_records("images")  # the copies are not counted

    def add(self, visibility: Visibility, *, user: str = ANN) -> str:
        """Upload an image, and process it. This is not measured."""
        response = self.upload(make_form_options(self.photo, visibility), user=user)
        self.meter.settle()
        self.meter.take()
        image_id: str = response.json["id"]
        return image_id

    def measure_rows(self, image_id: str) -> int:
        """Bytes for which AWS bills storage: those of the record and of its entries."""
        rows = self.meter.deployment.engine.list_items("images")
        found = [row for row in rows if image_id in row["pk"]["S"] + row["sk"]["S"]]
        return sum(measure_item(row) + ROW_EXTRA_BYTES for row in found)

    def upload(self, options: dict[str, Any], *, user: str = ANN, status: int = 201) -> ApiResponse:
        sent = {"url": "/images/upload", "user": user, **options}
        return self.meter.request(Work.UPLOAD, "POST", status=status, **sent)

    def add_key(self, options: dict[str, Any]) -> dict[str, Any]:
        """Give a request an Idempotency-Key of its own."""
        return {**options, "headers": {**options.get("headers", {}), "Idempotency-Key": next(self._keys)}}


def copy_image(image: Image, owner: str, number: int) -> Image:
    """Return a younger image. The copies take turns in the shards of the public listing."""
    return image.model_copy(
        update={
            "id": str(uuid4()),
            "user_id": owner,
            "created_at": YOUNGEST + timedelta(seconds=number),
            "shard": number % int(get_default("PublicShards")),
        }
    )


def make_form_options(photo: bytes, visibility: Visibility, tags: Sequence[str] = TAGS) -> dict[str, Any]:
    fields = [("description", DESCRIPTION), ("visibility", str(visibility)), *(("tags", tag) for tag in tags)]
    return make_form(*fields, file=photo, filename=FILENAME)


@contextmanager
def run_deployment(engine: Engine | None = None) -> Iterator[Deployment]:
    """Deploy with the defaults of the template: in the emulator that runs, or in a new one."""
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        for setting, parameter in PARAMETERS.items():
            patch.setenv(setting, get_default(parameter))
        if engine is None:
            patch.setenv("POWERTOOLS_LOG_LEVEL", "CRITICAL")
            with run_emulator() as new:
                yield from _deploy(patch, new)
        else:
            empty_emulator(engine)
            yield from _deploy(patch, engine)
            empty_emulator(engine)


def get_default(parameter: str) -> str:
    return str(load()["Parameters"][parameter]["Default"])


def _deploy(patch: pytest.MonkeyPatch, engine: Engine) -> Iterator[Deployment]:
    create_tables(create_client("dynamodb"))
    location: Any = {"LocationConstraint": "eu-central-1"}
    create_client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration=location)
    deployment = Deployment(patch, engine)
    try:
        yield deployment
    finally:
        deployment.close()
