"""The template's rules, which refuse parameters that cannot work together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.template import load, passes

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER = {"OidcIssuer": "https://a.example"}
CDN = {"Cdn": "enabled"}
TABLE, STREAM = {"KeptImagesTableName": "images"}, {"KeptImagesStreamArn": "arn"}
RULES: list[tuple[str, Mapping[str, str], bool]] = [
    ("DomainNeedsCertificate", {}, True),
    ("DomainNeedsCertificate", {"DomainName": "a.example"}, False),
    ("DomainNeedsCertificate", {"DomainName": "a.example", "Environment": "local"}, True),
    ("DomainNeedsCertificate", {"DomainName": "a.example", "CertificateArn": "arn:aws:acm:x"}, True),
    ("DomainNeedsCertificate", CDN | {"DomainName": "a.example"}, True),
    ("CdnDomainNeedsCertificate", CDN, True),
    ("CdnDomainNeedsCertificate", CDN | {"DomainName": "a.example"}, False),
    ("CdnDomainNeedsCertificate", CDN | {"DomainName": "a.example", "CertificateArn": "arn"}, False),
    ("CdnDomainNeedsCertificate", CDN | {"DomainName": "a.example", "CdnCertificateArn": "arn"}, True),
    ("CdnDomainNeedsCertificate", CDN | {"DomainName": "a.example", "Environment": "local"}, True),
    ("InvalidationNeedsCdn", {}, True),
    ("InvalidationNeedsCdn", {"CdnInvalidation": "enabled"}, False),
    ("InvalidationNeedsCdn", CDN | {"CdnInvalidation": "enabled"}, True),
    ("CdnCountsAddresses", {"AddressRateLimit": "100"}, True),
    ("CdnCountsAddresses", CDN, True),
    ("CdnCountsAddresses", CDN | {"AddressRateLimit": "100"}, False),
    ("WebhookNeedsEventBus", {}, True),
    ("WebhookNeedsEventBus", {"EventBus": "own"}, True),
    ("WebhookNeedsEventBus", {"WebhookUrl": "https://a.example"}, False),
    ("WebhookNeedsEventBus", {"WebhookUrl": "https://a.example", "EventBus": "own"}, True),
    ("IssuerNeedsAudience", {}, True),
    ("IssuerNeedsAudience", ISSUER, False),
    ("IssuerNeedsAudience", ISSUER | {"OidcAudience": "a"}, True),
    ("TokensNeedAnIssuer", {}, True),
    ("TokensNeedAnIssuer", {"UserPool": "none"}, False),
    ("TokensNeedAnIssuer", {"UserPool": "none", "KeptUserPoolId": "a_b"}, True),
    ("TokensNeedAnIssuer", {"UserPool": "none", "AuthMode": "open"}, True),
    ("TokensNeedAnIssuer", ISSUER | {"UserPool": "none"}, True),
    ("MfaIsOfTheOwnPool", {}, True),
    ("MfaIsOfTheOwnPool", {"UserPoolMfa": "ON"}, True),
    ("MfaIsOfTheOwnPool", {"UserPoolMfa": "OPTIONAL"}, True),
    ("MfaIsOfTheOwnPool", {"UserPoolMfa": "ON", "UserPool": "none"}, False),
    ("MfaIsOfTheOwnPool", {"UserPoolMfa": "OPTIONAL", "KeptUserPoolId": "a_b"}, False),
    ("MfaIsOfTheOwnPool", {"UserPoolMfa": "OFF", "KeptUserPoolId": "a_b"}, True),
    ("ProductionIsNotOpen", {"AuthMode": "open"}, True),
    ("ProductionIsNotOpen", {"Environment": "prod"}, True),
    ("ProductionIsNotOpen", {"Environment": "prod", "AuthMode": "open"}, False),
    ("ImagesTableHasItsStream", {}, True),
    ("ImagesTableHasItsStream", TABLE, False),
    ("ImagesTableHasItsStream", STREAM, False),
    ("ImagesTableHasItsStream", TABLE | STREAM, True),
    ("BucketIsMadeOrKept", {}, True),
    ("BucketIsMadeOrKept", {"BucketName": "new"}, True),
    ("BucketIsMadeOrKept", {"KeptBucketName": "old"}, True),
    ("BucketIsMadeOrKept", {"BucketName": "new", "KeptBucketName": "old"}, False),
    ("AddressRateLimitIsZeroOrLarge", {}, True),
    ("CanaryNeedsAws", {"Deployment": "canary"}, True),
    ("CanaryNeedsAws", {"Environment": "local"}, True),
    ("CanaryNeedsAws", {"Deployment": "canary", "Environment": "local"}, False),
    ("BudgetNeedsAddress", {}, True),
    ("BudgetNeedsAddress", {"MonthlyBudget": "50"}, False),
    ("BudgetNeedsAddress", {"MonthlyBudget": "50", "AlarmEmail": "ops@a.example"}, True),
    ("DashboardNeedsMetrics", {"Dashboard": "enabled"}, True),
    ("DashboardNeedsMetrics", {"Dashboard": "enabled", "Metrics": "disabled"}, False),
    ("DashboardNeedsMetrics", {"Metrics": "disabled"}, True),
    ("AddressRateLimitIsZeroOrLarge", {"AddressRateLimit": "1"}, False),
    ("AddressRateLimitIsZeroOrLarge", {"AddressRateLimit": "9"}, False),
    ("AddressRateLimitIsZeroOrLarge", {"AddressRateLimit": "10"}, True),
]


@pytest.mark.parametrize(("rule", "parameters", "is_taken"), RULES)
def test_rule_refuses_what_cannot_work(rule: str, parameters: Mapping[str, str], is_taken: bool) -> None:
    assert passes(load()["Rules"][rule], **parameters) is is_taken


def test_every_rule_is_shown_to_take_and_to_refuse() -> None:
    shown = {(rule, is_taken) for rule, _, is_taken in RULES}
    assert shown == {(rule, is_taken) for rule in load()["Rules"] for is_taken in (True, False)}


def test_every_rule_has_one_assertion_that_says_what_is_wrong() -> None:
    for rule in load()["Rules"].values():
        (assertion,) = rule["Assertions"]
        assert assertion.keys() == {"Assert", "AssertDescription"}
        assert len(assertion["AssertDescription"].split()) > 5
