"""The template's resources, the conditions of some of them, and its outputs."""

from __future__ import annotations

import re

import pytest

from local.layout import ROOT
from tests.support.template import get_att, get_resources, holds, load, ref, resolve, sub

BUCKET_NAME = get_att("BucketNameParameter", "Value")
OUTPUTS = {
    "DomainTarget": ("HasDomain", get_att("Domain", "RegionalDomainName")),
    "DistributionId": ("HasCdn", ref("Distribution")),
    "DistributionDomain": ("HasCdn", get_att("Distribution", "DomainName")),
    "OriginSecretArn": ("HasCdn", get_att("OriginSecret", "Id")),
    "BucketName": (None, BUCKET_NAME),
    "VariantDays": (None, 30),
    "RecoveryDays": (None, 0),
    "ImagesTableName": (None, ref("ImagesTable")),
    "ItemsTableName": (None, ref("ItemsTable")),
    "IdempotencyTableName": (None, ref("IdempotencyTable")),
    "UserPoolId": ("HasUserPool", ref("OwnUserPool")),
    "UserPoolClientId": ("UsesUserPool", ref("UserPoolClient")),
    "AdminGroupName": ("UsesUserPool", "admin"),
    "LinkSecretArn": (None, get_att("LinkSecret", "Id")),
    "FailureQueueUrl": (None, ref("FailureQueue")),
    "EventBusName": ("HasEventBus", "default"),
    "WebhookQueueUrl": ("HasWebhook", ref("WebhookQueue")),
    "WebhookFailureQueueUrl": ("HasWebhook", ref("WebhookFailureQueue")),
    "WebhookSecretArn": ("HasWebhook", get_att("WebhookSecret", "Id")),
    "WebhookFunctionName": ("HasWebhook", ref("WebhookFunction")),
    "ApiVersion": (None, get_att("ApiFunction", "Version.Version")),
    "ApiFunctionName": (None, ref("ApiFunction")),
    "ProcessorFunctionName": (None, ref("ProcessorFunction")),
    "ChangesFunctionName": (None, ref("ChangesFunction")),
}


