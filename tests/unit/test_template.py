"""The template's parameters and conditions, and samconfig.toml, which sets parameters."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from local.layout import ROOT
from shared.settings import Settings
from shared.variants import VariantMode
from tests.support.template import holds, load

if TYPE_CHECKING:
    from collections.abc import Mapping

FREE_TEXT = {"Type": "String", "Default": ""}
BUCKET_PATTERN = r"^$|^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"
SWITCH = {"Type": "String", "Default": "disabled", "AllowedValues": ["disabled", "enabled"]}
ARN_PATTERN = r"^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$"
TABLE_PATTERN = r"^$|^[A-Za-z0-9_.-]{3,255}$"
PARAMETERS: dict[str, dict[str, Any]] = {
    "Environment": {"Type": "String", "Default": "dev", "AllowedValues": ["local", "dev", "prod"]},
    "Architecture": {"Type": "String", "Default": "x86_64", "AllowedValues": ["x86_64", "arm64"]},
    "LogLevel": {
        "Type": "String",
        "Default": "INFO",
        "AllowedValues": ["DEBUG", "INFO", "WARNING", "ERROR"],
    },
    "LogRetentionDays": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731],
    },
    "ApiConcurrency": {"Type": "Number", "Default": 0, "MinValue": 0},
    "ProcessorConcurrency": {"Type": "Number", "Default": 0, "MinValue": 0},
    "Deployment": {"Type": "String", "Default": "at-once", "AllowedValues": ["at-once", "canary"]},
    "SnapStart": {"Type": "String", "Default": "disabled", "AllowedValues": ["disabled", "enabled"]},
    "AuthMode": {"Type": "String", "Default": "jwt", "AllowedValues": ["jwt", "open"]},
    "OidcIssuer": FREE_TEXT | {"AllowedPattern": r"^$|^https://[^/?#]+(/[^?#]*)?$"},
    "OidcAudience": FREE_TEXT,
    "OidcClientId": FREE_TEXT,
    "OidcScopes": {"Type": "CommaDelimitedList", "Default": "openid"},
    "UserClaim": {"Type": "String", "Default": "sub", "AllowedPattern": r"^[A-Za-z0-9:_./-]{1,100}$"},
    "AdminGroup": {"Type": "String", "Default": "admin", "AllowedPattern": r"^[A-Za-z0-9:_.-]{1,100}$"},
    "IdTokens": {"Type": "String", "Default": "refused", "AllowedValues": ["refused", "accepted"]},
    "UserPool": {"Type": "String", "Default": "own", "AllowedValues": ["own", "none"]},
    "UserPoolMfa": {"Type": "String", "Default": "OFF", "AllowedValues": ["OFF", "OPTIONAL", "ON"]},
    "UserPoolDomain": FREE_TEXT | {"AllowedPattern": r"^$|^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
    "KeptUserPoolId": FREE_TEXT | {"AllowedPattern": r"^$|^[a-z0-9-]+_[A-Za-z0-9]+$"},
    "AllowedOrigins": {"Type": "CommaDelimitedList", "Default": "*"},
    "ThrottlingRateLimit": {"Type": "Number", "Default": 500, "MinValue": 1, "MaxValue": 10_000},
    "ThrottlingBurstLimit": {"Type": "Number", "Default": 1000, "MinValue": 1, "MaxValue": 5000},
    "PostRateLimit": {"Type": "Number", "Default": 100, "MinValue": 1, "MaxValue": 10_000},
    "PostBurstLimit": {"Type": "Number", "Default": 200, "MinValue": 1, "MaxValue": 5000},
    "AddressRateLimit": {"Type": "Number", "Default": 0, "MinValue": 0, "MaxValue": 2_000_000_000},
    "DomainName": FREE_TEXT
    | {"AllowedPattern": r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$"},
    "CertificateArn": FREE_TEXT | {"AllowedPattern": r"^$|^arn:aws[a-z-]*:acm:.+$"},
    "PublicUrl": FREE_TEXT | {"AllowedPattern": r"^$|^https?://[^/]+(/.*[^/])?$"},
    "Cdn": SWITCH,
    "CdnCertificateArn": FREE_TEXT
    | {"AllowedPattern": r"^$|^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/.+$"},
    "CdnPriceClass": {
        "Type": "String",
        "Default": "PriceClass_All",
        "AllowedValues": ["PriceClass_100", "PriceClass_200", "PriceClass_All"],
    },
    "CdnWebAclArn": FREE_TEXT
    | {"AllowedPattern": r"^$|^arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/.+$"},
    "CdnInvalidation": SWITCH,
    "CdnInvalidationPaths": {"Type": "Number", "Default": 5, "MinValue": 1, "MaxValue": 15},
    "LocalPort": {"Type": "Number", "Default": 3000, "MinValue": 1, "MaxValue": 65_535},
    "CdnSeconds": {"Type": "Number", "Default": 60, "MinValue": 0, "MaxValue": 86_400},
    "EventBus": {"Type": "String", "Default": "none", "AllowedValues": ["none", "default", "own"]},
    "WebhookUrl": FREE_TEXT
    | {
        "AllowedPattern": (
            r"^$|^https://[^/?#@\s]+([/?][^#\s]*)?$"
            r"|^http://(localhost|127\.0\.0\.1)(:[0-9]+)?([/?][^#\s]*)?$"
        )
    },
    "WebhookSecretArn": FREE_TEXT | {"AllowedPattern": ARN_PATTERN},
    "ApiDocs": {"Type": "String", "Default": "enabled", "AllowedValues": ["enabled", "disabled"]},
    "WebPage": {"Type": "String", "Default": "enabled", "AllowedValues": ["enabled", "disabled"]},
    "AccessLogs": {"Type": "String", "Default": "disabled", "AllowedValues": ["enabled", "disabled"]},
    "PublicShards": {"Type": "Number", "Default": 4, "MinValue": 1, "MaxValue": 64},
    "MaxUserImages": {"Type": "Number", "Default": 10_000, "MinValue": 0},
    "MaxUserBytes": {"Type": "Number", "Default": 10_737_418_240, "MinValue": 0},
    "MaxUserFiles": {"Type": "Number", "Default": 1000, "MinValue": 0},
    "MaxUserItems": {"Type": "Number", "Default": 10_000, "MinValue": 0},
    "MaxPendingUploads": {"Type": "Number", "Default": 50, "MinValue": 0, "MaxValue": 500},
    "MaxPendingBytes": {"Type": "Number", "Default": 1_073_741_824, "MinValue": 0},
    "UserWritesPerMinute": {"Type": "Number", "Default": 600, "MinValue": 0, "MaxValue": 60_000},
    "TrashDays": {"Type": "Number", "Default": 30, "MinValue": 1, "MaxValue": 365},
    "RecoveryDays": {"Type": "Number", "Default": 0, "MinValue": 0, "MaxValue": 35},
    "UserWriteBurst": {"Type": "Number", "Default": 200, "MinValue": 1},
    "LegacyUpload": {"Type": "String", "Default": "enabled", "AllowedValues": ["enabled", "disabled"]},
    "Variants": {"Type": "String", "Default": "enabled", "AllowedValues": [*VariantMode]},
    "VariantDays": {"Type": "Number", "Default": 30, "MinValue": 1, "MaxValue": 3650},
    "BucketName": FREE_TEXT | {"AllowedPattern": BUCKET_PATTERN},
    "DeletionProtection": {"Type": "String", "Default": "disabled", "AllowedValues": ["enabled", "disabled"]},
    "Metrics": {"Type": "String", "Default": "enabled", "AllowedValues": ["enabled", "disabled"]},
    "Tracing": SWITCH,
    "Dashboard": SWITCH,
    "AlarmEmail": FREE_TEXT | {"AllowedPattern": r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$"},
    "MonthlyBudget": {"Type": "Number", "Default": 0, "MinValue": 0},
    "KeptImagesTableName": FREE_TEXT | {"AllowedPattern": TABLE_PATTERN},
    "KeptImagesStreamArn": FREE_TEXT
    | {
        "AllowedPattern": (
            r"^$|^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}/stream/[0-9TZ:.-]+$"
        )
    },
    "KeptItemsTableName": FREE_TEXT | {"AllowedPattern": TABLE_PATTERN},
    "KeptBucketName": FREE_TEXT | {"AllowedPattern": BUCKET_PATTERN},
    "LinkSecretArn": FREE_TEXT | {"AllowedPattern": ARN_PATTERN},
    "AwsEndpointUrl": FREE_TEXT,
    "S3PublicUrl": FREE_TEXT | {"AllowedPattern": r"^$|^https?://[^/]+$"},
}

ON_AWS = {"IsOnAws"}
USES_POOL = {"UsesUserPool", "SignsInByUserPool"}
OWN_DOMAIN = {"MakesUserPoolDomain"}
OWN_POOL = USES_POOL | OWN_DOMAIN | {"HasUserPool", "MakesUserPool"}
MADE = {"MakesLinkSecret", "MakesImagesTable", "MakesItemsTable", "MakesBucket"}
DEFAULT = ON_AWS | OWN_POOL | MADE | {"HasMetrics"}
ISSUER = {"OidcIssuer": "https://a.example", "OidcAudience": "a"}
CDN = {"Cdn": "enabled"}
PROD = {"Environment": "prod", "LogRetentionDays": "90", "Dashboard": "enabled", "Deployment": "canary"}
LOCAL_STACK = {
    "Environment": "local",
    "AuthMode": "open",
    "DomainName": "images.internal",
    "EventBus": "own",
    "ThrottlingRateLimit": "10000",
    "ThrottlingBurstLimit": "5000",
    "PostRateLimit": "10000",
    "PostBurstLimit": "5000",
    "PublicUrl": "http://localhost:3000",
    "S3PublicUrl": "http://localhost:4566",
    "Dashboard": "enabled",
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_has_its_type_default_and_bounds(name: str) -> None:
    parameter = {key: value for key, value in load()["Parameters"][name].items() if key != "Description"}
    assert parameter == PARAMETERS[name]


def test_every_parameter_is_known_and_shown_in_one_group() -> None:
    groups = load()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert {*load()["Parameters"]} == {*PARAMETERS}
    assert sorted(shown) == sorted(PARAMETERS)


def test_defaults_of_the_template_are_those_of_the_code() -> None:
    settings = Settings({})
    assert load()["Parameters"]["UserClaim"]["Default"] == settings.user_claim
    assert load()["Parameters"]["AdminGroup"]["Default"] == settings.admin_group
    assert load()["Parameters"]["OidcScopes"]["Default"] == settings.oidc_scopes
    assert load()["Parameters"]["AllowedOrigins"]["Default"].split(",") == settings.allowed_origins


@pytest.mark.parametrize(
    ("parameters", "true"),
    [
        ({}, DEFAULT),
        ({"Environment": "prod"}, DEFAULT),
        ({"Environment": "local"}, DEFAULT - ON_AWS | {"UsesLocalUserPool"}),
        ({"AuthMode": "open"}, DEFAULT - USES_POOL - OWN_DOMAIN),
        ({"AuthMode": "open", "Environment": "local"}, DEFAULT - ON_AWS - USES_POOL - OWN_DOMAIN),
        (ISSUER, DEFAULT - USES_POOL - OWN_DOMAIN),
        ({"WebPage": "disabled"}, DEFAULT - {"SignsInByUserPool"} - OWN_DOMAIN),
        ({"UserPoolDomain": "a"}, DEFAULT | {"NamesUserPoolDomain"}),
        (
            {"UserPoolDomain": "a", "KeptUserPoolId": "a_b"},
            DEFAULT - {"MakesUserPool"} | {"NamesUserPoolDomain"},
        ),
        (ISSUER | {"UserPool": "none"}, DEFAULT - OWN_POOL),
        ({"KeptUserPoolId": "a_b"}, DEFAULT - {"MakesUserPool"} - OWN_DOMAIN),
        ({"KeptUserPoolId": "a_b", "UserPool": "none"}, DEFAULT - {"MakesUserPool"} - OWN_DOMAIN),
        ({"UserPoolMfa": "ON"}, DEFAULT | {"HasMfa"}),
        ({"UserPoolMfa": "OPTIONAL"}, DEFAULT | {"HasMfa"}),
        ({"DeletionProtection": "enabled"}, DEFAULT | {"IsProtected"}),
        ({"LinkSecretArn": "arn"}, DEFAULT - {"MakesLinkSecret"}),
        ({"KeptImagesTableName": "a", "KeptImagesStreamArn": "b"}, DEFAULT - {"MakesImagesTable"}),
        ({"KeptItemsTableName": "a"}, DEFAULT - {"MakesItemsTable"}),
        ({"KeptBucketName": "a"}, DEFAULT - {"MakesBucket"} | {"NamesBucket"}),
        ({"BucketName": "a"}, DEFAULT | {"NamesBucket"}),
        ({"ApiConcurrency": "5"}, DEFAULT | {"ReservesApi"}),
        ({"ProcessorConcurrency": "5"}, DEFAULT | {"ReservesProcessor"}),
        ({"Deployment": "canary"}, DEFAULT | {"HasReleaseAlarms"}),
        ({"SnapStart": "enabled"}, DEFAULT | {"HasSnapStart"}),
        ({"AddressRateLimit": "100"}, DEFAULT | {"HasWebAcl"}),
        (
            {"AddressRateLimit": "100", "Environment": "local"},
            DEFAULT - ON_AWS | {"UsesLocalUserPool"},
        ),
        ({"DomainName": "a.example"}, DEFAULT | {"HasDomain", "HasApiDomain", "HasPublicDomain"}),
        (CDN, DEFAULT | {"HasCdn"}),
        (CDN | {"CdnWebAclArn": "arn"}, DEFAULT | {"HasCdn", "HasCdnWebAcl"}),
        (
            CDN | {"CdnInvalidation": "enabled"},
            DEFAULT | {"HasCdn", "InvalidatesCdn", "InvalidatesOverTls"},
        ),
        (
            CDN | {"DomainName": "a.example"},
            DEFAULT | {"HasDomain", "HasPublicDomain", "HasCdn", "HasCdnDomain"},
        ),
        (
            CDN | {"DomainName": "a.example", "CdnInvalidation": "enabled", "Environment": "local"},
            DEFAULT - ON_AWS | {"UsesLocalUserPool", "HasDomain", "HasApiDomain", "HasCdn", "InvalidatesCdn"},
        ),
        ({"AccessLogs": "enabled"}, DEFAULT | {"HasAccessLogs"}),
        ({"EventBus": "default"}, DEFAULT | {"HasEventBus"}),
        ({"EventBus": "own"}, DEFAULT | {"HasEventBus", "MakesEventBus"}),
        (
            {"EventBus": "default", "WebhookUrl": "https://a.example"},
            DEFAULT | {"HasEventBus", "HasWebhook", "MakesWebhookSecret"},
        ),
        (
            {"EventBus": "default", "WebhookUrl": "https://a.example", "WebhookSecretArn": "arn"},
            DEFAULT | {"HasEventBus", "HasWebhook", "KeepsWebhookSecret"},
        ),
        ({"WebhookUrl": "https://a.example"}, DEFAULT),
        ({"AwsEndpointUrl": "http://a.example"}, DEFAULT | {"HasEndpoint"}),
        ({"S3PublicUrl": "http://a.example"}, DEFAULT | {"HasS3PublicUrl"}),
        ({"PublicUrl": "http://a.example"}, DEFAULT | {"HasPublicUrl"}),
    ],
)
def test_conditions_follow_from_the_parameters(parameters: Mapping[str, str], true: set[str]) -> None:
    assert {name for name in load()["Conditions"] if holds(name, **parameters)} == true


def read_overrides(environment: str) -> dict[str, str]:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    overrides = config[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in overrides)


@pytest.mark.parametrize(
    ("environment", "overrides"),
    [
        ("local", LOCAL_STACK),
        ("dev", {"Environment": "dev", "LogLevel": "DEBUG", "LogRetentionDays": "7"}),
        ("prod", PROD),
    ],
)
def test_samconfig_sets_parameters_to_values_that_they_take(
    environment: str, overrides: Mapping[str, str]
) -> None:
    assert read_overrides(environment) == overrides
    for name, value in overrides.items():
        parameter = PARAMETERS[name]
        assert value in map(str, parameter.get("AllowedValues", [value]))
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)
        if "MaxValue" in parameter:
            assert parameter["MinValue"] <= int(value) <= parameter["MaxValue"]


def test_deployments_ask_only_for_the_capability_that_roles_need() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    stacks = {name: config[name]["deploy"]["parameters"] for name in ("local", "dev", "prod")}
    assert {name: stack["stack_name"] for name, stack in stacks.items()} == {
        name: f"images-{name}" for name in stacks
    }
    assert {stack["capabilities"] for stack in stacks.values()} == {"CAPABILITY_IAM"}
    assert stacks["prod"]["confirm_changeset"] is True
