"""Claims about the protection of data, as AWS says it has set it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.verification.claims import Claim
from operations.verification.verdicts import Skipped, require, require_equal

if TYPE_CHECKING:
    from operations.verification.deployment import Deployment

OBSTACLE = "the emulated AWS ignores this part of the template"
TABLES = {"ImagesTableName": "KeptImagesTableName", "ItemsTableName": "KeptItemsTableName"}
"""The outputs of the tables that the stack makes unless a parameter names a kept one."""
LOG_GROUPS = ("api", "processor", "changes")
EXPIRY_ATTRIBUTE = "expires_at"


def _list_own_tables(deployment: Deployment) -> list[str]:
    """Return the tables of data that the stack has made itself. Raises Skipped if there is none."""
    names = [deployment.outputs[name] for name, kept in TABLES.items() if not deployment.parameters[kept]]
    if not names:
        raise Skipped("all tables are kept ones, which the stack does not set up")
    return names


def _require_own_bucket(deployment: Deployment) -> str:
    if deployment.parameters["KeptBucketName"]:
        raise Skipped("the bucket is a kept one, which the stack does not set up")
    return deployment.outputs["BucketName"]


def _describe_table(deployment: Deployment, name: str) -> Any:  # noqa: ANN401 - JSON
    return deployment.client("dynamodb").describe_table(TableName=name)["Table"]


def show_expiry(deployment: Deployment) -> str:
    names = [*(deployment.outputs[name] for name in TABLES), deployment.outputs["IdempotencyTableName"]]
    for name in names:
        found = deployment.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        state = (found["TimeToLiveStatus"], found.get("AttributeName"))
        require_equal(state, ("ENABLED", EXPIRY_ATTRIBUTE), f"expiry of {name}")
    return f"{len(names)} tables"


def show_backups(deployment: Deployment) -> str:
    names = _list_own_tables(deployment)
    for name in names:
        found = deployment.client("dynamodb").describe_continuous_backups(TableName=name)
        recovery = found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        require_equal(recovery["PointInTimeRecoveryStatus"], "ENABLED", f"recovery of {name}")
    return f"{len(names)} tables"


def show_encryption(deployment: Deployment) -> str:
    for name in [*_list_own_tables(deployment), deployment.outputs["IdempotencyTableName"]]:
        found = _describe_table(deployment, name).get("SSEDescription", {})
        require_equal(
            (found.get("Status"), found.get("SSEType")), ("ENABLED", "KMS"), f"encryption of {name}"
        )
    bucket = _require_own_bucket(deployment)
    rules = deployment.client("s3").get_bucket_encryption(Bucket=bucket)
    for rule in rules["ServerSideEncryptionConfiguration"]["Rules"]:
        found = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        require_equal(found, "AES256", "encryption of the bucket")
    require_equal(deployment.read_queue().get("SqsManagedSseEnabled"), "true", "encryption of the queue")
    return "tables, bucket and queue"


def show_no_public_access(deployment: Deployment) -> str:
    s3, bucket = deployment.client("s3"), _require_own_bucket(deployment)
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"):
        require(block.get(name), f"{name} is off")
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    owners = [rule["ObjectOwnership"] for rule in rules]
    require_equal(owners, ["BucketOwnerEnforced"], "list of owners")
    return "all four blocks, no ACLs"


def show_deletion_protection(deployment: Deployment) -> str:
    wanted = deployment.parameters["DeletionProtection"] == "enabled"
    for name in _list_own_tables(deployment):
        found = _describe_table(deployment, name).get("DeletionProtectionEnabled", False)
        require_equal(found, wanted, f"protection of {name}")
    has_own_pool = deployment.parameters["UserPool"] == "own" and not deployment.parameters["KeptUserPoolId"]
    if has_own_pool:
        pool = deployment.client("cognito-idp").describe_user_pool(
            UserPoolId=deployment.outputs["UserPoolId"]
        )["UserPool"]
        require_equal(
            pool.get("DeletionProtection"), "ACTIVE" if wanted else "INACTIVE", "protection of the user pool"
        )
    return "on" if wanted else "off, as DeletionProtection says"


def show_log_retention(deployment: Deployment) -> str:
    days = int(deployment.parameters["LogRetentionDays"])
    prefix = f"/aws/lambda/{deployment.stack_name}/"
    groups = deployment.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    found = {group["logGroupName"].removeprefix(prefix): group.get("retentionInDays") for group in groups}
    require_equal(found, dict.fromkeys(LOG_GROUPS, days), "days of the log groups")
    return f"{days} days"


def show_log_lines(deployment: Deployment) -> str:
    deployment.web.get(str(deployment.api.base_url).rstrip("/") + "/health")
    since = int(1000 * (deployment.clock() - 3600))
    logs, group = deployment.client("logs"), f"/aws/lambda/{deployment.stack_name}/api"
    events = deployment.await_value(
        lambda: logs.filter_log_events(logGroupName=group, startTime=since)["events"] or None,
        60,
        "no line in the log of the API",
    )
    require(any('"responded"' in event["message"] for event in events), "no line says that it responded")
    return "lines of the API arrive"


CLAIMS = (
    Claim(
        "expiry",
        "Rows end by `expires_at` in all tables.",
        show_expiry,
        obstacle=OBSTACLE,
        needs_caller=False,
    ),
    Claim(
        "backups",
        "The tables of images and items can be restored to any second.",
        show_backups,
        obstacle=OBSTACLE,
        needs_caller=False,
    ),
    Claim(
        "encryption",
        "Tables, bucket and queue are encrypted.",
        show_encryption,
        obstacle=OBSTACLE,
        needs_caller=False,
    ),
    Claim(
        "no-public-access",
        "The bucket blocks public access and has no ACLs.",
        show_no_public_access,
        needs_caller=False,
    ),
    Claim(
        "deletion-protection",
        "Tables and user pool are protected as `DeletionProtection` says.",
        show_deletion_protection,
        obstacle=OBSTACLE,
        needs_caller=False,
    ),
    Claim(
        "log-retention",
        "Logs are kept for `LogRetentionDays`.",
        show_log_retention,
        needs_caller=False,
    ),
    Claim("log-lines", "The API's log lines arrive in its group.", show_log_lines, needs_caller=False),
)