def test_stack_is_made_of_these_resources() -> None:
    assert {name: resource["Type"] for name, resource in load()["Resources"].items()} == {
        "Api": "AWS::Serverless::Api",
        "WebAcl": "AWS::WAFv2::WebACL",
        "WebAclAssociation": "AWS::WAFv2::WebACLAssociation",
        "Domain": "AWS::ApiGateway::DomainName",
        "DomainMapping": "AWS::ApiGateway::BasePathMapping",
        "ApiFunction": "AWS::Serverless::Function",
        "ApiRole": "AWS::IAM::Role",
        "SignerRole": "AWS::IAM::Role",
        "SignerUse": "AWS::IAM::Policy",
        "LinkSecret": "AWS::SecretsManager::Secret",
        "OwnUserPool": "AWS::Cognito::UserPool",
        "UserPoolClient": "AWS::Cognito::UserPoolClient",
        "UserPoolSignInPage": "AWS::Cognito::UserPoolDomain",
        "PageUrl": "AWS::SSM::Parameter",
        "PageClient": "AWS::Cognito::UserPoolClient",
        "PageClientParameter": "AWS::SSM::Parameter",
        "ProcessorFunction": "AWS::Serverless::Function",
        "BucketMayCallProcessor": "AWS::Lambda::Permission",
        "ProcessorRole": "AWS::IAM::Role",
        "ChangesFunction": "AWS::Serverless::Function",
        "ChangesRole": "AWS::IAM::Role",
        "FailureQueue": "AWS::SQS::Queue",
        "FailureQueuePolicy": "AWS::SQS::QueuePolicy",
        "ImagesTable": "AWS::DynamoDB::Table",
        "ItemsTable": "AWS::DynamoDB::Table",
        "IdempotencyTable": "AWS::DynamoDB::Table",
        "OwnEventBus": "AWS::Events::EventBus",
        "WebhookSecret": "AWS::SecretsManager::Secret",
        "WebhookRule": "AWS::Events::Rule",
        "WebhookQueue": "AWS::SQS::Queue",
        "WebhookFailureQueue": "AWS::SQS::Queue",
        "WebhookQueuePolicy": "AWS::SQS::QueuePolicy",
        "WebhookFunction": "AWS::Serverless::Function",
        "WebhookRole": "AWS::IAM::Role",
        "WebhookLogGroup": "AWS::Logs::LogGroup",
        "OriginSecret": "AWS::SecretsManager::Secret",
        "CdnUrl": "AWS::SSM::Parameter",
        "Distribution": "AWS::CloudFront::Distribution",
        "CdnCachePolicy": "AWS::CloudFront::CachePolicy",
        "CdnOriginRequestPolicy": "AWS::CloudFront::OriginRequestPolicy",
        "CdnResponseHeadersPolicy": "AWS::CloudFront::ResponseHeadersPolicy",
        "CdnRequestFunction": "AWS::CloudFront::Function",
        "InvalidationQueue": "AWS::SQS::Queue",
        "InvalidationQueuePolicy": "AWS::SQS::QueuePolicy",
        "InvalidationFunction": "AWS::Serverless::Function",
        "InvalidationRole": "AWS::IAM::Role",
        "BucketNameParameter": "AWS::SSM::Parameter",
        "Bucket": "AWS::S3::Bucket",
        "BucketPolicy": "AWS::S3::BucketPolicy",
        "ApiLogGroup": "AWS::Logs::LogGroup",
        "ProcessorLogGroup": "AWS::Logs::LogGroup",
        "ChangesLogGroup": "AWS::Logs::LogGroup",
        "InvalidationLogGroup": "AWS::Logs::LogGroup",
        "AccessLogGroup": "AWS::Logs::LogGroup",
        "AlarmTopic": "AWS::SNS::Topic",
        "AlarmTopicPolicy": "AWS::SNS::TopicPolicy",
        "FailureQueueAlarm": "AWS::CloudWatch::Alarm",
        "FailureQueueAgeAlarm": "AWS::CloudWatch::Alarm",
        "ServerErrorAlarm": "AWS::CloudWatch::Alarm",
        "ApiErrorAlarm": "AWS::CloudWatch::Alarm",
        "ApiThrottleAlarm": "AWS::CloudWatch::Alarm",
        "ProcessorErrorAlarm": "AWS::CloudWatch::Alarm",
        "ProcessorThrottleAlarm": "AWS::CloudWatch::Alarm",
        "ChangesErrorAlarm": "AWS::CloudWatch::Alarm",
        "ChangesThrottleAlarm": "AWS::CloudWatch::Alarm",
        "InvalidationErrorAlarm": "AWS::CloudWatch::Alarm",
        "InvalidationThrottleAlarm": "AWS::CloudWatch::Alarm",
        "WaitingUploadsAlarm": "AWS::CloudWatch::Alarm",
        "TimeToReadyAlarm": "AWS::CloudWatch::Alarm",
        "IteratorAgeAlarm": "AWS::CloudWatch::Alarm",
        "InvalidationAgeAlarm": "AWS::CloudWatch::Alarm",
        "WebhookErrorAlarm": "AWS::CloudWatch::Alarm",
        "WebhookThrottleAlarm": "AWS::CloudWatch::Alarm",
        "WebhookAgeAlarm": "AWS::CloudWatch::Alarm",
        "WebhookFailureQueueAlarm": "AWS::CloudWatch::Alarm",
        "ImagesTableReadAlarm": "AWS::CloudWatch::Alarm",
        "ImagesTableWriteAlarm": "AWS::CloudWatch::Alarm",
        "ItemsTableReadAlarm": "AWS::CloudWatch::Alarm",
        "ItemsTableWriteAlarm": "AWS::CloudWatch::Alarm",
        "IdempotencyTableReadAlarm": "AWS::CloudWatch::Alarm",
        "IdempotencyTableWriteAlarm": "AWS::CloudWatch::Alarm",
        "ReleaseServerErrorAlarm": "AWS::CloudWatch::Alarm",
        "ReleaseProcessorErrorAlarm": "AWS::CloudWatch::Alarm",
        "ReleaseChangesErrorAlarm": "AWS::CloudWatch::Alarm",
        "Budget": "AWS::Budgets::Budget",
        "ServiceDashboard": "AWS::CloudWatch::Dashboard",
    }
    assert load()["AWSTemplateFormatVersion"] == "2010-09-09"
    assert load()["Transform"] == "AWS::Serverless-2016-10-31"


