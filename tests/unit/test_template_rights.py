"""The rights that the template gives to each function: these actions, these resources, and no others."""

from __future__ import annotations

import json

import pytest

from processor.publishing import SOURCE
from shared.keys import FILES_PREFIX, ORIGINALS_PREFIX, RENDITIONS_PREFIX, UPLOADS_PREFIX, VARIANTS_PREFIX
from shared.tombstones import TOMBSTONES_PREFIX
from tests.support.template import Node, get_att, get_properties, get_resources, ref, sub

BUCKET_ARN = "arn:${AWS::Partition}:s3:::${BucketNameParameter.Value}"
PARAMETER_ARN = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${AWS::StackName}"
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
STREAM = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
COUNTING = ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]

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
        "KeepUploads": (["s3:GetObject", "s3:PutObject"], [sub(f"{BUCKET_ARN}/{UPLOADS_PREFIX}*")]),
        "KeepOriginals": (
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            [sub(f"{BUCKET_ARN}/{ORIGINALS_PREFIX}*")],
        ),
        "ReadPageClient": (["ssm:GetParameter"], [sub(f"{PARAMETER_ARN}/page-client")]),
        "ShowRenditions": (["s3:GetObject"], [sub(f"{BUCKET_ARN}/{RENDITIONS_PREFIX}*")]),
        "KeepVariants": (
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            [sub(f"{BUCKET_ARN}/{VARIANTS_PREFIX}*")],
        ),
        "KeepFiles": (["s3:PutObject", "s3:DeleteObject"], [sub(f"{BUCKET_ARN}/files/*")]),
        "BeginErasures": (["s3:PutObject"], [sub(f"{BUCKET_ARN}/{TOMBSTONES_PREFIX}*")]),
        "TellMissingFromForbidden": (["s3:ListBucket"], [sub(BUCKET_ARN)]),
        "SignLinks": (["secretsmanager:GetSecretValue"], [get_att("LinkSecret", "Id")]),
    },
    "SignerRole": {
        "SignReading": (
            ["s3:GetObject"],
            [sub(f"{BUCKET_ARN}/{prefix}*") for prefix in (ORIGINALS_PREFIX, FILES_PREFIX)],
        ),
        "SignUploads": (["s3:PutObject"], [sub(f"{BUCKET_ARN}/{UPLOADS_PREFIX}*")]),
        "TellMissingFromForbidden": (["s3:ListBucket"], [sub(BUCKET_ARN)]),
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
        "DeleteLostFiles": (
            ["s3:GetObject", "s3:DeleteObject"],
            [sub(f"{BUCKET_ARN}/{FILES_PREFIX}*")],
        ),
        "WriteRenditions": (
            ["s3:PutObject", "s3:DeleteObject"],
            [sub(f"{BUCKET_ARN}/{RENDITIONS_PREFIX}*")],
        ),
        "DeleteVariants": (["s3:DeleteObject"], [sub(f"{BUCKET_ARN}/{VARIANTS_PREFIX}*")]),
        "ListObjects": (["s3:ListBucket"], [sub(BUCKET_ARN)]),
        "ReportFailures": (["sqs:SendMessage"], [get_att("FailureQueue")]),
    },
    "ChangesRole": {
        "WriteLogs": (LOGS, [get_att("ChangesLogGroup")]),
        "FollowRecords": (STREAM, [get_att("ImagesTable", "StreamArn")]),
        "FindStreams": (["dynamodb:ListStreams"], ["*"]),  # knows no resource
        "GiveBackAndCountTags": (COUNTING, [get_att("ImagesTable")]),
        "EraseRecords": (
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:DeleteItem"],
            [get_att("ImagesTable"), get_att("ItemsTable")],
        ),
        "RenewTombstones": (["s3:PutObject"], [sub(f"{BUCKET_ARN}/{TOMBSTONES_PREFIX}*")]),
        "FindVariants": (["s3:ListBucket"], [sub(BUCKET_ARN)]),
        "DeleteObjects": (
            ["s3:DeleteObject"],
            [
                sub(f"{BUCKET_ARN}/{prefix}*")
                for prefix in (
                    UPLOADS_PREFIX,
                    ORIGINALS_PREFIX,
                    RENDITIONS_PREFIX,
                    VARIANTS_PREFIX,
                    FILES_PREFIX,
                )
            ],
        ),
        "ReportFailures": (["sqs:SendMessage"], [get_att("FailureQueue")]),
    },
    "WebhookRole": {
        "WriteLogs": (LOGS, [get_att("WebhookLogGroup")]),
        "ReceiveEvents": (
            [
                f"sqs:{name}"
                for name in (
                    "ReceiveMessage",
                    "DeleteMessage",
                    "ChangeMessageVisibility",
                    "GetQueueAttributes",
                )
            ],
            [get_att("WebhookQueue")],
        ),
        "GiveUp": (["sqs:SendMessage"], [get_att("WebhookFailureQueue")]),
        "SignWebhooks": (["secretsmanager:GetSecretValue"], [get_att("WebhookSecret", "Id")]),
    },
    "InvalidationRole": {
        "WriteLogs": (LOGS, [get_att("InvalidationLogGroup")]),
        "ReceiveImages": (
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            [get_att("InvalidationQueue")],
        ),
        "RemoveImages": (
            ["cloudfront:CreateInvalidation"],
            [sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")],
        ),
    },
}

