"""Claims about what operators see and are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.template import read_template
from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.verification.deployment import Deployment

METRIC_SECONDS = 180
"""CloudWatch shows a new metric after a minute or two."""
TOPIC_PENDING = "PendingConfirmation"
UPLOADS = "Uploads"


def show_metrics(deployment: Deployment) -> str:
    """An upload makes the metric, if there was none yet."""
    if deployment.parameters["Metrics"] != "enabled":
        raise Skipped("Metrics is disabled")
    deployment.post_image()
    cloudwatch = deployment.client("cloudwatch")

    def find() -> list[str] | None:
        found = cloudwatch.list_metrics(Namespace=deployment.stack_name, MetricName=UPLOADS)["Metrics"]
        return sorted({each["Value"] for metric in found for each in metric["Dimensions"]}) or None

    values = deployment.await_value(find, METRIC_SECONDS, f"no metric {UPLOADS}")
    require("api" in values, f"no metric of the API, but {values}")
    return f"dimensions {', '.join(values)}"


def show_alarms(deployment: Deployment) -> str:
    if not deployment.parameters["AlarmEmail"]:
        raise Skipped("AlarmEmail is empty")
    prefix = f"{deployment.stack_name}-"
    alarms = deployment.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    names = {alarm["AlarmName"].removeprefix(prefix) for alarm in alarms}
    missing = list_alarm_names(deployment.parameters) - names
    require_equal(sorted(missing), [], "alarms that are missing")
    (topic,) = {action for alarm in alarms for action in alarm["AlarmActions"]}  # those of releases have none
    subscriptions = deployment.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [each for each in subscriptions if each["SubscriptionArn"] != TOPIC_PENDING]
    require(confirmed, "nobody has confirmed the subscription of the topic")
    return f"{len(alarms)} alarms, {len(confirmed)} subscriptions"


def list_alarm_names(parameters: Mapping[str, str]) -> set[str]:
    """Return the names of the alarms that a stack with an address has, without that of the stack."""
    conditions = {
        "HasAlarms": True,
        "HasMetricAlarms": parameters["Metrics"] == "enabled",
        "HasInvalidationAlarms": parameters["CdnInvalidation"] == "enabled",
        "HasWebhookAlarms": parameters["EventBus"] != "none" and parameters["WebhookUrl"] != "",
        "HasReleaseAlarms": parameters["Deployment"] == "canary",
    }
    return {
        resource["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        for resource in read_template()["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and conditions[resource["Condition"]]
    }


def show_dashboard(deployment: Deployment) -> str:
    if deployment.parameters["Dashboard"] != "enabled":
        raise Skipped("Dashboard is disabled")
    prefix = f"{deployment.stack_name}-"
    entries = deployment.client("cloudwatch").list_dashboards(DashboardNamePrefix=prefix)["DashboardEntries"]
    require_equal(len(entries), 1, "number of dashboards")
    return str(entries[0]["DashboardName"])


CLAIMS = (
    Claim(
        "metrics",
        "CloudWatch makes metrics of the lines in the logs.",
        show_metrics,
        obstacle="the emulated AWS reads no metrics from logs",
    ),
    Claim(
        "alarms",
        "The alarms of the template exist, and somebody is told.",
        show_alarms,
        obstacle="the emulated CloudFormation knows no expressions in alarms",
        needs_caller=False,
    ),
    Claim("dashboard", "The dashboard exists.", show_dashboard, needs_caller=False),
)
