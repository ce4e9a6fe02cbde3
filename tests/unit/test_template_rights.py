"""The rights that the template gives to each function: these actions, these resources, and no others."""

from __future__ import annotations

import json

import pytest

from shared.storage import ORIGINALS_PREFIX, RENDITIONS_PREFIX, UPLOADS_PREFIX
from tests.support.template import Node, get_att, get_properties, get_resources, sub

BUCKET_ARN = "arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]

type Statement = tuple[list[str], list[Node]]
"""Actions and resources."""

RIGHTS: dict[str, dict[str, Statement]] = {
    "ApiRole": {
        "WriteLogs": (LOGS, [get_att("ApiLogGroup")]),
        "KeepRecords": (
            [f"dynamodb:{name}" for name in ("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem")],
            [get_att("ImagesTable"), get_att("ItemsTable")],
        ),
        "CountImages": (["dynamodb:UpdateItem"], [get_att("ImagesTable")]),
        "KeepResponses": (
            ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            [get_att("IdempotencyTable")],
        ),
        "KeepUploads": (
            ["s3:GetObject", "s3:PutObject"],
            [sub(f"${{Bucket.Arn}}/{prefix}*") for prefix in (UPLOADS_PREFIX, ORIGINALS_PREFIX, "files/")],
        ),
        "SignRenditions": (["s3:GetObject"], [sub(f"${{Bucket.Arn}}/{RENDITIONS_PREFIX}*")]),
        "SignLinks": (
            ["secretsmanager:GetSecretValue"],
            [
                sub(
                    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}"
                    ":secret:${AWS::StackName}-links-*"
                )
            ],
        ),
    },
    "ProcessorRole": {
        "WriteLogs": (LOGS, [get_att("ProcessorLogGroup")]),
        "KeepRecords": (
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            [get_att("ImagesTable")],
        ),
        "TakeUploads": (["s3:GetObject", "s3:DeleteObject"], [sub(f"{BUCKET_ARN}/{UPLOADS_PREFIX}*")]),
        "KeepOriginals": (
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            [sub(f"{BUCKET_ARN}/{ORIGINALS_PREFIX}*")],
        ),
        "WriteRenditions": (
            ["s3:PutObject", "s3:DeleteObject"],
            [sub(f"{BUCKET_ARN}/{RENDITIONS_PREFIX}*")],
        ),
        "TellMissingFromForbidden": (["s3:ListBucket"], [sub(BUCKET_ARN)]),
        "ReportFailures": (["sqs:SendMessage"], [get_att("FailureQueue")]),
    },
    "CleanupRole": {
        "WriteLogs": (LOGS, [get_att("CleanupLogGroup")]),
        "FollowRecords": (
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            [get_att("ImagesTable", "StreamArn")],
        ),
        "FindStreams": (["dynamodb:ListStreams"], ["*"]),  # knows no resource
        "DeleteObjects": (
            ["s3:DeleteObject"],
            [
                sub(f"${{Bucket.Arn}}/{prefix}*")
                for prefix in (UPLOADS_PREFIX, ORIGINALS_PREFIX, RENDITIONS_PREFIX)
            ],
        ),
        "ReportFailures": (["sqs:SendMessage"], [get_att("FailureQueue")]),
    },
}


@pytest.mark.parametrize("role", RIGHTS)
def test_role_has_exactly_the_rights_that_its_function_needs(role: str) -> None:
    (policy,) = get_properties(role)["Policies"]
    assert policy["PolicyName"] == role.removesuffix("Role").lower()
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"
    statements = policy["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    assert all(set(statement) == {"Sid", "Effect", "Action", "Resource"} for statement in statements)
    assert {
        statement["Sid"]: (as_list(statement["Action"]), as_list(statement["Resource"]))
        for statement in statements
    } == RIGHTS[role]


def as_list(value: Node) -> list[Node]:
    return value if isinstance(value, list) else [value]


def test_each_function_has_a_role_of_its_own_that_nothing_else_can_take() -> None:
    roles = get_resources("AWS::IAM::Role")
    functions = get_resources("AWS::Serverless::Function").values()
    assert [function["Properties"]["Role"] for function in functions] == [get_att(role) for role in RIGHTS]
    assert {*roles} == {*RIGHTS}
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for role in roles.values():
        assert {*role["Properties"]} == {"AssumeRolePolicyDocument", "Policies"}
        assert role["Properties"]["AssumeRolePolicyDocument"] == {
            "Version": "2012-10-17",
            "Statement": [trust],
        }


def test_nothing_is_allowed_everywhere_but_the_list_of_streams() -> None:
    statements = [
        (role, sid, action, json.dumps(resource))
        for role, rights in RIGHTS.items()
        for sid, (actions, resources) in rights.items()
        for action in actions
        for resource in resources
    ]
    assert not any("*" in action for _, _, action, _ in statements)
    assert [sid for _, sid, _, resource in statements if resource == '"*"'] == ["FindStreams"]