CONDITIONS = {"ChangesRole": {"FindVariants": {"StringLike": {"s3:prefix": f"{VARIANTS_PREFIX}*"}}}}


@pytest.mark.parametrize("role", RIGHTS)
def test_role_has_exactly_the_rights_that_its_function_needs(role: str) -> None:
    (policy,) = get_properties(role)["Policies"]
    assert policy["PolicyName"] == role.removesuffix("Role").lower()
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"
    statements = policy["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    usual = {"Sid", "Effect", "Action", "Resource"}
    assert all(set(statement) - {"Condition"} == usual for statement in statements)
    conditions = {each["Sid"]: each["Condition"] for each in statements if "Condition" in each}
    assert conditions == CONDITIONS.get(role, {})
    assert {
        statement["Sid"]: (as_list(statement["Action"]), as_list(statement["Resource"]))
        for statement in statements
    } == RIGHTS[role]


def as_list(value: Node) -> list[Node]:
    return value if isinstance(value, list) else [value]


def test_each_function_has_a_role_of_its_own_that_nothing_else_can_take() -> None:
    roles = get_resources("AWS::IAM::Role")
    functions = get_resources("AWS::Serverless::Function").values()
    own = [role for role in RIGHTS if role != "SignerRole"]
    assert [function["Properties"]["Role"] for function in functions] == [get_att(role) for role in own]
    assert {*roles} == {*RIGHTS}
    for role in own:
        assert {*roles[role]["Properties"]} == {"AssumeRolePolicyDocument", "Policies"}
        trust = roles[role]["Properties"]["AssumeRolePolicyDocument"]
        assert trust == trust_only({"Service": "lambda.amazonaws.com"})


def trust_only(principal: Node) -> Node:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_the_api_alone_signs_as_the_signer_and_for_an_hour_at_most() -> None:
    signer = get_properties("SignerRole")
    assert signer["AssumeRolePolicyDocument"] == trust_only({"AWS": get_att("ApiRole")})
    assert signer["MaxSessionDuration"] == 3600  # the most that AWS gives to a role that takes a role
    assert get_properties("SignerUse") == {
        "PolicyName": "signing",
        "Roles": [ref("ApiRole")],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "BecomeSigner",
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Resource": get_att("SignerRole"),
                }
            ],
        },
    }
    variables = get_properties("ApiFunction")["Environment"]["Variables"]
    assert variables["SIGNER_ROLE"] == get_att("SignerRole")


