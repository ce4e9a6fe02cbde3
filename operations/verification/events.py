"""Claims about the bus that is told what happens to images."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.template import read_template
from operations.verification.answers import require_status
from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.verification.deployment import Deployment

EVENTS_SECONDS = 60
RULE_SECONDS = 5
"""EventBridge says that a new rule may take a moment to match."""
GONE_SECONDS = 90
"""SQS takes up to 60 s to delete a queue."""
LOOK_SECONDS = 1
MESSAGES_PER_LOOK = 10
EXPECTED = ["image.ready", "image.updated", "image.deleted"]
OTHER_SOURCE = "another-source"


def show_events(deployment: Deployment) -> str:
    bus = _get_bus(deployment)
    name = f"verify-{secrets.token_hex(8)}"
    with _subscribe(deployment, bus, name) as queue_url:
        deployment.sleep(RULE_SECONDS)
        image_id = deployment.upload_ready()["id"]
        changed = deployment.api.patch(f"/images/{image_id}", json={"description": "told"})
        version = require_status(changed, HTTPStatus.OK).json()["version"]
        require_status(deployment.api.delete(f"/images/{image_id}"), HTTPStatus.NO_CONTENT)
        deployment.made.remove(image_id)
        started = deployment.clock()
        told = _await_events(deployment, queue_url, image_id)
        seconds = deployment.clock() - started
    require_equal([each["detail-type"] for each in told], EXPECTED, "events in the order of their versions")
    versions = [each["detail"]["version"] for each in told[1:]]
    require_equal(versions, [version, version + 1], "versions of the change and of the deletion")
    for each in told:
        require_equal([each["source"]], _get_sources(), "source of an event")
        require(
            any(f":stack/{deployment.stack_name}/" in arn for arn in each["resources"]), "no stack is named"
        )
    _require_removed(deployment, bus, name)
    return f"{len(told)} events, the last {seconds:.1f} s after the deletion"


def show_event_source(deployment: Deployment) -> str:
    """IAM judges a call of the role. Nothing is published."""
    bus = _get_bus(deployment)
    function = deployment.client("lambda").get_function_configuration(
        FunctionName=deployment.outputs["ChangesFunctionName"]
    )
    arn = deployment.client("events").describe_event_bus(Name=bus)["Arn"]
    decisions = {
        source: deployment.client("iam").simulate_principal_policy(
            PolicySourceArn=function["Role"],
            ActionNames=["events:PutEvents"],
            ResourceArns=[arn],
            ContextEntries=[
                {
                    "ContextKeyName": "events:source",
                    "ContextKeyValues": [source],
                    "ContextKeyType": "stringList",
                }
            ],
        )["EvaluationResults"][0]["EvalDecision"]
        for source in (*_get_sources(), OTHER_SOURCE)
    }
    expected = dict.fromkeys(_get_sources(), "allowed") | {OTHER_SOURCE: "implicitDeny"}
    require_equal(decisions, expected, "decision of IAM")
    return "another source is refused"


def _get_bus(deployment: Deployment) -> str:
    if deployment.parameters["EventBus"] == "none":
        raise Skipped("EventBus is none")
    return deployment.outputs["EventBusName"]


def _get_sources() -> list[str]:
    """The sources of the events, as the rule for webhooks has them."""
    pattern = read_template()["Resources"]["WebhookRule"]["Properties"]["EventPattern"]
    sources: list[str] = pattern["source"]
    return sources


@contextmanager
def _subscribe(deployment: Deployment, bus: str, name: str) -> Iterator[str]:
    """Put the events of the caller's images into a new queue. Afterwards delete the queue and the rule."""
    sqs, events = deployment.client("sqs"), deployment.client("events")
    queue_url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    try:
        attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
        pattern = {"source": _get_sources(), "detail": {"userId": [deployment.user_id]}}
        rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        try:
            statement = {
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Principal": {"Service": "events.amazonaws.com"},
                "Resource": attributes["QueueArn"],
                "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
            }
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps(policy)})
            events.put_targets(
                Rule=name, EventBusName=bus, Targets=[{"Id": name, "Arn": attributes["QueueArn"]}]
            )
            yield queue_url
        finally:
            events.remove_targets(Rule=name, EventBusName=bus, Ids=[name])
            events.delete_rule(Name=name, EventBusName=bus)
    finally:
        sqs.delete_queue(QueueUrl=queue_url)


def _await_events(deployment: Deployment, queue_url: str, image_id: str) -> list[Any]:
    """Wait for the events of an image. Return them by their versions, each once."""
    sqs = deployment.client("sqs")
    told: dict[int, Any] = {}

    def look() -> list[Any] | None:
        messages = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=MESSAGES_PER_LOOK, WaitTimeSeconds=LOOK_SECONDS
        ).get("Messages", [])
        for message in messages:
            event = json.loads(message["Body"])
            if event["detail"]["id"] == image_id:
                told[event["detail"]["version"]] = event
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return [told[version] for version in sorted(told)] if len(told) >= len(EXPECTED) else None

    return deployment.await_value(look, EVENTS_SECONDS, "not all events of an image are on the bus")


def _require_removed(deployment: Deployment, bus: str, name: str) -> None:
    rules = deployment.client("events").list_rules(NamePrefix=name, EventBusName=bus)["Rules"]
    require_equal(rules, [], "rules that are left")

    def is_gone() -> bool | None:
        return None if deployment.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls") else True

    deployment.await_value(is_gone, GONE_SECONDS, f"the queue {name} is left")


CLAIMS = (
    Claim(
        "events",
        "The bus gets the events of an image, with the versions of its record.",
        show_events,
    ),
    Claim(
        "event-source",
        "The function behind the stream may publish with its own source only.",
        show_event_source,
        obstacle="the emulated IAM simulates no condition keys",
        needs_caller=False,
    ),
)
