"""Wrong answers of AWS about a stack, and the claim that each refutes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from operations.verification.observing import TOPIC_PENDING
from tests.unit.operations.verification.answers_of_aws import OUTPUTS
from tests.unit.operations.verification.fake_aws import Body

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.operations.verification.fakes import Fake

    type Fault = Callable[[Fake], object]


def put(service: str, operation: str, value: object, *path: str | int) -> Fault:
    """AWS answers with another value at this place of its output."""

    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        for step in path[:-1]:
            output = output[step]
        output[path[-1]] = value

    return lambda fake: fake.outputs.update({(service, operation): change})


def put_mapping(name: str, value: object) -> Fault:
    return put("lambda", "list_event_source_mappings", value, "EventSourceMappings", 0, name)


def put_group(value: object, *path: str) -> Fault:
    return put("codedeploy", "get_deployment_group", value, "deploymentGroupInfo", *path)


def put_stage(value: object, *path: str) -> Fault:
    return put("apigateway", "get_stage", value, *path)


def put_response(name: str, value: object) -> Fault:
    return put("apigateway", "get_gateway_responses", value, "items", 0, name)


def put_queue(name: str, value: str) -> Fault:
    return put("sqs", "get_queue_attributes", value, "Attributes", name)


def put_decision(decision: str) -> Fault:
    return put("iam", "simulate_principal_policy", decision, "EvaluationResults", 0, "EvalDecision")


def silence(kind: str) -> Fault:
    """The bus gets no event of this type."""

    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        output["Messages"] = [each for each in output["Messages"] if kind not in each["Body"]]

    return lambda fake: fake.outputs.update({("sqs", "receive_message"): change})


def retell(number: int, value: object, *path: str) -> Fault:
    """An event has another value at this place."""

    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        if len(output["Messages"]) > number:
            event = place = json.loads(output["Messages"][number]["Body"])
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            output["Messages"][number]["Body"] = json.dumps(event)

    return lambda fake: fake.outputs.update({("sqs", "receive_message"): change})


def replace_bodies(fake: Fake) -> None:
    """S3 sends other bytes than those that were stored, so the export leaves them out."""
    fake.outputs["s3", "get_object"] = lambda _: {"Body": Body(OTHER_BYTES)}


def replace_bodies_and_checksums(fake: Fake) -> None:
    """The records agree with the other bytes."""

    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        rows = output["Responses"][OUTPUTS["ImagesTableName"]]
        checksum = {"S": hashlib.sha256(OTHER_BYTES).hexdigest()}
        output["Responses"][OUTPUTS["ImagesTableName"]] = [{**row, "sha256": checksum} for row in rows]

    replace_bodies(fake)
    fake.outputs["dynamodb", "batch_get_item"] = change


def put_table_entry(name: str, value: str) -> Fault:
    """Records that have a status have another value."""

    def change(output: Any) -> None:  # noqa: ANN401 - of AWS
        if "status" in output.get("Item", {}):
            output["Item"] = {**output["Item"], name: {"S": value}}

    return lambda fake: fake.outputs.update({("dynamodb", "get_item"): change})


OTHER_BYTES = b"other"
_BLOCK = "PublicAccessBlockConfiguration"
_RESOURCES = ("TemplateBody", "Resources")

FAULTS: list[tuple[str, str, Fault]] = [
    ("stream-mapping", "ReportBatch", put_mapping("FunctionResponseTypes", [])),
    ("stream-mapping", "MaximumRetryAttempts", put_mapping("MaximumRetryAttempts", -1)),
    ("stream-mapping", "MaximumRecordAge", put_mapping("MaximumRecordAgeInSeconds", -1)),
    ("stream-mapping", "Bisect", put_mapping("BisectBatchOnFunctionError", value=False)),
    ("stream-mapping", "State", put_mapping("State", "Disabled")),
    ("stream-mapping", "Filter", put_mapping("FilterCriteria", {"Filters": []})),
    ("stream-mapping", "destination", put_mapping("DestinationConfig", {})),
    ("stream-mapping", "it follows", put_mapping("EventSourceArn", "arn:aws:dynamodb:::table/old/stream/1")),
    (
        "stream-mapping",
        "number of mappings",
        put("lambda", "list_event_source_mappings", [], "EventSourceMappings"),
    ),
    (
        "processor-retries",
        "MaximumRetryAttempts",
        put("lambda", "get_function_event_invoke_config", 0, "MaximumRetryAttempts"),
    ),
    (
        "processor-retries",
        "destination",
        put("lambda", "get_function_event_invoke_config", {}, "DestinationConfig"),
    ),
    (
        "bucket-events",
        "prefixes",
        put("s3", "get_bucket_notification_configuration", [], "LambdaFunctionConfigurations"),
    ),
    (
        "bucket-events",
        "prefixes",
        put(
            "s3",
            "get_bucket_notification_configuration",
            "arn:aws:lambda:eu-central-1:123456789012:function:other",
            "LambdaFunctionConfigurations",
            0,
            "LambdaFunctionArn",
        ),
    ),
    (
        "bucket-rules",
        "forgotten",
        put("s3", "get_bucket_lifecycle_configuration", "Disabled", "Rules", 0, "Status"),
    ),
    (
        "bucket-rules",
        "life of a part",
        put("s3", "get_bucket_lifecycle_configuration", "Disabled", "Rules", 1, "Status"),
    ),
    (
        "bucket-rules",
        "life of an old version",
        put("s3", "get_bucket_lifecycle_configuration", "Disabled", "Rules", 2, "Status"),
    ),
    ("bucket-rules", "versions are kept", put("s3", "get_bucket_versioning", "Suspended", "Status")),
    (
        "concurrency",
        "ApiConcurrency",
        put("lambda", "get_function_concurrency", 0, "ReservedConcurrentExecutions"),
    ),
    ("throttles", "BurstLimit", put_stage(1, "methodSettings", "*/*", "throttlingBurstLimit")),
    ("throttles", "RateLimit", put_stage(1.0, "methodSettings", "*/*", "throttlingRateLimit")),
    ("throttles", "RateLimit of ~1", put_stage({}, "methodSettings", "~1{proxy+}/POST")),
    ("web-acl", "limits", put("wafv2", "get_web_acl_for_resource", [], "WebACL", "Rules")),
    ("access-logs", "AccessLogs", put_stage({}, "accessLogSettings")),
    ("access-logs", "go to", put_stage("arn:log-group:other", "accessLogSettings", "destinationArn")),
    ("access-logs", "no access log", put("logs", "filter_log_events", [], "events")),
    (
        "kept-data",
        "policies of Bucket",
        put("cloudformation", "get_template", "Delete", *_RESOURCES, "Bucket", "DeletionPolicy"),
    ),
    (
        "kept-data",
        "policies of OwnUserPool",
        put("cloudformation", "get_template", {}, *_RESOURCES, "OwnUserPool"),
    ),
    (
        "expiry",
        "expiry of",
        put("dynamodb", "describe_time_to_live", "DISABLED", "TimeToLiveDescription", "TimeToLiveStatus"),
    ),
    (
        "backups",
        "recovery of",
        put(
            "dynamodb",
            "describe_continuous_backups",
            "DISABLED",
            "ContinuousBackupsDescription",
            "PointInTimeRecoveryDescription",
            "PointInTimeRecoveryStatus",
        ),
    ),
    ("encryption", "of images", put("dynamodb", "describe_table", {}, "Table", "SSEDescription")),
    ("encryption", "of the queue", put_queue("SqsManagedSseEnabled", "false")),
    (
        "encryption",
        "of the bucket",
        put(
            "s3",
            "get_bucket_encryption",
            {"SSEAlgorithm": "none"},
            "ServerSideEncryptionConfiguration",
            "Rules",
            0,
            "ApplyServerSideEncryptionByDefault",
        ),
    ),
    (
        "no-public-access",
        "BlockPublicPolicy",
        put("s3", "get_public_access_block", False, _BLOCK, "BlockPublicPolicy"),  # noqa: FBT003 - the answer
    ),
    (
        "no-public-access",
        "owners",
        put("s3", "get_bucket_ownership_controls", [], "OwnershipControls", "Rules"),
    ),
    (
        "deletion-protection",
        "protection of images",
        put("dynamodb", "describe_table", False, "Table", "DeletionProtectionEnabled"),  # noqa: FBT003 - the answer
    ),
    (
        "deletion-protection",
        "user pool",
        put("cognito-idp", "describe_user_pool", "INACTIVE", "UserPool", "DeletionProtection"),
    ),
    (
        "log-retention",
        "days",
        put("logs", "describe_log_groups", None, "logGroups", 0, "retentionInDays"),
    ),
    ("log-retention", "days", put("logs", "describe_log_groups", [], "logGroups")),
    ("log-lines", "no line in the log", put("logs", "filter_log_events", [], "events")),
    ("log-lines", "responded", put("logs", "filter_log_events", "other", "events", 0, "message")),
    ("metrics", "no metric Uploads", put("cloudwatch", "list_metrics", [], "Metrics")),
    ("metrics", "of the API", put("cloudwatch", "list_metrics", "b", "Metrics", 0, "Dimensions", 0, "Value")),
    ("alarms", "missing", put("cloudwatch", "describe_alarms", [], "MetricAlarms")),
    ("alarms", "missing", put("cloudwatch", "describe_alarms", "other", "MetricAlarms", 0, "AlarmName")),
    (
        "alarms",
        "nobody has confirmed",
        put("sns", "list_subscriptions_by_topic", TOPIC_PENDING, "Subscriptions", 0, "SubscriptionArn"),
    ),
    ("dashboard", "number of dashboards", put("cloudwatch", "list_dashboards", [], "DashboardEntries")),
    ("events", "not all events", silence("image.deleted")),
    ("events", "in the order", retell(0, "image.failed", "detail-type")),
    ("events", "versions of", retell(2, 9, "detail", "version")),
    ("events", "source of", retell(1, "other", "source")),
    ("events", "no stack is named", retell(1, ["arn:aws:other"], "resources")),
    ("events", "rules that are left", put("events", "list_rules", ["rule"], "Rules")),
    ("events", "is left after", put("sqs", "list_queues", ["queue"], "QueueUrls")),
    ("event-source", "decision of IAM", put_decision("allowed")),
    ("event-source", "decision of IAM", put_decision("implicitDeny")),
    ("moving", "images in the export", replace_bodies),
    ("moving", "other bytes", replace_bodies_and_checksums),
    ("moving", "the import brings", put_table_entry("status", "rejected")),
    ("gateway-responses", "response", put_response("statusCode", "500")),
    ("gateway-responses", "response", put_response("responseParameters", {})),
    ("gateway-responses", "response", put("apigateway", "get_gateway_responses", [], "items")),
    ("live-version", "version that is live", put("lambda", "get_alias", "6", "FunctionVersion")),
    ("live-version", "on its way", put("lambda", "get_alias", {"6": 0.1}, "RoutingConfig")),
    ("canary", "traffic moves by", put_group("CodeDeployDefault.LambdaAllAtOnce", "deploymentConfigName")),
    ("canary", "roll nothing back", put_group([], "autoRollbackConfiguration", "events")),
    ("canary", "alarms that roll back", put_group([], "alarmConfiguration", "alarms")),
]