def test_rights_follow_the_data_that_are_kept() -> None:
    kept = {
        "KeptImagesTableName": "images",
        "KeptImagesStreamArn": "stream",
        "KeptItemsTableName": "items",
        "LinkSecretArn": "secret",
    }
    table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"
    images, items = sub(f"{table}${{KeptImagesTableName}}"), sub(f"{table}${{KeptItemsTableName}}")
    rights = {
        (role, statement["Sid"]): statement["Resource"]
        for role in RIGHTS
        for statement in get_properties(role, **kept)["Policies"][0]["PolicyDocument"]["Statement"]
    }
    assert rights["ApiRole", "KeepRecords"] == rights["ChangesRole", "EraseRecords"] == [images, items]
    assert rights["ApiRole", "SignLinks"] == "secret"
    for place in (
        ("ApiRole", "CountImages"),
        ("ProcessorRole", "KeepRecords"),
        ("ChangesRole", "GiveBackAndCountTags"),
    ):
        assert rights[place] == images
    assert rights["ChangesRole", "FollowRecords"] == sub(f"{table}${{KeptImagesTableName}}/stream/*")


def test_rights_for_the_cdn_come_with_it() -> None:
    cdn = {"Cdn": "enabled", "CdnInvalidation": "enabled"}
    rights = {
        role: {
            statement["Sid"]: (as_list(statement["Action"]), as_list(statement["Resource"]))
            for statement in get_properties(role, **cdn)["Policies"][0]["PolicyDocument"]["Statement"]
        }
        for role in RIGHTS
    }
    assert rights["ApiRole"] == RIGHTS["ApiRole"] | {
        "ReadOriginSecret": (["secretsmanager:GetSecretValue"], [get_att("OriginSecret", "Id")]),
        "ReadCdnUrl": (["ssm:GetParameter"], [sub(f"{PARAMETER_ARN}/cdn-url")]),
    }
    assert rights["ChangesRole"] == RIGHTS["ChangesRole"] | {
        "ReportFailures": (["sqs:SendMessage"], [get_att("FailureQueue"), get_att("InvalidationQueue")])
    }


def test_bucket_with_versions_gives_the_rights_to_purge_them() -> None:
    (policy,) = get_properties("ChangesRole", RecoveryDays=7)["Policies"]
    rights = {
        statement["Sid"]: (as_list(statement["Action"]), as_list(statement["Resource"]))
        for statement in policy["PolicyDocument"]["Statement"]
    }
    assert rights == RIGHTS["ChangesRole"] | {
        "FindVersions": (["s3:ListBucketVersions"], [sub(BUCKET_ARN)]),
        "DeleteVersions": (["s3:DeleteObjectVersion"], RIGHTS["ChangesRole"]["DeleteObjects"][1]),
    }


@pytest.mark.parametrize(
    ("bus", "resource"),
    [
        ("own", get_att("OwnEventBus")),
        (
            "default",
            sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"),
        ),
    ],
)
def test_right_to_publish_is_for_one_bus_and_one_source(bus: str, resource: Node) -> None:
    (policy,) = get_properties("ChangesRole", EventBus=bus)["Policies"]
    (added,) = [
        each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] not in RIGHTS["ChangesRole"]
    ]
    assert added == {
        "Sid": "PublishEvents",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": resource,
        "Condition": {"ForAllValues:StringEquals": {"events:source": SOURCE}},
    }


@pytest.mark.parametrize(
    "parameters",
    [{"AuthMode": "open"}, {"WebPage": "disabled"}, {"OidcIssuer": "https://a.example", "OidcAudience": "a"}],
)
def test_right_to_read_the_client_of_the_page_comes_with_it(parameters: dict[str, str]) -> None:
    (policy,) = get_properties("ApiRole", **parameters)["Policies"]
    given = {statement["Sid"] for statement in policy["PolicyDocument"]["Statement"]}
    assert given == RIGHTS["ApiRole"].keys() - {"ReadPageClient"}


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
