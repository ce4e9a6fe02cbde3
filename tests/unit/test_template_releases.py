"""Versions, the alias and the canary of the API, as SAM translates them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.parameters.translation import translate
from tests.support.template import get_properties, get_resources, ref

if TYPE_CHECKING:
    from tests.support.template import Node

ALIAS = "ApiFunctionAliaslive"
GROUP = "ApiFunctionDeploymentGroup"
ALARMS = ["ReleaseServerErrorAlarm", "ReleaseProcessorErrorAlarm", "ReleaseChangesErrorAlarm"]


def expand(deployment: str) -> Node:
    """The resources of a stack with this way to deploy."""
    resources: Node = translate([{"Deployment": deployment}])[0]["Resources"]
    return resources


@pytest.mark.parametrize("deployment", ["at-once", "canary"])
def test_api_gateway_may_call_the_alias_and_calls_nothing_else(deployment: str) -> None:
    resources = expand(deployment)
    uses = json.dumps(resources["Api"]["Properties"]["Body"])
    assert "${ApiFunctionAliaslive}/invocations" in uses
    assert "${ApiFunction.Arn}" not in uses
    permissions = [
        each["Properties"]["FunctionName"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Permission"
        and each["Properties"]["Principal"] == "apigateway.amazonaws.com"
    ]
    assert permissions
    assert all(each == ref(ALIAS) for each in permissions)


def test_only_the_api_has_versions() -> None:
    for deployment in ("at-once", "canary"):
        kinds = [each["Type"] for each in expand(deployment).values()]
        assert kinds.count("AWS::Lambda::Alias") == kinds.count("AWS::Lambda::Version") == 1


def test_release_at_once_needs_no_codedeploy() -> None:
    """The emulated CloudFormation refuses a template that names it."""
    resources = expand("at-once")
    assert [each["Type"] for each in resources.values() if "CodeDeploy" in each["Type"]] == []
    assert "CodeDeployServiceRole" not in resources
    assert "UpdatePolicy" not in resources[ALIAS]


def test_canary_is_moved_by_codedeploy_and_stopped_by_alarms() -> None:
    resources = expand("canary")
    policy = resources[ALIAS]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert policy["DeploymentGroupName"] == ref(GROUP)
    group = resources[GROUP]["Properties"]
    assert "Canary10Percent10Minutes" in json.dumps(group["DeploymentConfigName"])
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    watched = json.dumps(group["AlarmConfiguration"])
    assert all(f'"Ref": "{name}"' in watched for name in ALARMS)


def test_alarms_of_releases_tell_nobody_and_are_quick() -> None:
    for name in ALARMS:
        alarm = get_properties(name)
        assert not alarm.keys() & {"AlarmActions", "OKActions"}
        assert "Runbook: docs/releases.md#when-a-release-is-rolled-back" in alarm["AlarmDescription"]
        periods = {alarm.get("Period")} | {
            each["MetricStat"]["Period"] for each in alarm.get("Metrics", []) if "MetricStat" in each
        }
        assert periods - {None} == {60}


def test_snapshots_are_taken_of_the_api_alone_and_only_if_wanted() -> None:
    values = {
        value: get_properties("ApiFunction", SnapStart=value)["SnapStart"]
        for value in ("enabled", "disabled")
    }
    assert values == {"enabled": {"ApplyOn": "PublishedVersions"}, "disabled": {"ApplyOn": "None"}}
    functions = get_resources("AWS::Serverless::Function")
    assert [name for name, each in functions.items() if "SnapStart" in each["Properties"]] == ["ApiFunction"]
