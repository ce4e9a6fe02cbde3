"""The roles of a stack: taking a right away, acting as one of them, and what goes into the failure queue."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack


def find_role(stack: Stack, role: str) -> str:
    """Return the ARN of the role of a function, or of the signer."""
    if role == "Signer":
        return stack.read_variables()["ApiFunction"]["SIGNER_ROLE"]
    name = stack.outputs[f"{role}FunctionName"]
    arn: str = stack.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    return arn


@contextmanager
def without(stack: Stack, role: str, action: str, resource: str = "") -> Iterator[None]:
    """Take a right away that the role has: an action, on the resources whose names hold this text."""
    iam, name = stack.client("iam"), find_role(stack, role).rpartition("/")[2]
    statements = [
        statement
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
    ]
    resources = [
        found
        for statement in statements
        if action in _as_list(statement["Action"])
        for found in _as_list(statement["Resource"])
        if resource in found
    ]
    assert resources, f"the {role} role has no right to {action} on {resource}"
    denial = {"Effect": "Deny", "Action": action, "Resource": resources}
    policy = {"RoleName": name, "PolicyName": f"denial-{uuid.uuid4()}"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)


def act_as(stack: Stack, role: str, service: str) -> Any:  # noqa: ANN401 - the client of a service
    """Make a client of a service, with the rights of a role. Only the API's role becomes the signer."""
    sts = act_as(stack, "Api", "sts") if role == "Signer" else stack.client("sts")
    given = sts.assume_role(RoleArn=find_role(stack, role), RoleSessionName="test")
    keys = given["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    return session.client(service, endpoint_url=stack.aws_url)


def list_failures(stack: Stack) -> list[Any]:
    """Return the messages of the failure queue that are not hidden, up to ten."""
    response = stack.client("sqs").receive_message(
        QueueUrl=stack.outputs["FailureQueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [json.loads(message["Body"]) for message in response.get("Messages", [])]


def find_failure(stack: Stack, image_id: str) -> Any:  # noqa: ANN401 - JSON
    """Return the message that names an image. None if there is none."""
    return next((body for body in list_failures(stack) if image_id in json.dumps(body)), None)


def empty_failures(stack: Stack) -> None:
    """Delete every message of the failure queue that is not hidden. Events of the bucket are sent again."""
    queue, sqs = stack.outputs["FailureQueueUrl"], stack.client("sqs")
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            if event := json.loads(message["Body"]).get("requestPayload"):
                stack.client("lambda").invoke(
                    FunctionName=stack.outputs["ProcessorFunctionName"],
                    InvocationType="Event",
                    Payload=json.dumps(event),
                )
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