def test_conditional_resources_are_made_only_where_they_are_needed() -> None:
    resources = load()["Resources"].items()
    assert {name: resource["Condition"] for name, resource in resources if "Condition" in resource} == {
        "WebAcl": "HasWebAcl",
        "WebAclAssociation": "HasWebAcl",
        "Domain": "HasApiDomain",
        "DomainMapping": "HasApiDomain",
        "LinkSecret": "MakesLinkSecret",
        "OwnUserPool": "MakesUserPool",
        "UserPoolClient": "HasUserPool",
        "UserPoolSignInPage": "MakesUserPoolDomain",
        "PageUrl": "SignsInByUserPool",
        "PageClient": "SignsInByUserPool",
        "PageClientParameter": "SignsInByUserPool",
        "FailureQueuePolicy": "IsOnAws",
        "OwnEventBus": "MakesEventBus",
        "WebhookSecret": "MakesWebhookSecret",
        "WebhookRule": "HasWebhook",
        "WebhookQueue": "HasWebhook",
        "WebhookFailureQueue": "HasWebhook",
        "WebhookQueuePolicy": "HasWebhook",
        "WebhookFunction": "HasWebhook",
        "WebhookRole": "HasWebhook",
        "WebhookLogGroup": "HasWebhook",
        "OriginSecret": "HasCdn",
        "CdnUrl": "HasCdn",
        "Distribution": "HasCdn",
        "CdnCachePolicy": "HasCdn",
        "CdnOriginRequestPolicy": "HasCdn",
        "CdnResponseHeadersPolicy": "HasCdn",
        "CdnRequestFunction": "HasCdn",
        "InvalidationQueue": "InvalidatesCdn",
        "InvalidationQueuePolicy": "InvalidatesOverTls",
        "InvalidationFunction": "InvalidatesCdn",
        "InvalidationRole": "InvalidatesCdn",
        "InvalidationLogGroup": "InvalidatesCdn",
        "ImagesTable": "MakesImagesTable",
        "ItemsTable": "MakesItemsTable",
        "Bucket": "MakesBucket",
        "BucketPolicy": "IsOnAws",
        "AccessLogGroup": "HasAccessLogs",
        "AlarmTopic": "HasAlarms",
        "AlarmTopicPolicy": "HasAlarms",
        "FailureQueueAlarm": "HasAlarms",
        "FailureQueueAgeAlarm": "HasAlarms",
        "ServerErrorAlarm": "HasAlarms",
        "ApiErrorAlarm": "HasAlarms",
        "ApiThrottleAlarm": "HasAlarms",
        "ProcessorErrorAlarm": "HasAlarms",
        "ProcessorThrottleAlarm": "HasAlarms",
        "ChangesErrorAlarm": "HasAlarms",
        "ChangesThrottleAlarm": "HasAlarms",
        "InvalidationErrorAlarm": "HasInvalidationAlarms",
        "InvalidationThrottleAlarm": "HasInvalidationAlarms",
        "WaitingUploadsAlarm": "HasAlarms",
        "TimeToReadyAlarm": "HasMetricAlarms",
        "IteratorAgeAlarm": "HasAlarms",
        "InvalidationAgeAlarm": "HasInvalidationAlarms",
        "WebhookErrorAlarm": "HasWebhookAlarms",
        "WebhookThrottleAlarm": "HasWebhookAlarms",
        "WebhookAgeAlarm": "HasWebhookAlarms",
        "WebhookFailureQueueAlarm": "HasWebhookAlarms",
        "ImagesTableReadAlarm": "HasAlarms",
        "ImagesTableWriteAlarm": "HasAlarms",
        "ItemsTableReadAlarm": "HasAlarms",
        "ItemsTableWriteAlarm": "HasAlarms",
        "IdempotencyTableReadAlarm": "HasAlarms",
        "IdempotencyTableWriteAlarm": "HasAlarms",
        "Budget": "HasBudget",
        "ReleaseServerErrorAlarm": "HasReleaseAlarms",
        "ReleaseProcessorErrorAlarm": "HasReleaseAlarms",
        "ReleaseChangesErrorAlarm": "HasReleaseAlarms",
        "ServiceDashboard": "HasDashboard",
    }


