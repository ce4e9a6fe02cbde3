"""The template's functions: what they run, what starts them, and which variables they get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from local.layout import ROOT
from processor import main
from processor.accepting import LATE_AGE
from processor.waiting import ROW_PATIENCE
from shared.lifecycle import PROCESSING_LEASE
from shared.settings import Settings
from tests.support.template import Node, get_att, get_properties, get_resources, load, ref, sub

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET_NAME = get_att("BucketNameParameter", "Value")

# Handler, memory in MB, seconds, role, log group.
FUNCTIONS: dict[str, tuple[str, int, int, str, str]] = {
    "ApiFunction": ("app.start.lambda_handler", 1769, 29, "ApiRole", "ApiLogGroup"),
    "ProcessorFunction": ("processor.main.lambda_handler", 2048, 120, "ProcessorRole", "ProcessorLogGroup"),
    "ChangesFunction": ("processor.changes.lambda_handler", 512, 60, "ChangesRole", "ChangesLogGroup"),
    "WebhookFunction": ("processor.deliveries.lambda_handler", 256, 30, "WebhookRole", "WebhookLogGroup"),
    "InvalidationFunction": (
        "processor.invalidations.lambda_handler",
        256,
        30,
        "InvalidationRole",
        "InvalidationLogGroup",
    ),
}
LAMBDA_SETS = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}
LIBRARIES_READ = {"AWS_ENDPOINT_URL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}


def get_variables(function: str, **parameters: object) -> dict[str, Node]:
    variables: dict[str, Node] = get_properties(function, **parameters)["Environment"]["Variables"]
    return variables


class Recorder(Mapping[str, str]):
    """An environment that has every variable, and notes which ones are read."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return "4096"

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_runs_its_handler_within_its_bounds(name: str) -> None:
    handler, memory, timeout, role, log_group = FUNCTIONS[name]
    function = get_properties(name)
    assert (function["Handler"], function["MemorySize"], function["Timeout"]) == (handler, memory, timeout)
    assert function["Role"] == get_att(role)
    assert function["LoggingConfig"] == {"LogGroup": ref(log_group)}
    module, _, attribute = handler.rpartition(".")
    assert callable(getattr(import_module(module), attribute))


def test_functions_share_their_runtime_and_their_code() -> None:
    assert {*get_resources("AWS::Serverless::Function")} == {*FUNCTIONS}
    assert load()["Globals"] == {
        "Function": {
            "Runtime": "python3.13",
            "Architectures": [ref("Architecture")],
            "CodeUri": "src/",
            "Tracing": {"Fn::If": ["HasTracing", "Active", "PassThrough"]},
        }
    }
    assert (ROOT / "src" / "requirements.txt").is_file()


def test_times_of_the_template_fit_those_of_the_code() -> None:
    api, processor = (timedelta(seconds=FUNCTIONS[name][2]) for name in ("ApiFunction", "ProcessorFunction"))
    assert api < ROW_PATIENCE
    assert processor > timedelta(seconds=main.RENDER_CPU_SECONDS + main.RESERVED_SECONDS)
    assert 3 * processor + timedelta(minutes=3) <= PROCESSING_LEASE  # three tries, and pauses between
    assert timedelta() < LATE_AGE < timedelta(minutes=1)
    assert FUNCTIONS["ProcessorFunction"][1] * 2**20 > 5 * main.RESERVED_BYTES


def test_api_function_has_exactly_the_variables_that_it_reads() -> None:
    recorder = Recorder()
    settings = Settings(recorder)
    code = "".join(path.read_text() for path in (ROOT / "src/app").rglob("*.py"))
    for name in {*re.findall(r"settings(?:\(\))?\.(\w+)", code)} & vars(Settings).keys():
        getattr(settings, name)
    assert get_variables("ApiFunction", AwsEndpointUrl="http://x").keys() == (
        recorder.names - LAMBDA_SETS | LIBRARIES_READ
    )


def test_processor_has_every_variable_that_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoDecoder:
        def __init__(self, **_: object) -> None: ...
        def start(self) -> None: ...
        def render(self) -> None: ...

    recorder = Recorder()
    monkeypatch.setattr(main, "Settings", lambda: Settings(recorder))
    monkeypatch.setattr(main, "get_decoder", main.get_decoder.__wrapped__)
    monkeypatch.setattr(main, "Decoder", NoDecoder)
    for factory in (main.get_metrics, main.get_table, main.get_storage, main.create_processor):
        factory.cache_clear()
    main.create_processor.__wrapped__()
    variables = get_variables("ProcessorFunction", AwsEndpointUrl="http://x")
    assert variables.keys() == recorder.names - LAMBDA_SETS | LIBRARIES_READ


