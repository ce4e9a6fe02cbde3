"""Signed URLs and forms: what they allow, for how long, and how browsers get the bytes."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from shared.aws import create_client
from shared.keys import (
    Revision,
)
from shared.models import Visibility
from shared.storage import ImageStorage
from tests.support.images import make_ready

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PHOTO = make_ready(filename="a b.jpg", content_type="image/png", visibility=Visibility.PUBLIC)
SHA256 = "00ff" * 16


def read_url(url: str) -> tuple[str, dict[str, str]]:
    """The path and the parameters of a URL, without those that change with every signature."""
    parts = urlsplit(url)
    changing = {"X-Amz-Date", "X-Amz-Signature", "X-Amz-Credential"}
    query = {name: value for name, value in parse_qsl(parts.query) if name not in changing}
    return parts.path, query


def make_query(seconds: int, **more: str) -> dict[str, str]:
    return {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
        **{f"response-{name.replace('_', '-')}": value for name, value in more.items()},
    }


@pytest.mark.parametrize("visibility", Visibility)
def test_url_of_an_original_is_private_and_ends_after_a_minute(
    storage: ImageStorage, visibility: Visibility
) -> None:
    image = PHOTO.model_copy(update={"visibility": visibility})
    for is_download, kind in ((False, "inline"), (True, "attachment")):
        assert read_url(storage.sign_original(image, is_download=is_download)) == (
            f"/originals/{PHOTO.id}/1",
            make_query(
                60,
                content_type="image/png",
                content_disposition=f"{kind}; filename*=UTF-8''a%20b.jpg",
                cache_control="private, max-age=60",
            ),
        )


def test_url_of_a_download_ends_after_half_an_hour_and_is_no_page(storage: ImageStorage) -> None:
    disposition = "attachment; filename*=UTF-8''%22a%2Fb%22.html"
    assert read_url(storage.sign_download("files/1/a.html", '"a/b".html')) == (
        "/files/1/a.html",
        make_query(1800, content_disposition=disposition),
    )


def test_urls_are_of_the_host_that_clients_reach(s3: S3Client) -> None:
    signer = create_client("s3", "http://localhost:4566")
    storage = ImageStorage(s3, "bucket", get_signer=lambda _: signer)
    urls = [
        storage.sign_original(PHOTO),
        storage.sign_download("files/1/a", "a"),
        sign_upload(storage).url,
    ]
    assert {urlsplit(url).netloc for url in urls} == {"localhost:4566"}
    assert {urlsplit(url).path.split("/")[1] for url in urls} == {"bucket"}
    assert urlsplit(ImageStorage(s3, "bucket").sign_original(PHOTO)).netloc.startswith("bucket.s3.")


def sign_upload(storage: ImageStorage, **fields: Any) -> Any:  # noqa: ANN401 - a form
    options: Any = {"content_type": "image/png", "size": 7, "sha256": None, "lifetime_seconds": 90}
    return storage.sign_upload(Revision("1"), **options | fields)


def read_policy(form: Any) -> tuple[list[Any], timedelta]:  # noqa: ANN401 - a form
    """Its conditions without those of the signature, and the time that is left."""
    policy = json.loads(b64decode(form.fields["policy"]))
    conditions = [found for found in policy["conditions"] if "x-amz-" not in str(found)]
    return conditions, datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)


def test_form_takes_one_file_of_one_size_and_type_under_one_key(storage: ImageStorage) -> None:
    form = sign_upload(storage)
    conditions, left = read_policy(form)
    assert conditions == [
        {"Content-Type": "image/png"},
        ["content-length-range", 7, 7],
        {"bucket": "bucket"},
        {"key": "uploads/1/1"},
    ]
    assert timedelta(seconds=60) < left <= timedelta(seconds=91)
    assert (form.fields["key"], form.fields["Content-Type"]) == ("uploads/1/1", "image/png")


def test_form_asks_for_the_checksum_that_was_announced(storage: ImageStorage) -> None:
    form = sign_upload(storage, sha256=SHA256)
    checksum = {
        "x-amz-checksum-algorithm": "SHA256",
        "x-amz-checksum-sha256": "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8=",
    }
    assert {name: form.fields[name] for name in checksum} == checksum
    conditions = json.loads(b64decode(form.fields["policy"]))["conditions"]
    assert all({name: value} in conditions for name, value in checksum.items())
    assert not any("checksum" in name for name in sign_upload(storage).fields)
