"""Every factory makes what the settings say. The real ones, on moto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app import dependencies
from app.access.callers import Caller
from app.access.tokens import TokenVerifier
from app.parameters import get_settings
from imaging.variants import make_variant
from shared.aws import create_client
from shared.errors import QuotaExceeded, Unavailable
from shared.images import ImageFilter
from shared.items import Item
from shared.keys import Revision
from shared.listing import Span
from shared.quotas import Usage
from shared.renditions import Fit
from shared.variants import Variant, VariantFormat
from tests.support.factories import forgetting
from tests.support.images import make_image, make_ready, new_id
from tests.support.pictures import make_picture
from tests.support.tokens import make_key_document, make_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.images import ImageRepository

type SetEnv = Callable[[Mapping[str, str]], None]

FACTORIES: list[Any] = [
    get_settings,
    dependencies.get_deadline,
    dependencies.get_dynamodb,
    dependencies.get_images,
    dependencies.get_files,
    dependencies.get_items,
    dependencies.get_usages,
    dependencies.get_storage,
    dependencies.get_keys,
    dependencies.get_make_variant,
    dependencies.get_metrics,
    dependencies.make_verifier,
    dependencies.make_outcome_store,
]
TOKENS = {
    "AUTH_MODE": "jwt",
    "OIDC_ISSUER": "https://other.example.org",
    "OIDC_AUDIENCE": "other client",
    "USER_CLAIM": "email",
    "ADMIN_GROUP": "root",
    "ID_TOKENS": "accepted",
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    with forgetting(*FACTORIES, dependencies.read_parameter):
        yield


@pytest.fixture
def setenv(monkeypatch: pytest.MonkeyPatch) -> SetEnv:
    def set_all(variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: factory.__name__)
def test_everything_is_made_once(factory: Callable[[], object], setenv: SetEnv) -> None:
    setenv(TOKENS)
    assert factory() is factory()


def test_variants_are_made_by_the_decoder_in_the_time_that_is_left() -> None:
    source, variant = make_picture("WEBP"), Variant(40, 20, Fit.INSIDE, VariantFormat.JPEG)
    make: Any = dependencies.get_make_variant()
    try:
        assert make(source, variant) == make_variant(source, variant)
        dependencies.get_deadline().start(1)
        with pytest.raises(Unavailable):
            make(source, variant)
    finally:
        vars(make.__self__)["_decoder"].stop()


@pytest.mark.usefixtures("dynamodb")
@pytest.mark.parametrize(
    ("variables", "fits"),
    [
        ({}, True),
        ({"MAX_USER_IMAGES": "1"}, False),
        ({"MAX_USER_BYTES": "1999"}, False),
        ({"MAX_USER_IMAGES": "2", "MAX_USER_BYTES": "2000"}, True),
    ],
)
def test_counters_keep_to_the_quota_of_the_settings(
    setenv: SetEnv,
    variables: Mapping[str, str],
    fits: bool,
) -> None:
    setenv(variables)
    usages = dependencies.get_usages()
    added = Usage(images=1, bytes=1000)
    usages.reserve(new_id(), "ann", added)
    if fits:
        usages.reserve(new_id(), "ann", added)
    else:
        with pytest.raises(QuotaExceeded):
            usages.reserve(new_id(), "ann", added)
    assert usages.get("ann").images == (2 if fits else 1)


def test_public_images_are_spread_over_the_shards_of_the_settings(
    images: ImageRepository,
    setenv: SetEnv,
) -> None:
    for shard in range(3):
        images.add(make_ready(shard=shard))
    setenv({"PUBLIC_SHARDS": "2"})
    real = dependencies.get_images()
    assert {real.choose_shard() for _ in range(100)} == {0, 1}
    page = real.list_visible(ImageFilter(None), Span(), limit=9)
    assert {image.shard for image in page.records} == {0, 1}


def test_images_items_and_responses_have_their_own_tables(dynamodb: DynamoDBClient) -> None:
    dependencies.get_images().add(make_image())
    dependencies.get_items().add(Item.create(name="a"))
    kinds = {
        name: {row["sk"]["S"] for row in dynamodb.scan(TableName=name)["Items"]} & {"IMAGE", "ITEM"}
        for name in ("images", "items")
    }
    assert kinds == {"images": {"IMAGE"}, "items": {"ITEM"}}
    store = dependencies.make_outcome_store()
    assert (store.table_name, store.expiry_attr) == ("idempotency", "expires_at")
    assert dependencies.get_make_store()() is store


def test_objects_are_in_the_bucket_of_the_settings(s3: S3Client) -> None:
    dependencies.get_storage().add("files/1/a", b"x", "text/plain")
    assert s3.get_object(Bucket="bucket", Key="files/1/a")["Body"].read() == b"x"


@pytest.mark.usefixtures("s3")
def test_urls_are_signed_by_the_role_of_the_settings(setenv: SetEnv) -> None:
    setenv({"SIGNER_ROLE": "arn:aws:iam::123456789012:role/signer"})
    query = parse_qs(urlsplit(dependencies.get_storage().sign_download("a", "a")).query)
    assert query["X-Amz-Security-Token"]
    assert not query["X-Amz-Credential"][0].startswith("test/")


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [("https://s3.example.org", "s3.example.org"), ("", "bucket.s3.amazonaws.com")],
)
def test_urls_are_signed_for_the_address_that_clients_reach(
    setenv: SetEnv,
    endpoint: str,
    host: str,
) -> None:
    setenv({"S3_PUBLIC_URL": endpoint})
    assert urlsplit(dependencies.get_storage().sign_download("a", "a")).netloc == host


def test_links_are_signed_with_the_secret_of_the_settings(
    setenv: SetEnv,
) -> None:
    for name in ("links", "others"):
        create_client("secretsmanager").create_secret(Name=name, SecretString=f"key of {name}")
    setenv({"LINK_SECRET": "others"})
    ring = dependencies.get_keys()
    assert ring.get() == [b"key of others"]
    assert dependencies.get_links(ring).get_keys() == dependencies.get_pages(ring).get_keys() == ring.get()


@pytest.mark.parametrize("discovery_url", ["", "https://discovery.example.org"])
def test_tokens_are_verified_as_the_settings_say(
    setenv: SetEnv,
    monkeypatch: pytest.MonkeyPatch,
    discovery_url: str,
) -> None:
    fetched: list[tuple[str, str | None]] = []

    def fetch(issuer: str, url: str | None) -> dict[str, Any]:
        fetched.append((issuer, url))
        return make_key_document("one")

    monkeypatch.setattr(dependencies, "fetch_keys", fetch)
    setenv({**TOKENS, "OIDC_DISCOVERY_URL": discovery_url})
    claims = {"iss": TOKENS["OIDC_ISSUER"], "client_id": TOKENS["OIDC_AUDIENCE"], "email": "ann@example.org"}
    claims["email_verified"] = "true"
    verify = dependencies.get_verify()
    assert fetched == []
    caller = verify(make_token("ann", **claims, groups=["root"]))
    assert caller == Caller("ann@example.org", is_admin=True, is_verified=True)
    assert not verify(make_token("ann", **claims, groups=["admin"])).is_admin
    assert verify(make_token("ann", **claims, typ="ID")).user_id == "ann@example.org"
    assert fetched == [("https://other.example.org", discovery_url or None)]
    assert isinstance(dependencies.make_verifier(), TokenVerifier)


@pytest.mark.usefixtures("aws")
def test_tokens_for_the_client_of_the_page_are_good_and_it_is_read_once(
    setenv: SetEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "fetch_keys", lambda *_: make_key_document("one"))
    setenv({**TOKENS, "USER_CLAIM": "sub", "PAGE_CLIENT_PARAMETER": "/images/page-client"})
    ssm = create_client("ssm")
    ssm.put_parameter(Name="/images/page-client", Value="page", Type="String")
    token = make_token("ann", iss=TOKENS["OIDC_ISSUER"], client_id="page")
    assert dependencies.get_verify()(token).user_id == "ann"
    ssm.delete_parameter(Name="/images/page-client")
    assert dependencies.get_verify()(token).user_id == "ann"


@pytest.mark.usefixtures("dynamodb", "s3")
@pytest.mark.parametrize(
    "call",
    [
        lambda: dependencies.get_images().has_claim("c"),
        lambda: dependencies.get_usages().get("ann").images,
        lambda: dependencies.get_items().has_claim("c"),
        lambda: dependencies.get_storage().has("a"),
        lambda: dependencies.get_keys().get(),
    ],
    ids=["images", "usages", "items", "storage", "keys"],
)
def test_no_client_calls_when_the_time_is_up(call: Callable[[], object]) -> None:
    create_client("secretsmanager").create_secret(Name="links", SecretString="key")
    assert call() in (0, False, [b"key"])
    dependencies.get_keys.cache_clear()  # it remembers its keys
    dependencies.get_deadline().start(1)
    with pytest.raises(Unavailable):
        call()


def test_form_is_signed_for_the_address_that_clients_reach(
    setenv: SetEnv,
) -> None:
    setenv({"S3_PUBLIC_URL": "http://localhost:4566"})
    form = dependencies.get_storage().sign_upload(
        Revision("1"), content_type="image/png", size=1, sha256=None, lifetime_seconds=60
    )
    assert form.url == "http://localhost:4566/bucket"
    url = urlsplit(dependencies.get_storage().sign_original(make_ready()))
    assert parse_qs(url.query)["X-Amz-Expires"] == ["60"]
    assert url.netloc == "localhost:4566"