@pytest.mark.parametrize(
    ("function", "module"),
    [
        ("ChangesFunction", "changes"),
        ("WebhookFunction", "deliveries"),
        ("InvalidationFunction", "invalidations"),
    ],
)
def test_function_of_a_stream_or_queue_has_exactly_the_variables_that_it_reads(
    function: str, module: str
) -> None:
    recorder = Recorder()
    settings = Settings(recorder)
    code = (ROOT / f"src/processor/{module}.py").read_text()
    for name in {*re.findall(r"[Ss]ettings(?:\(\))?\.(\w+)", code)} & vars(Settings).keys():
        getattr(settings, name)
    variables = get_variables(function, AwsEndpointUrl="http://x")
    assert variables.keys() == recorder.names - LAMBDA_SETS | LIBRARIES_READ


def test_variables_of_the_api_are_what_they_name() -> None:
    issuer = "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${PoolId}"
    assert get_variables("ApiFunction") == {
        "IMAGES_TABLE": ref("ImagesTable"),
        "ITEMS_TABLE": ref("ItemsTable"),
        "IDEMPOTENCY_TABLE": ref("IdempotencyTable"),
        "MAX_USER_IMAGES": 10_000,
        "MAX_USER_BYTES": 10_737_418_240,
        "MAX_USER_FILES": 1000,
        "MAX_USER_ITEMS": 10_000,
        "MAX_PENDING_UPLOADS": 50,
        "MAX_PENDING_BYTES": 1_073_741_824,
        "USER_WRITES_PER_MINUTE": 600,
        "USER_WRITE_BURST": 200,
        "TRASH_DAYS": 30,
        "RECOVERY_DAYS": 0,
        "LEGACY_UPLOAD": "enabled",
        "VARIANTS": "enabled",
        "BUCKET": BUCKET_NAME,
        "PUBLIC_SHARDS": 4,
        "AUTH_MODE": "jwt",
        "OIDC_ISSUER": {"Fn::Sub": [issuer, {"PoolId": ref("OwnUserPool")}]},
        "OIDC_AUDIENCE": ref("UserPoolClient"),
        "OIDC_DISCOVERY_URL": "",
        "OIDC_CLIENT_ID": "",
        "OIDC_SCOPES": "openid",
        "PAGE_CLIENT_PARAMETER": sub("/${AWS::StackName}/page-client"),
        "USER_CLAIM": "sub",
        "ADMIN_GROUP": "admin",
        "ID_TOKENS": "refused",
        "LINK_SECRET": get_att("LinkSecret", "Id"),
        "SIGNER_ROLE": get_att("SignerRole"),
        "ALLOWED_ORIGINS": "*",
        "PUBLIC_URL": "",
        "CDN_SECONDS": 60,
        "ORIGIN_SECRET": "",
        "CDN_URL_PARAMETER": "",
        "API_DOCS": "enabled",
        "WEB_PAGE": "enabled",
        "S3_PUBLIC_URL": sub("https://s3.${AWS::Region}.${AWS::URLSuffix}"),
        "METRICS_NAMESPACE": ref("AWS::StackName"),
        "POWERTOOLS_SERVICE_NAME": "api",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def test_urls_of_a_stack_begin_with_its_domain_or_its_public_url() -> None:
    domain = {"DomainName": "a.example", "CertificateArn": "arn"}
    assert get_variables("ApiFunction", **domain)["PUBLIC_URL"] == sub("https://${DomainName}")
    assert get_variables("ApiFunction", Cdn="enabled", **domain)["PUBLIC_URL"] == sub("https://${DomainName}")
    both = get_variables("ApiFunction", PublicUrl="https://cdn.example", **domain)
    assert both["PUBLIC_URL"] == "https://cdn.example"


@pytest.mark.parametrize(
    ("function", "parameter", "value", "variable", "seen"),
    [
        ("ApiFunction", "MaxUserImages", 5, "MAX_USER_IMAGES", 5),
        ("ApiFunction", "MaxUserBytes", 6, "MAX_USER_BYTES", 6),
        ("ApiFunction", "MaxUserFiles", 5, "MAX_USER_FILES", 5),
        ("ApiFunction", "MaxUserItems", 5, "MAX_USER_ITEMS", 5),
        ("ApiFunction", "MaxPendingUploads", 5, "MAX_PENDING_UPLOADS", 5),
        ("ApiFunction", "MaxPendingBytes", 5, "MAX_PENDING_BYTES", 5),
        ("ApiFunction", "UserWritesPerMinute", 5, "USER_WRITES_PER_MINUTE", 5),
        ("ApiFunction", "UserWriteBurst", 5, "USER_WRITE_BURST", 5),
        ("ApiFunction", "TrashDays", 5, "TRASH_DAYS", 5),
        ("ApiFunction", "RecoveryDays", 5, "RECOVERY_DAYS", 5),
        ("ChangesFunction", "RecoveryDays", 5, "RECOVERY_DAYS", 5),
        ("ApiFunction", "LegacyUpload", "disabled", "LEGACY_UPLOAD", "disabled"),
        ("ApiFunction", "Variants", "signed", "VARIANTS", "signed"),
        ("ApiFunction", "PublicShards", 7, "PUBLIC_SHARDS", 7),
        ("ApiFunction", "AuthMode", "open", "AUTH_MODE", "open"),
        ("ApiFunction", "OidcIssuer", "https://a.example", "OIDC_ISSUER", "https://a.example"),
        ("ApiFunction", "UserClaim", "email", "USER_CLAIM", "email"),
        ("ApiFunction", "AdminGroup", "root", "ADMIN_GROUP", "root"),
        ("ApiFunction", "IdTokens", "accepted", "ID_TOKENS", "accepted"),
        (
            "ApiFunction",
            "AllowedOrigins",
            ["https://a", "https://b"],
            "ALLOWED_ORIGINS",
            "https://a,https://b",
        ),
        ("ApiFunction", "PublicUrl", "https://a.example", "PUBLIC_URL", "https://a.example"),
        ("ApiFunction", "CdnSeconds", 5, "CDN_SECONDS", 5),
        ("ApiFunction", "Cdn", "enabled", "ORIGIN_SECRET", get_att("OriginSecret", "Id")),
        ("ApiFunction", "Cdn", "enabled", "CDN_URL_PARAMETER", sub("/${AWS::StackName}/cdn-url")),
        ("ChangesFunction", "CdnInvalidation", "enabled", "INVALIDATION_QUEUE", ref("InvalidationQueue")),
        ("ChangesFunction", "EventBus", "own", "EVENT_BUS", ref("OwnEventBus")),
        ("ChangesFunction", "EventBus", "default", "EVENT_BUS", "default"),
        ("ChangesFunction", "EventBus", "none", "EVENT_BUS", ""),
        ("WebhookFunction", "WebhookUrl", "https://a.example", "WEBHOOK_URL", "https://a.example"),
        ("WebhookFunction", "WebhookSecretArn", "arn", "WEBHOOK_SECRET", "arn"),
        ("WebhookFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("WebhookFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        ("InvalidationFunction", "CdnInvalidationPaths", 9, "CDN_INVALIDATION_PATHS", 9),
        ("InvalidationFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("InvalidationFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        ("ApiFunction", "ApiDocs", "disabled", "API_DOCS", "disabled"),
        ("ApiFunction", "WebPage", "disabled", "WEB_PAGE", "disabled"),
        ("ApiFunction", "S3PublicUrl", "https://s3.example", "S3_PUBLIC_URL", "https://s3.example"),
        ("ApiFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("ApiFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        *((name, "Metrics", "disabled", "METRICS_NAMESPACE", "") for name in FUNCTIONS),
        ("ProcessorFunction", "MaxUserImages", 5, "MAX_USER_IMAGES", 5),
        ("ProcessorFunction", "MaxUserBytes", 6, "MAX_USER_BYTES", 6),
        ("ProcessorFunction", "MaxPendingBytes", 6, "MAX_PENDING_BYTES", 6),
        ("ProcessorFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("ProcessorFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        ("ChangesFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("ChangesFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        ("ApiFunction", "LinkSecretArn", "arn", "LINK_SECRET", "arn"),
        ("ApiFunction", "KeptItemsTableName", "items", "ITEMS_TABLE", "items"),
        ("ApiFunction", "KeptImagesTableName", "images", "IMAGES_TABLE", "images"),
        ("ProcessorFunction", "KeptImagesTableName", "images", "IMAGES_TABLE", "images"),
        ("ChangesFunction", "KeptImagesTableName", "images", "IMAGES_TABLE", "images"),
    ],
)
def test_parameter_reaches_its_variable(
    function: str, parameter: str, value: object, variable: str, seen: object
) -> None:
    assert get_variables(function, **{parameter: value})[variable] == seen


@pytest.mark.parametrize("name", ["ProcessorFunction", "ChangesFunction"])
def test_variables_of_the_background_name_the_same_stores(name: str) -> None:
    variables = get_variables(name)
    stores = {key: value for key, value in variables.items() if key.endswith("TABLE")}
    items = {"ITEMS_TABLE": ref("ItemsTable")} if name == "ChangesFunction" else {}
    assert stores == {"IMAGES_TABLE": ref("ImagesTable")} | items
    # The bucket notifies the processor, so a reference to the bucket would be a circle.
    assert variables["BUCKET"] == BUCKET_NAME
    assert variables["POWERTOOLS_SERVICE_NAME"] == name.removesuffix("Function").lower()


@pytest.mark.parametrize(
    ("function", "parameter"),
    [("ApiFunction", "ApiConcurrency"), ("ProcessorFunction", "ProcessorConcurrency")],
)
def test_executions_are_reserved_only_where_the_parameter_says(function: str, parameter: str) -> None:
    assert "ReservedConcurrentExecutions" not in get_properties(function)
    assert get_properties(function, **{parameter: 5})["ReservedConcurrentExecutions"] == 5


def test_processor_keeps_the_events_that_failed() -> None:
    processor = get_properties("ProcessorFunction")
    assert processor["EventInvokeConfig"] == {
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 6 * 3600,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": get_att("FailureQueue")}},
    }
