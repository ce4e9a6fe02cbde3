"""The template's functions: what they run, what starts them, and which variables they get."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from local.layout import ROOT
from processor import cleanup, main
from processor.processing import LATE_AGE, ROW_PATIENCE
from shared.images import ImageRepository
from shared.lifecycle import FAILED_LIFETIME, PROCESSING_LEASE
from shared.settings import Settings
from shared.storage import ORIGINALS_PREFIX, UPLOADS_PREFIX
from tests.support.template import Node, get_att, get_properties, get_resources, load, ref, resolve, sub

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET_NAME = "${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"

# Handler, memory in MB, seconds, role, log group.
FUNCTIONS: dict[str, tuple[str, int, int, str, str]] = {
    "ApiFunction": ("app.main.lambda_handler", 1769, 29, "ApiRole", "ApiLogGroup"),
    "ProcessorFunction": ("processor.main.lambda_handler", 2048, 120, "ProcessorRole", "ProcessorLogGroup"),
    "CleanupFunction": ("processor.cleanup.lambda_handler", 512, 60, "CleanupRole", "CleanupLogGroup"),
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
        "Function": {"Runtime": "python3.13", "Architectures": [ref("Architecture")], "CodeUri": "src/"}
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
    main.create_processor.__wrapped__()
    variables = get_variables("ProcessorFunction", AwsEndpointUrl="http://x")
    assert variables.keys() == recorder.names - LAMBDA_SETS | LIBRARIES_READ


def test_cleanup_has_every_variable_that_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(cleanup, "Settings", lambda: Settings(recorder))
    cleanup.get_storage.__wrapped__()
    variables = get_variables("CleanupFunction", AwsEndpointUrl="http://x")
    assert variables.keys() == recorder.names - LAMBDA_SETS | LIBRARIES_READ


def test_variables_of_the_api_are_what_they_name() -> None:
    issuer = "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"
    assert get_variables("ApiFunction") == {
        "IMAGES_TABLE": ref("ImagesTable"),
        "ITEMS_TABLE": ref("ItemsTable"),
        "IDEMPOTENCY_TABLE": ref("IdempotencyTable"),
        "MAX_USER_IMAGES": 10_000,
        "MAX_USER_BYTES": 10_737_418_240,
        "BUCKET": ref("Bucket"),
        "PUBLIC_SHARDS": 4,
        "AUTH_MODE": "jwt",
        "OIDC_ISSUER": sub(issuer),
        "OIDC_AUDIENCE": ref("UserPoolClient"),
        "OIDC_KEYS_URL": "",
        "USER_CLAIM": "sub",
        "ADMIN_GROUP": "admin",
        "LINK_SECRET": sub("${AWS::StackName}-links"),
        "ALLOWED_ORIGINS": "*",
        "PUBLIC_URL": "",
        "S3_PUBLIC_URL": sub("https://s3.${AWS::Region}.${AWS::URLSuffix}"),
        "POWERTOOLS_SERVICE_NAME": "api",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@pytest.mark.parametrize(
    ("function", "parameter", "value", "variable", "seen"),
    [
        ("ApiFunction", "MaxUserImages", 5, "MAX_USER_IMAGES", 5),
        ("ApiFunction", "MaxUserBytes", 6, "MAX_USER_BYTES", 6),
        ("ApiFunction", "PublicShards", 7, "PUBLIC_SHARDS", 7),
        ("ApiFunction", "AuthMode", "open", "AUTH_MODE", "open"),
        ("ApiFunction", "OidcIssuer", "https://a.example", "OIDC_ISSUER", "https://a.example"),
        ("ApiFunction", "UserClaim", "email", "USER_CLAIM", "email"),
        ("ApiFunction", "AdminGroup", "root", "ADMIN_GROUP", "root"),
        (
            "ApiFunction",
            "AllowedOrigins",
            ["https://a", "https://b"],
            "ALLOWED_ORIGINS",
            "https://a,https://b",
        ),
        ("ApiFunction", "PublicUrl", "https://a.example", "PUBLIC_URL", "https://a.example"),
        ("ApiFunction", "S3PublicUrl", "https://s3.example", "S3_PUBLIC_URL", "https://s3.example"),
        ("ApiFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("ApiFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        ("ProcessorFunction", "MaxUserImages", 5, "MAX_USER_IMAGES", 5),
        ("ProcessorFunction", "MaxUserBytes", 6, "MAX_USER_BYTES", 6),
        ("ProcessorFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("ProcessorFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
        ("CleanupFunction", "LogLevel", "DEBUG", "POWERTOOLS_LOG_LEVEL", "DEBUG"),
        ("CleanupFunction", "AwsEndpointUrl", "http://a", "AWS_ENDPOINT_URL", "http://a"),
    ],
)
def test_parameter_reaches_its_variable(
    function: str, parameter: str, value: object, variable: str, seen: object
) -> None:
    assert get_variables(function, **{parameter: value})[variable] == seen


def test_tokens_of_another_issuer_need_its_audience_and_no_url_of_keys() -> None:
    own = {"OidcIssuer": "https://a.example", "OidcAudience": "a"}
    variables = get_variables("ApiFunction", **own)
    assert (variables["OIDC_AUDIENCE"], variables["OIDC_KEYS_URL"]) == ("a", "")
    emulated = get_variables("ApiFunction", Environment="local", S3PublicUrl="http://localhost:4566")
    assert emulated["OIDC_KEYS_URL"] == sub("${S3PublicUrl}/${UserPool}/.well-known/jwks.json")


@pytest.mark.parametrize("name", ["ProcessorFunction", "CleanupFunction"])
def test_variables_of_the_background_name_the_same_stores(name: str) -> None:
    variables = get_variables(name)
    stores = {"IMAGES_TABLE": ref("ImagesTable")} if name == "ProcessorFunction" else {}
    assert {key: value for key, value in variables.items() if key.endswith("TABLE")} == stores
    # The bucket notifies the processor, so a reference back would be a circle.
    assert variables["BUCKET"] == (sub(BUCKET_NAME) if name == "ProcessorFunction" else ref("Bucket"))
    assert get_properties("Bucket")["BucketName"] == sub(BUCKET_NAME)
    assert variables["POWERTOOLS_SERVICE_NAME"] == name.removesuffix("Function").lower()


def make_notification(prefix: str) -> Node:
    return {
        "Type": "S3",
        "Properties": {
            "Bucket": ref("Bucket"),
            "Events": "s3:ObjectCreated:*",
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}]}},
        },
    }


def test_processor_gets_events_of_uploads_and_originals_and_keeps_failed_ones() -> None:
    processor = get_properties("ProcessorFunction")
    assert processor["Events"] == {
        "UploadCreated": make_notification(UPLOADS_PREFIX),
        "OriginalCreated": make_notification(ORIGINALS_PREFIX),
    }
    assert processor["EventInvokeConfig"] == {
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 6 * 3600,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": get_att("FailureQueue")}},
    }


def test_cleanup_gets_every_removed_record_until_it_succeeds() -> None:
    events = get_properties("CleanupFunction")["Events"]
    assert {*events} == {"RecordRemoved"}
    assert events["RecordRemoved"]["Type"] == "DynamoDB"
    source: dict[str, Any] = dict(events["RecordRemoved"]["Properties"])
    (kept,) = source.pop("FilterCriteria")["Filters"]
    assert json.loads(kept["Pattern"]) == {
        "eventName": ["REMOVE"],
        "dynamodb": {"Keys": {"sk": {"S": [ImageRepository.kind]}}},
    }
    assert source == {
        "Stream": get_att("ImagesTable", "StreamArn"),
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": -1,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": get_att("FailureQueue")}},
    }


def test_failure_queue_keeps_events_as_long_as_images_wait_for_them() -> None:
    days = 14
    assert timedelta(days=days) == FAILED_LIFETIME
    assert resolve(load()["Resources"]["FailureQueue"]["Properties"]) == {
        "MessageRetentionPeriod": days * 24 * 3600,
        "SqsManagedSseEnabled": True,
    }
