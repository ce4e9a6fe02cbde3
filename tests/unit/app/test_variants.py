from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.variants import VariantMaker
from imaging.renditions import render
from imaging.variants import make_variant
from shared.errors import NotFound, UnacceptableImage, Unavailable
from shared.inspection import Inspection, inspect
from shared.keys import make_rendition_key, make_variant_key
from shared.models import Rendition
from shared.renditions import STILLS, Fit, RenditionName
from shared.variants import Variant, VariantFormat, VariantRequest
from tests.support.faults import ERRORS, Extent, Fault, break_calls
from tests.support.handlers import listen, watch
from tests.support.images import make_image, make_ready
from tests.support.pictures import draw_quadrants, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository
    from shared.models import Image
    from shared.storage import ImageStorage

AVIF, WEBP, JPEG, PNG = VariantFormat
SIZES = {
    RenditionName.THUMBNAIL: (256, 128),
    RenditionName.SMALL: (640, 320),
    RenditionName.MEDIUM: (800, 400),
    RenditionName.LARGE: (800, 400),
}
VARIANT = Variant(320, 160, Fit.INSIDE, JPEG)
FAULTS = [fault for fault in Fault if fault is not Fault.KILLED]


@pytest.fixture
def maker(images: ImageRepository, storage: ImageStorage) -> VariantMaker:
    return VariantMaker(images, storage, make_variant)


@pytest.fixture
def image(images: ImageRepository, storage: ImageStorage) -> Image:
    return add(images, storage)


def add(
    images: ImageRepository,
    storage: ImageStorage,
    *,
    mode: str = "RGB",
    **fields: Any,  # noqa: ANN401 - any field of an image
) -> Image:
    """An image of 800 x 400 pixels with its renditions. With alpha it is half transparent."""
    picture = draw_quadrants(800, 400)
    if mode == "RGBA":
        picture.putalpha(128)
    rendered = render(encode(picture)).renditions
    assert {name: (made.width, made.height) for name, made in rendered.items()} == SIZES
    renditions = {
        name: Rendition(width=made.width, height=made.height, size=len(made.data))
        for name, made in rendered.items()
    }
    image = images.add(make_ready(renditions=renditions, **fields))
    for name, made in rendered.items():
        storage.add(make_rendition_key(image.id, name, image.revision), made.data, "image/webp")
    return image


def list_variants(s3: S3Client) -> list[str]:
    return [
        found["Key"] for found in s3.list_objects_v2(Bucket="bucket", Prefix="variants/").get("Contents", [])
    ]


def delete_during_the_put(s3: S3Client, images: ImageRepository, image: Image) -> None:
    def delete(**_: object) -> None:
        images.delete(image.id)

    listen(s3, "before-call.s3.PutObject", delete)


def refuse(data: bytes, variant: Variant) -> bytes:
    del data, variant
    raise UnacceptableImage("It takes too long to decode.")


@pytest.mark.parametrize("variant_format", VariantFormat)
@pytest.mark.parametrize("fit", Fit)
def test_variant_is_a_picture_of_its_size_and_format(
    maker: VariantMaker, image: Image, variant_format: VariantFormat, fit: Fit
) -> None:
    data = maker.get(image, Variant(320, 160, fit, variant_format), is_kept=True)
    assert inspect(data) == Inspection(variant_format.content_type, 320, 160, animated=False)


def test_kept_variant_is_made_once(maker: VariantMaker, s3: S3Client, image: Image) -> None:
    first = maker.get(image, VARIANT, is_kept=True)
    key = make_variant_key(image.id, VARIANT)
    stored = s3.get_object(Bucket="bucket", Key=key)
    assert (stored["ContentType"], stored["Body"].read()) == ("image/jpeg", first)
    unable = VariantMaker(maker.images, maker.storage, refuse)
    calls = watch(s3, "GetObject")
    assert unable.get(image, VARIANT, is_kept=True) == first
    assert [call["Key"] for call in calls] == [key]


def test_variant_that_is_not_kept_is_not_stored(maker: VariantMaker, s3: S3Client, image: Image) -> None:
    assert maker.get(image, VARIANT, is_kept=False) == maker.get(image, VARIANT, is_kept=False)
    assert list_variants(s3) == []


@pytest.mark.parametrize("name", [RenditionName.SMALL, RenditionName.LARGE])
@pytest.mark.parametrize("is_kept", [False, True])
def test_variant_that_is_a_rendition_is_read_and_not_made(
    maker: VariantMaker, s3: S3Client, image: Image, name: RenditionName, is_kept: bool
) -> None:
    unable = VariantMaker(maker.images, maker.storage, refuse)
    data = unable.get(image, Variant(*SIZES[name], Fit.INSIDE, WEBP), is_kept=is_kept)
    assert data == maker.storage.get(make_rendition_key(image.id, name))
    assert list_variants(s3) == []


def test_variant_is_made_of_the_smallest_rendition_that_will_do(
    maker: VariantMaker, s3: S3Client, image: Image
) -> None:
    calls = watch(s3, "GetObject")
    maker.get(image, Variant(64, 32, Fit.INSIDE, JPEG), is_kept=False)
    maker.get(image, Variant(320, 160, Fit.INSIDE, JPEG), is_kept=False)
    assert [call["Key"].rpartition("/")[2] for call in calls] == ["thumbnail.webp", "small.webp"]


