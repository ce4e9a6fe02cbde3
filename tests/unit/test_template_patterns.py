"""The patterns of the template's parameters: values that each accepts, and values that it refuses."""

from __future__ import annotations

import re

import pytest

from tests.support.template import load

BUCKETS = (["", "images", "a-1", "a" * 63], ["Images", "a", "-ab", "ab-", "a.b", "a" * 64])
SECRETS = (
    ["", "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:links-a1B2c3"],
    ["links", "arn:aws:secretsmanager:eu-central-1:123456789012:links"],
)
TABLES = (["", "images-prod-ImagesTable-1AB.2_c"], ["ab", "a b", "x" * 256])
PATTERNS: dict[str, tuple[list[str], list[str]]] = {
    "OidcIssuer": (
        ["", "https://a.example", "https://a.example/", "https://a.example/pool/1"],
        ["http://a.example", "https://", "https://a.example?x=1", "https://a.example/#x"],
    ),
    "UserPoolDomain": (["", "a", "images-1", "a" * 63], ["-a", "a-", "A", "a.b", "a" * 64]),
    "AlarmEmail": (["", "ops@a.example"], ["ops", "a b@a.example", "ops@a"]),
    "UserClaim": (["sub", "cognito:username", "https://a.example/id"], ["", "a b", "x" * 101, "a#b"]),
    "AdminGroup": (["admin", "site:admins"], ["", "site admin", "a,b", "x" * 101]),
    "KeptUserPoolId": (["", "eu-central-1_aB3"], ["eu-central-1", "pool", "https://a_b"]),
    "BucketName": BUCKETS,
    "KeptBucketName": BUCKETS,
    "KeptImagesTableName": TABLES,
    "KeptItemsTableName": TABLES,
    "KeptImagesStreamArn": (
        ["", "arn:aws:dynamodb:eu-central-1:123456789012:table/images/stream/2026-11-27T10:11:12.123"],
        ["arn:aws:dynamodb:eu-central-1:123456789012:table/images", "images"],
    ),
    "LinkSecretArn": SECRETS,
    "WebhookSecretArn": SECRETS,
    "WebhookUrl": (
        [
            "",
            "https://a.example",
            "https://a.example:8443/hooks?team=1",
            "http://localhost:3002/hooks",
            "http://127.0.0.1",
        ],
        [
            "http://a.example",
            "http://localhost.a.example",
            "https://",
            "https://user@a.example",
            "https://a.example/#a",
            "https://a b",
            "ftp://a.example",
        ],
    ),
    "DomainName": (["", "images.example.org"], ["localhost", "Images.example.org", "-a.example.org"]),
    "CertificateArn": (["", "arn:aws:acm:eu-central-1:1:certificate/1"], ["arn:aws:iam::1:x"]),
    "CdnCertificateArn": (
        ["", "arn:aws:acm:us-east-1:123456789012:certificate/a-1"],
        ["arn:aws:acm:eu-central-1:123456789012:certificate/a-1", "a.example"],
    ),
    "CdnWebAclArn": (
        ["", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/images/a-1"],
        ["arn:aws:wafv2:us-east-1:123456789012:regional/webacl/images/a-1", "images"],
    ),
    "PublicUrl": (["", "https://a.example", "http://a.example/api"], ["https://a.example/", "a.example"]),
    "S3PublicUrl": (["", "http://localhost:4566"], ["http://localhost:4566/", "localhost"]),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_takes_good_values_and_no_others(name: str) -> None:
    pattern = load()["Parameters"][name]["AllowedPattern"]
    good, bad = PATTERNS[name]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def test_every_pattern_is_shown() -> None:
    parameters = load()["Parameters"].items()
    assert {name for name, parameter in parameters if "AllowedPattern" in parameter} == {*PATTERNS}
