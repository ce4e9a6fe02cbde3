"""The template's parameters, conditions, rules and outputs, and samconfig.toml, which sets parameters."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from local.layout import ROOT
from shared.settings import Settings
from tests.support.template import get_att, get_resources, holds, load, ref, resolve, sub

if TYPE_CHECKING:
    from collections.abc import Mapping

FREE_TEXT = {"Type": "String", "Default": ""}
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
    "AuthMode": {"Type": "String", "Default": "jwt", "AllowedValues": ["jwt", "open"]},
    "OidcIssuer": FREE_TEXT | {"AllowedPattern": r"^$|^https://[^/?#]+(/[^?#]*)?$"},
    "OidcAudience": FREE_TEXT,
    "UserClaim": {"Type": "String", "Default": "sub", "AllowedPattern": r"^[A-Za-z0-9:_./-]{1,100}$"},
    "AdminGroup": {"Type": "String", "Default": "admin", "AllowedPattern": r"^[A-Za-z0-9:_.-]{1,100}$"},
    "AllowedOrigins": {"Type": "CommaDelimitedList", "Default": "*"},
    "ThrottlingRateLimit": {"Type": "Number", "Default": 500, "MinValue": 1, "MaxValue": 10_000},
    "ThrottlingBurstLimit": {"Type": "Number", "Default": 1000, "MinValue": 1, "MaxValue": 5000},
    "PostRateLimit": {"Type": "Number", "Default": 100, "MinValue": 1, "MaxValue": 10_000},
    "PostBurstLimit": {"Type": "Number", "Default": 200, "MinValue": 1, "MaxValue": 5000},
    "DomainName": FREE_TEXT
    | {"AllowedPattern": r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$"},
    "CertificateArn": FREE_TEXT | {"AllowedPattern": r"^$|^arn:aws[a-z-]*:acm:.+$"},
    "PublicUrl": FREE_TEXT | {"AllowedPattern": r"^$|^https?://[^/]+(/.*[^/])?$"},
    "AccessLogs": {"Type": "String", "Default": "disabled", "AllowedValues": ["enabled", "disabled"]},
    "PublicShards": {"Type": "Number", "Default": 4, "MinValue": 1, "MaxValue": 64},
    "MaxUserImages": {"Type": "Number", "Default": 10_000, "MinValue": 0},
    "MaxUserBytes": {"Type": "Number", "Default": 10_737_418_240, "MinValue": 0},
    "AwsEndpointUrl": FREE_TEXT,
    "S3PublicUrl": FREE_TEXT | {"AllowedPattern": r"^$|^https?://[^/]+$"},
}

# Values that a pattern accepts, and values that it refuses.
PATTERNS: dict[str, tuple[list[str], list[str]]] = {
    "OidcIssuer": (
        ["", "https://a.example", "https://a.example/", "https://a.example/pool/1"],
        ["http://a.example", "https://", "https://a.example?x=1", "https://a.example/#x"],
    ),
    "UserClaim": (["sub", "cognito:username", "https://a.example/id"], ["", "a b", "x" * 101, "a#b"]),
    "AdminGroup": (["admin", "site:admins"], ["", "site admin", "a,b", "x" * 101]),
    "DomainName": (["", "images.example.org"], ["localhost", "Images.example.org", "-a.example.org"]),
    "CertificateArn": (["", "arn:aws:acm:eu-central-1:1:certificate/1"], ["arn:aws:iam::1:x"]),
    "PublicUrl": (["", "https://a.example", "http://a.example/api"], ["https://a.example/", "a.example"]),
    "S3PublicUrl": (["", "http://localhost:4566"], ["http://localhost:4566/", "localhost"]),
}

OUTPUTS = {
    "DomainTarget": ("HasDomain", get_att("Domain", "RegionalDomainName")),
    "BucketName": (None, ref("Bucket")),
    "ImagesTableName": (None, ref("ImagesTable")),
    "ItemsTableName": (None, ref("ItemsTable")),
    "IdempotencyTableName": (None, ref("IdempotencyTable")),
    "UserPoolId": ("HasUserPool", ref("UserPool")),
    "UserPoolClientId": ("HasUserPool", ref("UserPoolClient")),
    "AdminGroupName": ("HasUserPool", ref("AdminGroup")),
    "LinkSecretName": (None, sub("${AWS::StackName}-links")),
    "FailureQueueUrl": (None, ref("FailureQueue")),
    "ApiFunctionName": (None, ref("ApiFunction")),
    "ProcessorFunctionName": (None, ref("ProcessorFunction")),
    "CleanupFunctionName": (None, ref("CleanupFunction")),
}

ON_AWS = {"IsOnAws"}
POOL = {"HasUserPool"}
LOCAL_STACK = {
    "Environment": "local",
    "AuthMode": "open",
    "DomainName": "images.internal",
    "ThrottlingRateLimit": "10000",
    "ThrottlingBurstLimit": "5000",
    "PostRateLimit": "10000",
    "PostBurstLimit": "5000",
    "PublicUrl": "http://localhost:3000",
    "S3PublicUrl": "http://localhost:4566",
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


@pytest.mark.parametrize("name", PARAMETERS)
def test_pattern_takes_good_values_and_no_others(name: str) -> None:
    pattern = load()["Parameters"][name].get("AllowedPattern")
    assert (pattern is not None) == (name in PATTERNS)
    good, bad = PATTERNS.get(name, ([], []))
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def test_defaults_of_the_template_are_those_of_the_code() -> None:
    settings = Settings({})
    assert load()["Parameters"]["UserClaim"]["Default"] == settings.user_claim
    assert load()["Parameters"]["AdminGroup"]["Default"] == settings.admin_group
    assert load()["Parameters"]["AllowedOrigins"]["Default"].split(",") == settings.allowed_origins


@pytest.mark.parametrize(
    ("parameters", "true"),
    [
        ({}, ON_AWS | POOL),
        ({"Environment": "prod"}, ON_AWS | POOL | {"IsProduction"}),
        ({"Environment": "local"}, POOL | {"HasLocalUserPool"}),
        ({"AuthMode": "open"}, ON_AWS),
        ({"AuthMode": "open", "Environment": "local"}, set[str]()),
        ({"OidcIssuer": "https://a.example", "OidcAudience": "a"}, ON_AWS),
        ({"DomainName": "a.example"}, ON_AWS | POOL | {"HasDomain"}),
        ({"AccessLogs": "enabled"}, ON_AWS | POOL | {"HasAccessLogs"}),
        ({"AwsEndpointUrl": "http://a.example"}, ON_AWS | POOL | {"HasEndpoint"}),
        ({"S3PublicUrl": "http://a.example"}, ON_AWS | POOL | {"HasS3PublicUrl"}),
    ],
)
def test_conditions_follow_from_the_parameters(parameters: Mapping[str, str], true: set[str]) -> None:
    assert {name for name in load()["Conditions"] if holds(name, **parameters)} == true


@pytest.mark.parametrize(
    ("rule", "parameters", "passes"),
    [
        ("DomainNeedsCertificate", {}, True),
        ("DomainNeedsCertificate", {"DomainName": "a.example"}, False),
        ("DomainNeedsCertificate", {"DomainName": "a.example", "Environment": "local"}, True),
        ("DomainNeedsCertificate", {"DomainName": "a.example", "CertificateArn": "arn:aws:acm:x"}, True),
        ("IssuerNeedsAudience", {}, True),
        ("IssuerNeedsAudience", {"OidcIssuer": "https://a.example"}, False),
        ("IssuerNeedsAudience", {"OidcIssuer": "https://a.example", "OidcAudience": "a"}, True),
    ],
)
def test_rule_refuses_what_cannot_work(rule: str, parameters: Mapping[str, str], passes: bool) -> None:
    applies = holds(load()["Rules"][rule]["RuleCondition"], **parameters)
    assertions = load()["Rules"][rule]["Assertions"]
    assert len(assertions) == 1
    assert (not applies or holds(assertions[0]["Assert"], **parameters)) is passes


def test_stack_is_made_of_these_resources() -> None:
    assert {name: resource["Type"] for name, resource in load()["Resources"].items()} == {
        "Api": "AWS::Serverless::Api",
        "Domain": "AWS::ApiGateway::DomainName",
        "DomainMapping": "AWS::ApiGateway::BasePathMapping",
        "ApiFunction": "AWS::Serverless::Function",
        "ApiRole": "AWS::IAM::Role",
        "LinkSecret": "AWS::SecretsManager::Secret",
        "UserPool": "AWS::Cognito::UserPool",
        "UserPoolClient": "AWS::Cognito::UserPoolClient",
        "UserPoolAdmins": "AWS::Cognito::UserPoolGroup",
        "ProcessorFunction": "AWS::Serverless::Function",
        "ProcessorRole": "AWS::IAM::Role",
        "CleanupFunction": "AWS::Serverless::Function",
        "CleanupRole": "AWS::IAM::Role",
        "FailureQueue": "AWS::SQS::Queue",
        "ImagesTable": "AWS::DynamoDB::Table",
        "ItemsTable": "AWS::DynamoDB::Table",
        "IdempotencyTable": "AWS::DynamoDB::Table",
        "Bucket": "AWS::S3::Bucket",
        "BucketPolicy": "AWS::S3::BucketPolicy",
        "ApiLogGroup": "AWS::Logs::LogGroup",
        "ProcessorLogGroup": "AWS::Logs::LogGroup",
        "CleanupLogGroup": "AWS::Logs::LogGroup",
        "AccessLogGroup": "AWS::Logs::LogGroup",
    }
    assert load()["AWSTemplateFormatVersion"] == "2010-09-09"
    assert load()["Transform"] == "AWS::Serverless-2016-10-31"


def test_conditional_resources_are_made_only_where_they_are_needed() -> None:
    resources = load()["Resources"].items()
    assert {name: resource["Condition"] for name, resource in resources if "Condition" in resource} == {
        "Domain": "HasDomain",
        "DomainMapping": "HasDomain",
        "UserPool": "HasUserPool",
        "UserPoolClient": "HasUserPool",
        "UserPoolAdmins": "HasUserPool",
        "BucketPolicy": "IsOnAws",
        "AccessLogGroup": "HasAccessLogs",
    }


def test_outputs_name_what_was_made() -> None:
    outputs = dict(load()["Outputs"])
    del outputs["ApiUrl"]
    assert {name: (output.get("Condition"), output["Value"]) for name, output in outputs.items()} == OUTPUTS


def test_url_of_the_api_is_the_domain_or_that_of_api_gateway() -> None:
    url = load()["Outputs"]["ApiUrl"]["Value"]
    assert resolve(url, DomainName="a.example") == sub("https://${DomainName}")
    assert resolve(url) == sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Environment}")


def test_outputs_that_operators_and_the_local_stack_read_exist() -> None:
    files = [file for folder in ("operations", "local") for file in (ROOT / folder).rglob("*.py")]
    read = {name for file in files for name in re.findall(r'outputs\["(\w+)"\]', file.read_text())}
    assert {"BucketName", "FailureQueueUrl", "UserPoolClientId"} <= read
    assert read <= load()["Outputs"].keys()


def read_overrides(environment: str) -> dict[str, str]:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    overrides = config[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in overrides)


@pytest.mark.parametrize(
    ("environment", "overrides"),
    [
        ("local", LOCAL_STACK),
        ("dev", {"Environment": "dev", "LogLevel": "DEBUG", "LogRetentionDays": "7"}),
        ("prod", {"Environment": "prod", "LogRetentionDays": "90"}),
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


def test_log_groups_keep_logs_as_long_as_the_parameter_says() -> None:
    groups = {name: resource["Properties"] for name, resource in get_resources("AWS::Logs::LogGroup").items()}
    assert {name: group["LogGroupName"] for name, group in groups.items()} == {
        "ApiLogGroup": sub("/aws/lambda/${AWS::StackName}/api"),
        "ProcessorLogGroup": sub("/aws/lambda/${AWS::StackName}/processor"),
        "CleanupLogGroup": sub("/aws/lambda/${AWS::StackName}/cleanup"),
        "AccessLogGroup": sub("/aws/apigateway/${AWS::StackName}"),
    }
    assert all(group["RetentionInDays"] == ref("LogRetentionDays") for group in groups.values())
