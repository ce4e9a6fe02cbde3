"""Connects a kept bucket to a stack: its events, its lifecycle rules, its CORS rules and its versioning.

CloudFormation sets these only for a bucket that it makes. They are read from the template, where they stand
for such a bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.template import read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    type Json = Any

FROM_PARAMETER = {"Ref": "AllowedOrigins"}
OLD_VERSION_DAYS = {"Fn::If": ["KeepsVersions", {"Ref": "RecoveryDays"}, 1]}


def connect(client: Callable[[str], Any], outputs: Mapping[str, str]) -> str:
    """Write the configuration of the bucket, in place of what it has. Return the bucket's name.

    It may run again: the result is the same.
    """
    functions, s3, bucket = client("lambda"), client("s3"), outputs["BucketName"]
    processor = functions.get_function_configuration(FunctionName=outputs["ProcessorFunctionName"])
    api = functions.get_function_configuration(FunctionName=outputs["ApiFunctionName"])
    origins = api["Environment"]["Variables"]["ALLOWED_ORIGINS"].split(",")
    properties = read_template()["Resources"]["Bucket"]["Properties"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=make_notifications(properties, processor["FunctionArn"])
    )
    variant_days, recovery_days = int(outputs["VariantDays"]), int(outputs["RecoveryDays"])
    if recovery_days or "Status" in s3.get_bucket_versioning(Bucket=bucket):
        status = "Enabled" if recovery_days else "Suspended"
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
    lifecycle = make_lifecycle(properties, variant_days, recovery_days)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=make_cors(properties, origins))
    return bucket


def make_notifications(properties: Json, function_arn: str) -> Json:
    """Turn the notifications of the template into those of S3. All of them are for one function."""
    return {
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": function_arn,
                "Events": [each["Event"]],
                "Filter": {"Key": {"FilterRules": each["Filter"]["S3Key"]["Rules"]}},
            }
            for each in properties["NotificationConfiguration"]["LambdaConfigurations"]
        ]
    }


def make_lifecycle(properties: Json, variant_days: int, recovery_days: int) -> Json:
    """Turn the lifecycle rules of the template into those of S3."""
    days = {"VariantDays": variant_days, "OldVersions": recovery_days or 1}
    rules = properties["LifecycleConfiguration"]["Rules"]
    return {"Rules": [_make_lifecycle_rule(dict(rule), days) for rule in rules]}


def _make_lifecycle_rule(rule: Json, days: Mapping[str, int]) -> Json:
    made = {"ID": rule.pop("Id"), "Filter": {"Prefix": rule.pop("Prefix", "")}}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": _read_days(rule.pop("ExpirationInDays"), days)}
    if "ExpiredObjectDeleteMarker" in rule:
        made["Expiration"] = {"ExpiredObjectDeleteMarker": rule.pop("ExpiredObjectDeleteMarker")}
    if old := rule.pop("NoncurrentVersionExpiration", None):
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": _read_days(old["NoncurrentDays"], days)}
    return made | rule


def _read_days(value: Json, days: Mapping[str, int]) -> int:
    if value == {"Ref": "VariantDays"}:
        return days["VariantDays"]
    return days["OldVersions"] if value == OLD_VERSION_DAYS else int(value)


def make_cors(properties: Json, allowed_origins: Sequence[str]) -> Json:
    """Turn the CORS rules of the template into those of S3."""
    rules = properties["CorsConfiguration"]["CorsRules"]
    return {"CORSRules": [_make_cors_rule(dict(rule), allowed_origins) for rule in rules]}


def _make_cors_rule(rule: Json, allowed_origins: Sequence[str]) -> Json:
    origins = rule.pop("AllowedOrigins")
    return {
        "AllowedOrigins": [*allowed_origins] if origins == FROM_PARAMETER else origins,
        "ExposeHeaders": rule.pop("ExposedHeaders"),
        "MaxAgeSeconds": rule.pop("MaxAge"),
    } | rule