def test_resources_wait_for_what_they_need_but_do_not_name() -> None:
    resources = load()["Resources"].items()
    assert {name: resource["DependsOn"] for name, resource in resources if "DependsOn" in resource} == {
        "ApiFunction": "SignerUse",  # its first request may sign a URL
        "Bucket": "BucketMayCallProcessor",  # S3 takes no notification of a function that it may not call
    }


def test_outputs_name_what_was_made() -> None:
    outputs = {name: output for name, output in load()["Outputs"].items() if name != "ApiUrl"}
    shown = {name: (output.get("Condition"), resolve(output["Value"])) for name, output in outputs.items()}
    assert shown == OUTPUTS


@pytest.mark.parametrize(
    ("parameter", "output", "value"),
    [
        ("KeptImagesTableName", "ImagesTableName", "images"),
        ("KeptItemsTableName", "ItemsTableName", "items"),
        ("KeptUserPoolId", "UserPoolId", "eu-central-1_a"),
        ("LinkSecretArn", "LinkSecretArn", "arn:aws:secretsmanager:eu-central-1:1:secret:a"),
        ("WebhookSecretArn", "WebhookSecretArn", "arn:aws:secretsmanager:eu-central-1:1:secret:a"),
    ],
)
def test_outputs_name_what_was_kept(parameter: str, output: str, value: str) -> None:
    assert resolve(load()["Outputs"][output]["Value"], **{parameter: value}) == value


def test_url_of_the_api_is_the_domain_or_that_of_the_cdn_or_of_api_gateway() -> None:
    url = load()["Outputs"]["ApiUrl"]["Value"]
    assert resolve(url, DomainName="a.example") == sub("https://${DomainName}")
    assert resolve(url, DomainName="a.example", Cdn="enabled") == sub("https://${DomainName}")
    assert resolve(url, Cdn="enabled") == sub("https://${Distribution.DomainName}")
    assert resolve(url) == sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Environment}")


def test_outputs_that_operators_and_the_local_stack_read_exist() -> None:
    files = [file for folder in ("operations", "local") for file in (ROOT / folder).rglob("*.py")]
    read = {name for file in files for name in re.findall(r'outputs\["(\w+)"\]', file.read_text())}
    assert {"BucketName", "FailureQueueUrl", "UserPoolClientId"} <= read
    assert read <= load()["Outputs"].keys()


def test_domain_leads_to_the_cdn_where_there_is_one() -> None:
    target = load()["Outputs"]["DomainTarget"]["Value"]
    cdn = get_att("Distribution", "DomainName")
    assert resolve(target, DomainName="a.example", Cdn="enabled") == cdn
    assert resolve(target, DomainName="a.example") == get_att("Domain", "RegionalDomainName")


def test_log_groups_keep_logs_as_long_as_the_parameter_says() -> None:
    groups = {name: resource["Properties"] for name, resource in get_resources("AWS::Logs::LogGroup").items()}
    assert {name: group["LogGroupName"] for name, group in groups.items()} == {
        "ApiLogGroup": sub("/aws/lambda/${AWS::StackName}/api"),
        "ProcessorLogGroup": sub("/aws/lambda/${AWS::StackName}/processor"),
        "ChangesLogGroup": sub("/aws/lambda/${AWS::StackName}/changes"),
        "InvalidationLogGroup": sub("/aws/lambda/${AWS::StackName}/invalidation"),
        "WebhookLogGroup": sub("/aws/lambda/${AWS::StackName}/webhook"),
        "AccessLogGroup": sub("/aws/apigateway/${AWS::StackName}"),
    }
    assert all(group["RetentionInDays"] == ref("LogRetentionDays") for group in groups.values())


def test_nothing_that_the_local_stack_cannot_make_is_made_there() -> None:
    """MiniStack fails a deployment with a web ACL of an API, an expression in an alarm, or a budget."""
    for name in (
        "WebAcl",
        "WebAclAssociation",
        "BucketPolicy",
        "FailureQueuePolicy",
        "InvalidationQueuePolicy",
        "AlarmTopic",
        "Budget",
        *get_resources("AWS::CloudWatch::Alarm"),
    ):
        condition = load()["Resources"][name]["Condition"]
        local = {"Environment": "local", "AddressRateLimit": 100, "CdnInvalidation": "enabled"}
        local |= {"AlarmEmail": "ops@a.example", "MonthlyBudget": 5}
        assert not holds(condition, **local)