def test_image_that_is_deleted_meanwhile_leaves_no_variant(
    maker: VariantMaker, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    delete_during_the_put(s3, images, image)
    with pytest.raises(NotFound):
        maker.get(image, VARIANT, is_kept=True)
    assert list_variants(s3) == []


def test_image_that_is_replaced_meanwhile_leaves_no_variant(
    maker: VariantMaker, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    def replace(**_: object) -> None:
        images.update(image.id, lambda old: old.model_copy(update={"revision": 2, "latest_revision": 2}))

    listen(s3, "before-call.s3.PutObject", replace)
    with pytest.raises(Unavailable):
        maker.get(image, VARIANT, is_kept=True)
    assert list_variants(s3) == []


@pytest.mark.parametrize(
    ("revision", "error"),
    [(None, NotFound), (1, NotFound), (2, Unavailable)],
    ids=["gone", "lost", "replaced"],
)
def test_image_whose_renditions_are_gone_was_deleted_or_replaced(  # noqa: PLR0913, PLR0917 - rows and fixtures
    maker: VariantMaker,
    images: ImageRepository,
    storage: ImageStorage,
    s3: S3Client,
    image: Image,
    revision: int | None,
    error: type[Exception],
) -> None:
    for name in STILLS:
        storage.delete(make_rendition_key(image.id, name))
    if revision is None:
        images.delete(image.id)
    else:
        images.update(image.id, lambda old: old.model_copy(update={"revision": revision}))
    with pytest.raises(error):
        maker.get(image, VARIANT, is_kept=True)
    assert list_variants(s3) == []


def test_deletion_that_is_lost_is_not_forgotten(
    maker: VariantMaker, images: ImageRepository, s3: S3Client, image: Image
) -> None:
    """The consistency check finds the variant. The client tries again, and learns that the image is gone."""
    delete_during_the_put(s3, images, image)
    break_calls(s3, "DeleteObject")
    with pytest.raises(Unavailable):
        maker.get(image, VARIANT, is_kept=True)
    assert len(list_variants(s3)) == 1


def test_two_requests_at_once_make_one_object(maker: VariantMaker, s3: S3Client, image: Image) -> None:
    other = VariantMaker(maker.images, maker.storage, make_variant)
    made: list[bytes] = []

    def make_beside(data: bytes, variant: Variant) -> bytes:
        made.append(other.get(image, variant, is_kept=True))
        return make_variant(data, variant)

    slow = VariantMaker(maker.images, maker.storage, make_beside)
    assert slow.get(image, VARIANT, is_kept=True) == made[0]
    assert len(list_variants(s3)) == 1


@pytest.mark.parametrize("is_kept", [False, True])
def test_picture_that_cannot_be_made_is_unavailable(
    images: ImageRepository, storage: ImageStorage, s3: S3Client, image: Image, is_kept: bool
) -> None:
    with pytest.raises(Unavailable):
        VariantMaker(images, storage, refuse).get(image, VARIANT, is_kept=is_kept)
    assert list_variants(s3) == []


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize("extent", Extent)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_every_fault_of_s3_ends_in_the_right_bytes_or_passes(  # noqa: PLR0913, PLR0917 - rows and fixtures
    maker: VariantMaker, s3: S3Client, image: Image, operation: str, fault: Fault, extent: Extent
) -> None:
    source = maker.storage.get(make_rendition_key(image.id, RenditionName.SMALL))
    injection = break_calls(s3, operation, fault, extent)
    try:
        assert maker.get(image, VARIANT, is_kept=True) == make_variant(source, VARIANT)
    except Unavailable:
        assert (operation, extent) == ("GetObject", Extent.ALWAYS)
    assert injection.delivered
    injection.end()
    assert maker.get(image, VARIANT, is_kept=True) == make_variant(source, VARIANT)
    assert list_variants(s3) == [make_variant_key(image.id, VARIANT)]


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize("fault", [fault for service, fault in ERRORS if service == "dynamodb"])
def test_variant_is_not_kept_if_nobody_knows_of_the_image(
    maker: VariantMaker, s3: S3Client, dynamodb: DynamoDBClient, image: Image, fault: Fault
) -> None:
    break_calls(dynamodb, "GetItem", fault)
    with pytest.raises(Unavailable):
        maker.get(image, VARIANT, is_kept=True)
    assert list_variants(s3) == []


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.mark.parametrize(
    ("mode", "accept", "expected"),
    [
        ("RGB", "image/avif,*/*", AVIF),
        ("RGB", None, WEBP),
        ("RGB", "image/jpeg", JPEG),
        ("RGBA", "image/avif", AVIF),
        ("RGBA", "*/*", WEBP),
        ("RGBA", "image/jpeg", PNG),
    ],
)
def test_auto_is_the_format_that_the_client_accepts(  # noqa: PLR0913, PLR0917 - rows and fixtures
    images: ImageRepository,
    storage: ImageStorage,
    maker: VariantMaker,
    mode: str,
    accept: str | None,
    expected: VariantFormat,
) -> None:
    image = add(images, storage, mode=mode)
    assert maker.choose(image, VariantRequest(), accept) == Variant(800, 400, Fit.INSIDE, expected)
    named = VariantRequest(format=PNG)
    assert maker.choose(image, named, accept).format is PNG


def test_image_that_is_not_ready_has_no_variants(maker: VariantMaker, images: ImageRepository) -> None:
    image = images.add(make_image())
    with pytest.raises(NotFound, match="processing"):
        maker.choose(image, VariantRequest(320), None)
