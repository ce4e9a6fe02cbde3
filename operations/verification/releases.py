"""Claims about releases: which version serves the API, and what would roll the next one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.template import read_template
from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

ROLLBACK_EVENT = "DEPLOYMENT_STOP_ON_ALARM"


def show_version(deployment: Deployment) -> str:
    properties = read_template()["Resources"]["ApiFunction"]["Properties"]
    alias = deployment.client("lambda").get_alias(
        FunctionName=deployment.outputs["ApiFunctionName"], Name=properties["AutoPublishAlias"]
    )
    require(not alias.get("RoutingConfig"), "a release is on its way")
    require_equal(alias["FunctionVersion"], deployment.outputs["ApiVersion"], "version that is live")
    return f"version {alias['FunctionVersion']}"


def show_canary(deployment: Deployment) -> str:
    if deployment.parameters["Deployment"] != "canary":
        raise Skipped("Deployment is at-once")
    group = deployment.client("codedeploy").get_deployment_group(
        applicationName=deployment.find_resource("ServerlessDeploymentApplication"),
        deploymentGroupName=deployment.find_resource("ApiFunctionDeploymentGroup"),
    )["deploymentGroupInfo"]
    preference = read_template()["Resources"]["ApiFunction"]["Properties"]["DeploymentPreference"]
    require(
        group["deploymentConfigName"].endswith(preference["Type"]),
        f"traffic moves by {group['deploymentConfigName']}",
    )
    require(ROLLBACK_EVENT in group["autoRollbackConfiguration"]["events"], "alarms roll nothing back")
    watched = {alarm["name"] for alarm in group["alarmConfiguration"]["alarms"]}
    wanted = {
        f"{deployment.stack_name}-{resource['Properties']['AlarmName']['Fn::Sub'].partition('-')[2]}"
        for resource in read_template()["Resources"].values()
        if resource.get("Condition") == "HasReleaseAlarms"
    }
    require_equal(sorted(watched), sorted(wanted), "alarms that roll back")
    return f"{preference['Type']}, {len(watched)} alarms"


CLAIMS = (
    Claim("live-version", "The version of the last deployment is live.", show_version, needs_caller=False),
    Claim(
        "canary",
        "CodeDeploy moves the traffic as the template says, and alarms stop it.",
        show_canary,
        obstacle="the emulated AWS has no CodeDeploy",
        needs_caller=False,
    ),
)
