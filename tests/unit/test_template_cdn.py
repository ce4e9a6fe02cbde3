"""The CDN of the template: what its key has, what it keeps, what it tells the API, and how it forgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.access.callers import USER_ID_HEADER
from app.access.cdn import ORIGIN_SECRET_HEADER, VIEWER_ADDRESS_HEADER
from tests.support.template import Node, get_att, get_properties, ref, sub

if TYPE_CHECKING:
    from collections.abc import Mapping

CDN = {"Cdn": "enabled"}
DOMAIN = CDN | {"DomainName": "a.example", "CdnCertificateArn": "arn:aws:acm:us-east-1:1:certificate/a"}
KEPT_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
"""The errors that CloudFront keeps for 10 seconds by itself (Developer Guide, "HTTP 4xx and 5xx")."""
NAME = sub("${AWS::StackName}-${AWS::Region}")


def get_distribution(**parameters: object) -> Node:
    return get_properties("Distribution", **(CDN | parameters))["DistributionConfig"]


def test_distribution_speaks_the_newest_protocols_and_has_no_other_settings() -> None:
    distribution = get_distribution()
    parts = {"ViewerCertificate", "Origins", "DefaultCacheBehavior", "CustomErrorResponses"}
    assert {name: value for name, value in distribution.items() if name not in parts} == {
        "Comment": ref("AWS::StackName"),
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_All",
    }
    assert parts < distribution.keys()


@pytest.mark.parametrize(
    ("parameters", "name", "value"),
    [
        ({"CdnPriceClass": "PriceClass_100"}, "PriceClass", "PriceClass_100"),
        ({"CdnWebAclArn": "arn:acl"}, "WebACLId", "arn:acl"),
        (DOMAIN, "Aliases", ["a.example"]),
        ({}, "ViewerCertificate", {"CloudFrontDefaultCertificate": True}),
        (
            DOMAIN,
            "ViewerCertificate",
            {
                "AcmCertificateArn": DOMAIN["CdnCertificateArn"],
                "MinimumProtocolVersion": "TLSv1.2_2021",
                "SslSupportMethod": "sni-only",
            },
        ),
    ],
)
def test_parameter_reaches_the_distribution(parameters: Mapping[str, str], name: str, value: Node) -> None:
    assert get_distribution(**parameters)[name] == value


def test_origin_is_the_stage_of_the_api_over_tls_and_gets_the_secret() -> None:
    (origin,) = get_distribution()["Origins"]
    assert origin == {
        "Id": "api",
        "DomainName": sub("${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
        "OriginPath": sub("/${Api.Stage}"),
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": 30,
        },
        "OriginCustomHeaders": [
            {
                "HeaderName": ORIGIN_SECRET_HEADER,
                "HeaderValue": sub("{{resolve:secretsmanager:${OriginSecret.Id}:SecretString}}"),
            }
        ],
    }
    assert origin["CustomOriginConfig"]["OriginReadTimeout"] > get_properties("ApiFunction")["Timeout"]


def test_origin_of_the_local_stack_is_the_port_of_its_api() -> None:
    (origin,) = get_distribution(Environment="local", LocalPort=4900)["Origins"]
    assert (origin["DomainName"], origin["OriginPath"]) == ("localhost", "")
    assert origin["CustomOriginConfig"]["HTTPPort"] == 4900
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "http-only"


def test_one_behaviour_takes_every_method_and_sends_browsers_to_https() -> None:
    assert get_distribution()["DefaultCacheBehavior"] == {
        "TargetOriginId": "api",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": True,
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": ref("CdnCachePolicy"),
        "OriginRequestPolicyId": ref("CdnOriginRequestPolicy"),
        "ResponseHeadersPolicyId": ref("CdnResponseHeadersPolicy"),
        "FunctionAssociations": [
            {
                "EventType": "viewer-request",
                "FunctionARN": get_att("CdnRequestFunction", "FunctionMetadata.FunctionARN"),
            }
        ],
    }


def test_no_error_is_kept() -> None:
    assert get_distribution()["CustomErrorResponses"] == [
        {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in KEPT_ERRORS
    ]


def test_key_has_all_that_names_a_caller_and_only_the_api_says_what_is_kept() -> None:
    policy = get_properties("CdnCachePolicy")["CachePolicyConfig"]
    assert policy == {
        "Name": NAME,
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": 86_400,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingBrotli": True,
            "EnableAcceptEncodingGzip": True,
            "CookiesConfig": {"CookieBehavior": "none"},
            "HeadersConfig": {
                "HeaderBehavior": "whitelist",
                "Headers": ["Accept", "Authorization", "Origin", USER_ID_HEADER],
            },
            # with `signature`, `expires` and `v`
            "QueryStringsConfig": {"QueryStringBehavior": "all"},
        },
    }


def test_api_gets_every_header_but_the_name_of_the_cdn() -> None:
    assert get_properties("CdnOriginRequestPolicy")["OriginRequestPolicyConfig"] == {
        "Name": NAME,
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": {"HeaderBehavior": "allExcept", "Headers": ["Host"]},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
    }


def test_every_response_has_the_headers_of_security() -> None:
    assert get_properties("CdnResponseHeadersPolicy")["ResponseHeadersPolicyConfig"] == {
        "Name": NAME,
        "SecurityHeadersConfig": {
            "ContentTypeOptions": {"Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": "strict-origin-when-cross-origin", "Override": False},
            "StrictTransportSecurity": {"AccessControlMaxAgeSec": 31_536_000, "Override": True},
        },
    }


def test_origin_secret_is_made_by_aws_and_long() -> None:
    secret = get_properties("OriginSecret")["GenerateSecretString"]
    assert secret == {"PasswordLength": 64, "ExcludePunctuation": True}


def test_api_reads_the_url_of_the_cdn_by_a_name_that_refers_to_nothing() -> None:
    parameter = get_properties("CdnUrl")
    assert parameter["Name"] == sub("/${AWS::StackName}/cdn-url")
    assert parameter["Value"] == sub("https://${Distribution.DomainName}")
    assert get_properties("CdnUrl", **DOMAIN)["Value"] == sub("https://${DomainName}")
    variables = get_properties("ApiFunction", **CDN)["Environment"]["Variables"]
    assert variables["CDN_URL_PARAMETER"] == parameter["Name"]
    assert "Distribution" not in str(variables)


def test_function_of_the_cdn_is_published_and_sets_the_header_that_the_api_reads() -> None:
    function = get_properties("CdnRequestFunction")
    assert function["AutoPublish"] is True
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert len(function["FunctionCode"].encode()) < 10_000
    assert f"request.headers['{VIEWER_ADDRESS_HEADER.lower()}']" in function["FunctionCode"]
    assert re.search(r"/images/", function["FunctionCode"].replace("\\", ""))


def test_images_are_forgotten_at_a_pace_and_for_as_long_as_there_can_be_copies() -> None:
    queue = get_properties("InvalidationQueue")
    policy = get_properties("CdnCachePolicy")["CachePolicyConfig"]
    function = get_properties("InvalidationFunction")
    (source,) = function["Events"].values()
    assert queue["MessageRetentionPeriod"] == policy["MaxTTL"]
    assert source == {
        "Type": "SQS",
        "Properties": {
            "Queue": get_att("InvalidationQueue"),
            "BatchSize": 1000,
            "MaximumBatchingWindowInSeconds": 60,
            "ScalingConfig": {"MaximumConcurrency": 2},
        },
    }
    assert queue["VisibilityTimeout"] >= 60 + 6 * function["Timeout"]
