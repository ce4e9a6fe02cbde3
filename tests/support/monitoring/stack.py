"""The names that references of the template stand for, in a stack that was never deployed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.support.monitoring.alarms import Alarm
from tests.support.template import get_properties, get_resources, holds

if TYPE_CHECKING:
    from tests.support.template import Node

STACK = "images-prod"
PSEUDO = {"AWS::StackName": STACK, "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}
PARAMETERS = {
    "Environment": "prod",
    "AlarmEmail": "ops@a.example",
    "MonthlyBudget": 50,
    "Dashboard": "enabled",
    "Cdn": "enabled",
    "CdnInvalidation": "enabled",
    "EventBus": "own",
    "WebhookUrl": "https://a.example/hook",
}


def name(value: Node) -> Node:
    """Replace references: a resource has its own name."""
    match value:
        case {"Ref": str(target)}:
            return PSEUDO.get(target, target)
        case {"Fn::GetAtt": [str(target), *_]}:
            return target
        case {"Fn::Sub": text}:
            pattern, variables = (text, {}) if isinstance(text, str) else text
            return _fill(pattern, {key: name(part) for key, part in variables.items()})
        case dict():
            return {key: name(part) for key, part in value.items()}
        case list():
            return [name(part) for part in value]
        case _:
            return value


def _fill(text: str, variables: dict[str, str]) -> str:
    names = PSEUDO | {key: str(value) for key, value in PARAMETERS.items()} | variables
    return re.sub(r"\$\{([^}]+)\}", lambda match: names.get(match[1], match[1].split(".")[0]), text)


def list_alarms(**parameters: object) -> dict[str, Alarm]:
    """Return the alarms of a stack, by their names in the template."""
    given = PARAMETERS | parameters
    return {
        logical: Alarm(name(get_properties(logical, **given)))
        for logical, resource in get_resources("AWS::CloudWatch::Alarm").items()
        if holds(resource["Condition"], **given)
    }


def read_dashboard() -> Any:  # noqa: ANN401 - JSON
    return json.loads(name(get_properties("ServiceDashboard", **PARAMETERS)["DashboardBody"]))
