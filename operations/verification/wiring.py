"""Claims about what the stack connects, as AWS says it has set it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.template import read_template
from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.verification.deployment import Deployment

OBSTACLE = "the emulated AWS ignores this part of the template"
KEPT_WITH_THE_STACK_GONE = ("Bucket", "ImagesTable", "ItemsTable", "OwnUserPool", "LinkSecret")


def _read_function(name: str) -> Any:  # noqa: ANN401 - of the template
    return read_template()["Resources"][name]["Properties"]


def _list_filters(source: Any, parameters: Mapping[str, str]) -> list[Any]:  # noqa: ANN401 - of the template
    """Return the filters that the stack has. One of them is for the removal from a CDN."""
    removes = parameters["CdnInvalidation"] == "enabled"
    filters = []
    for each in source["FilterCriteria"]["Filters"]:
        if "Fn::If" not in each:
            filters.append(each)
        elif removes:
            filters.append(each["Fn::If"][1])
    return filters


def show_stream_mapping(deployment: Deployment) -> str:
    mappings = deployment.client("lambda").list_event_source_mappings(
        FunctionName=deployment.outputs["ChangesFunctionName"]
    )["EventSourceMappings"]
    require_equal(len(mappings), 1, "number of mappings")
    (mapping,) = mappings
    wanted = _read_function("ChangesFunction")["Events"]["RecordChanged"]["Properties"]
    expected = {
        "State": "Enabled",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        **{
            name: wanted[name]
            for name in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError")
        },
        "FilterCriteria": {"Filters": _list_filters(wanted, deployment.parameters)},
    }
    for name, value in expected.items():
        require_equal(mapping.get(name), value, name)
    _require_failure_queue(deployment, mapping)
    require(
        f":table/{deployment.outputs['ImagesTableName']}/stream/" in mapping["EventSourceArn"],
        f"it follows {mapping['EventSourceArn']}",
    )
    tries, age = mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]
    return f"{tries} tries, {age} s, batch failures reported"


def show_processor_retries(deployment: Deployment) -> str:
    found = deployment.client("lambda").get_function_event_invoke_config(
        FunctionName=deployment.outputs["ProcessorFunctionName"]
    )
    wanted = _read_function("ProcessorFunction")["EventInvokeConfig"]
    for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
        require_equal(found.get(name), wanted[name], name)
    _require_failure_queue(deployment, found)
    return f"{found['MaximumRetryAttempts']} retries, {found['MaximumEventAgeInSeconds']} s"


def show_bucket_events(deployment: Deployment) -> str:
    s3, bucket = deployment.client("s3"), deployment.outputs["BucketName"]
    function = deployment.outputs["ProcessorFunctionName"]
    found = s3.get_bucket_notification_configuration(Bucket=bucket).get("LambdaFunctionConfigurations", [])
    prefixes = {
        rule["Value"]
        for configuration in found
        if configuration["LambdaFunctionArn"].endswith(f":{function}")
        for rule in configuration["Filter"]["Key"]["FilterRules"]
    }
    require_equal(prefixes, {"uploads/", "originals/", "files/"}, "set of prefixes")
    return "the processor gets uploads/, originals/ and files/"


def show_bucket_rules(deployment: Deployment) -> str:
    s3, bucket = deployment.client("s3"), deployment.outputs["BucketName"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    days = {
        rule["ID"]: rule.get("Expiration", rule.get("AbortIncompleteMultipartUpload", {}))
        for rule in rules
        if rule["Status"] == "Enabled"
    }
    require_equal(days.get("DeleteForgottenUploads", {}).get("Days"), 15, "life of a forgotten upload")
    require_equal(days.get("AbortUnfinishedUploads", {}).get("DaysAfterInitiation"), 1, "life of a part")
    old = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if rule["ID"] == "DeleteVersions" and rule["Status"] == "Enabled"
    ]
    recovery_days = int(deployment.outputs["RecoveryDays"])
    require_equal(old, [recovery_days or 1], "life of an old version")
    keeps_versions = s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"
    require_equal(keeps_versions, recovery_days > 0, "versions are kept")
    return f"forgotten uploads end after 15 days, deleted objects after {recovery_days}"


def show_concurrency(deployment: Deployment) -> str:
    found = {}
    for function, parameter in (
        ("ApiFunctionName", "ApiConcurrency"),
        ("ProcessorFunctionName", "ProcessorConcurrency"),
    ):
        output = deployment.client("lambda").get_function_concurrency(
            FunctionName=deployment.outputs[function]
        )
        found[parameter] = output.get("ReservedConcurrentExecutions", 0)
        require_equal(found[parameter], int(deployment.parameters[parameter]), parameter)
    return f"reserved: {found['ApiConcurrency']} and {found['ProcessorConcurrency']}"


def show_throttles(deployment: Deployment) -> str:
    settings = _read_stage(deployment)["methodSettings"]
    posts = next((key for key in settings if key.endswith("{proxy+}/POST")), "POST")
    for path, kind in (("*/*", "Throttling"), (posts, "Post")):
        for name, suffix in (("throttlingRateLimit", "RateLimit"), ("throttlingBurstLimit", "BurstLimit")):
            found = settings.get(path, {}).get(name)
            require_equal(found, float(deployment.parameters[kind + suffix]), f"{name} of {path}")
    return f"{settings['*/*']['throttlingRateLimit']:.0f} requests per second"


def show_web_acl(deployment: Deployment) -> str:
    limit = int(deployment.parameters["AddressRateLimit"])
    if not limit:
        raise Skipped("AddressRateLimit is 0")
    _, partition, _, region, *_ = deployment.read_queue()["QueueArn"].split(":")
    api, stage = deployment.find_resource("Api"), deployment.parameters["Environment"]
    arn = f"arn:{partition}:apigateway:{region}::/restapis/{api}/stages/{stage}"
    acl = deployment.client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL", {})
    limits = [rule["Statement"].get("RateBasedStatement", {}).get("Limit") for rule in acl.get("Rules", [])]
    require_equal(limits, [limit], "list of limits of the web ACL")
    return f"{limit} requests in 5 minutes"


def show_access_logs(deployment: Deployment) -> str:
    wanted = deployment.parameters["AccessLogs"] == "enabled"
    found = _read_stage(deployment).get("accessLogSettings", {}).get("destinationArn", "")
    require_equal(bool(found), wanted, "AccessLogs")
    if not wanted:
        return "off, as AccessLogs says"
    group = f"/aws/apigateway/{deployment.stack_name}"
    require(f":log-group:{group}" in found, f"the access logs go to {found}")
    deployment.web.get(str(deployment.api.base_url).rstrip("/") + "/health")
    since = int(1000 * (deployment.clock() - 3600))
    logs = deployment.client("logs")
    deployment.await_value(
        lambda: logs.filter_log_events(logGroupName=group, startTime=since, limit=1)["events"] or None,
        120,
        "no access log",
    )
    return "lines arrive"


def show_kept_data(deployment: Deployment) -> str:
    found = deployment.client("cloudformation").get_template(
        StackName=deployment.stack_name, TemplateStage="Processed"
    )["TemplateBody"]["Resources"]
    for name in KEPT_WITH_THE_STACK_GONE:
        resource = found.get(name, {})
        policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        require_equal(policies, ("RetainExceptOnCreate", "Retain"), f"policies of {name}")
    return f"{len(KEPT_WITH_THE_STACK_GONE)} resources; no deletion was tried"


def _read_stage(deployment: Deployment) -> Any:  # noqa: ANN401 - JSON
    return deployment.client("apigateway").get_stage(
        restApiId=deployment.find_resource("Api"), stageName=deployment.parameters["Environment"]
    )


def _require_failure_queue(deployment: Deployment, found: Mapping[str, Any]) -> None:
    destination = found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    require_equal(destination, deployment.read_queue()["QueueArn"], "destination of failures")


CLAIMS = tuple(
    Claim(name, sentence, show, obstacle=OBSTACLE if is_ignored else "", needs_caller=False)
    for name, sentence, show, is_ignored in (
        (
            "stream-mapping",
            "The stream of the images table reports failed entries, with bounded tries and age.",
            show_stream_mapping,
            True,
        ),
        ("processor-retries", "The processor's events are tried three times.", show_processor_retries, True),
        ("bucket-events", "S3 sends the processor what is uploaded.", show_bucket_events, False),
        (
            "bucket-rules",
            "S3 deletes forgotten uploads, and keeps versions as `RecoveryDays` says.",
            show_bucket_rules,
            True,
        ),
        ("concurrency", "Executions are reserved as the parameters say.", show_concurrency, True),
        ("throttles", "API Gateway's throttles are those of the parameters.", show_throttles, True),
        ("web-acl", "The web ACL has the limit of `AddressRateLimit`.", show_web_acl, True),
        (
            "access-logs",
            "Access logs are on or off as `AccessLogs` says, and lines arrive.",
            show_access_logs,
            True,
        ),
        (
            "kept-data",
            "The deployed template keeps bucket, tables, user pool and secret when the stack is deleted.",
            show_kept_data,
            False,
        ),
    )
)
