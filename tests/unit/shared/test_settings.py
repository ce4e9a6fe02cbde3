from __future__ import annotations

from datetime import timedelta
from functools import cached_property

import pytest

from shared.quotas import Quota
from shared.rates import Rate
from shared.settings import Settings

# The variable of each setting, a value that is not its default, and what the setting is then.
SETTINGS: dict[str, tuple[str, str, object]] = {
    "images_table": ("IMAGES_TABLE", "t1", "t1"),
    "items_table": ("ITEMS_TABLE", "t2", "t2"),
    "idempotency_table": ("IDEMPOTENCY_TABLE", "t3", "t3"),
    "bucket": ("BUCKET", "b", "b"),
    "auth_mode": ("AUTH_MODE", "jwt", "jwt"),
    "oidc_issuer": ("OIDC_ISSUER", "https://issuer.example", "https://issuer.example"),
    "oidc_audience": ("OIDC_AUDIENCE", "client", "client"),
    "oidc_discovery_url": ("OIDC_DISCOVERY_URL", "https://a.example", "https://a.example"),
    "oidc_client_id": ("OIDC_CLIENT_ID", "page", "page"),
    "oidc_scopes": ("OIDC_SCOPES", "openid email", "openid email"),
    "page_client_parameter": ("PAGE_CLIENT_PARAMETER", "/images/page-client", "/images/page-client"),
    "user_claim": ("USER_CLAIM", "email", "email"),
    "admin_group": ("ADMIN_GROUP", "root", "root"),
    "accepts_id_tokens": ("ID_TOKENS", "accepted", True),
    "link_secret": ("LINK_SECRET", "links", "links"),
    "public_shards": ("PUBLIC_SHARDS", "7", 7),
    "trash_lifetime": ("TRASH_DAYS", "7", timedelta(days=7)),
    "recovery_days": ("RECOVERY_DAYS", "7", 7),
    "legacy_upload": ("LEGACY_UPLOAD", "disabled", False),
    "variants": ("VARIANTS", "signed", "signed"),
    "allowed_origins": ("ALLOWED_ORIGINS", "https://a,https://b", ["https://a", "https://b"]),
    "memory_bytes": ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048", 2_147_483_648),
    "signer_role": ("SIGNER_ROLE", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a"),
    "failure_queue": ("FAILURE_QUEUE", "https://sqs.example/q", "https://sqs.example/q"),
    "reports_batch_failures": ("REPORTS_BATCH_FAILURES", "true", True),
    "public_url": ("PUBLIC_URL", "https://api.example", "https://api.example"),
    "cdn_seconds": ("CDN_SECONDS", "86400", 86_400),
    "origin_secret": ("ORIGIN_SECRET", "arn:secret", "arn:secret"),
    "cdn_url_parameter": ("CDN_URL_PARAMETER", "/images/cdn-url", "/images/cdn-url"),
    "invalidation_queue": ("INVALIDATION_QUEUE", "https://sqs.example/i", "https://sqs.example/i"),
    "event_bus": ("EVENT_BUS", "images", "images"),
    "stack_id": ("STACK_ID", "arn:stack", "arn:stack"),
    "webhook_url": ("WEBHOOK_URL", "https://a.example", "https://a.example"),
    "webhook_secret": ("WEBHOOK_SECRET", "arn:secret", "arn:secret"),
    "webhook_queue": ("WEBHOOK_QUEUE", "https://sqs.example/w", "https://sqs.example/w"),
    "distribution_id": ("DISTRIBUTION_ID", "E1", "E1"),
    "cdn_invalidation_paths": ("CDN_INVALIDATION_PATHS", "9", 9),
    "has_docs": ("API_DOCS", "disabled", False),
    "has_web_page": ("WEB_PAGE", "disabled", False),
    "s3_public_url": ("S3_PUBLIC_URL", "https://s3.example", "https://s3.example"),
    "metrics_namespace": ("METRICS_NAMESPACE", "images-prod", "images-prod"),
    "service_name": ("POWERTOOLS_SERVICE_NAME", "api", "api"),
}
# The settings that a function can do without. A missing variable and an empty one mean the same.
DEFAULTS: dict[str, object] = {
    "oidc_discovery_url": None,
    "oidc_client_id": None,
    "oidc_scopes": "openid",
    "page_client_parameter": None,
    "user_claim": "sub",
    "admin_group": "admin",
    "accepts_id_tokens": False,
    "public_shards": 1,
    "trash_lifetime": timedelta(days=30),
    "recovery_days": 0,
    "legacy_upload": True,
    "variants": "enabled",
    "allowed_origins": ["*"],
    "signer_role": None,
    "reports_batch_failures": False,
    "public_url": None,
    "cdn_seconds": 60,
    "origin_secret": None,
    "cdn_url_parameter": None,
    "invalidation_queue": None,
    "event_bus": None,
    "has_docs": True,
    "has_web_page": True,
    "s3_public_url": None,
    "metrics_namespace": None,
    "service_name": "service",
}
REQUIRED = [name for name in SETTINGS if name not in DEFAULTS]


def test_table_holds_every_setting() -> None:
    properties = [name for name, value in vars(Settings).items() if isinstance(value, cached_property)]
    assert {*properties} - {"quota", "rate"} == {*SETTINGS}


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_is_the_value_of_its_own_variable(name: str) -> None:
    variable, text, value = SETTINGS[name]
    others = {other: "99" for other, _, _ in SETTINGS.values()}
    assert getattr(Settings(others | {variable: text}), name) == value


@pytest.mark.parametrize("name", REQUIRED)
def test_required_variable_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(KeyError, match=f"^'{SETTINGS[name][0]}'$"):
        getattr(Settings({}), name)


@pytest.mark.parametrize("name", DEFAULTS)
def test_optional_variable_has_its_default_if_it_is_missing_or_empty(name: str) -> None:
    for environ in ({}, {SETTINGS[name][0]: ""}):
        assert getattr(Settings(environ), name) == DEFAULTS[name]


QUOTAS = {
    "MAX_USER_IMAGES": Quota(max_images=5),
    "MAX_USER_BYTES": Quota(max_bytes=5),
    "MAX_USER_FILES": Quota(max_files=5),
    "MAX_USER_ITEMS": Quota(max_items=5),
    "MAX_PENDING_UPLOADS": Quota(max_pending_uploads=5),
    "MAX_PENDING_BYTES": Quota(max_pending_bytes=5),
}


@pytest.mark.parametrize(("variable", "quota"), QUOTAS.items())
def test_each_bound_of_a_user_has_its_own_variable(variable: str, quota: Quota) -> None:
    assert Settings({variable: "5"}).quota == quota
    assert Settings({variable: "0"}).quota == Settings({variable: ""}).quota == Quota()


def test_rate_has_two_variables_and_zero_is_no_rate() -> None:
    assert Settings({"USER_WRITES_PER_MINUTE": "5", "USER_WRITE_BURST": "7"}).rate == Rate(5, 7)
    assert Settings({"USER_WRITES_PER_MINUTE": "0", "USER_WRITE_BURST": "7"}).rate == Rate(None, 7)
    assert Settings({}).rate == Rate()


def test_callers_are_never_trusted_by_default() -> None:
    with pytest.raises(KeyError):
        _ = Settings({}).auth_mode


def test_settings_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET", "of the process")
    assert Settings().bucket == "of the process"
