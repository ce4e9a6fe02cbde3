"""Metrics, traces, the topic of alarms and the budget. Alarms are in test_template_alarms.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.settings import Settings
from tests.support.template import get_properties, get_resources, holds, load, ref, resolve, sub

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS = {"AlarmEmail": "ops@a.example"}
CONDITIONS = ("HasMetrics", "HasTracing", "HasDashboard", "HasAlarms", "HasMetricAlarms", "HasBudget")
CDN = {"Cdn": "enabled", "CdnInvalidation": "enabled"}


@pytest.mark.parametrize(
    ("parameters", "true"),
    [
        ({}, {"HasMetrics"}),
        ({"Metrics": "disabled"}, set()),
        ({"Tracing": "enabled"}, {"HasMetrics", "HasTracing"}),
        ({"Dashboard": "enabled"}, {"HasMetrics", "HasDashboard"}),
        (ADDRESS, {"HasMetrics", "HasAlarms", "HasMetricAlarms"}),
        (ADDRESS | {"Metrics": "disabled"}, {"HasAlarms"}),
        (ADDRESS | {"MonthlyBudget": 5}, {"HasMetrics", "HasAlarms", "HasMetricAlarms", "HasBudget"}),
        (ADDRESS | {"MonthlyBudget": 5, "Environment": "local"}, {"HasMetrics"}),
    ],
)
def test_observing_follows_from_the_parameters(parameters: Mapping[str, str], true: set[str]) -> None:
    assert {name for name in CONDITIONS if holds(name, **parameters)} == true


def test_alarms_of_invalidations_come_with_both() -> None:
    assert holds("HasInvalidationAlarms", **ADDRESS, **CDN)
    assert not holds("HasInvalidationAlarms", **ADDRESS)
    assert not holds("HasInvalidationAlarms", **CDN)


def test_alarms_of_releases_need_no_address() -> None:
    assert holds("HasReleaseAlarms", Deployment="canary")
    assert not holds("HasReleaseAlarms", **ADDRESS)
    assert not holds("HasReleaseAlarms", Deployment="canary", Environment="local")


def test_settings_without_a_namespace_mean_no_metrics() -> None:
    assert Settings({"METRICS_NAMESPACE": ""}).metrics_namespace is None
    assert Settings({"METRICS_NAMESPACE": "images-prod"}).metrics_namespace == "images-prod"


def test_traces_of_api_and_functions_are_switched_together() -> None:
    mode = load()["Globals"]["Function"]["Tracing"]
    assert [resolve(mode, Tracing=value) for value in ("disabled", "enabled")] == ["PassThrough", "Active"]
    stages = [get_properties("Api", Tracing=value)["TracingEnabled"] for value in ("disabled", "enabled")]
    assert stages == [False, True]


def test_each_function_may_send_traces_if_it_makes_them() -> None:
    for function in get_resources("AWS::Serverless::Function"):
        role = function.replace("Function", "Role")
        for tracing in ("disabled", "enabled"):
            (policy,) = get_properties(role, Tracing=tracing)["Policies"]
            sent = [each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == "SendTraces"]
            allowed = {
                "Sid": "SendTraces",
                "Effect": "Allow",
                "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                "Resource": "*",
            }
            assert sent == ([allowed] if tracing == "enabled" else [])


def test_topic_tells_the_address_and_takes_messages_of_this_account_alone() -> None:
    assert get_properties("AlarmTopic", **ADDRESS) == {
        "Subscription": [{"Protocol": "email", "Endpoint": "ops@a.example"}]
    }
    policy = get_properties("AlarmTopicPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Topics"] == [ref("AlarmTopic")]
    assert statement["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}


def test_budget_tells_the_topic_before_it_is_used_up() -> None:
    budget = get_properties("Budget", MonthlyBudget=50)
    assert budget["Budget"] == {
        "BudgetName": sub("${AWS::StackName}-${AWS::Region}"),
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 50, "Unit": "USD"},
    }
    told = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"], each["Subscribers"])
        for each in budget["NotificationsWithSubscribers"]
    ]
    topic = [{"SubscriptionType": "SNS", "Address": ref("AlarmTopic")}]
    assert told == [("ACTUAL", 80, topic), ("FORECASTED", 100, topic)]
