"""The API of the template: the requests that API Gateway passes on, and its own responses."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from app.access.callers import WRITING_METHODS
from app.responses.errors import MethodNotAllowed, respond_with_error
from shared.errors import (
    DomainError,
    Forbidden,
    MalformedRequest,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from shared.metrics import Metrics
from tests.support.template import get_att, get_properties, ref, sub

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
REQUEST_ID = "$context.requestId"


def refuse_method() -> DomainError:
    error = MethodNotAllowed([])
    error.detail = "No path takes this method."
    return error


LARGE = (
    "The request is too large for Lambda, which takes 6 MB, or for API Gateway, which takes 10 MB. "
    "For larger images use POST /images/uploads."
)
UNREADABLE = MalformedRequest("API Gateway cannot read this request.")
BLOCKED = Forbidden("API Gateway does not let this request through.")
# Responses that the function could give, too.
GATEWAY_RESPONSES: dict[str, tuple[int, DomainError]] = {
    "MISSING_AUTHENTICATION_TOKEN": (405, refuse_method()),
    "REQUEST_TOO_LARGE": (413, TooLarge(LARGE)),
    "RESOURCE_NOT_FOUND": (404, NotFound()),
    "UNSUPPORTED_MEDIA_TYPE": (415, UnsupportedMediaType("API Gateway does not pass on this Content-Type.")),
    "ACCESS_DENIED": (403, BLOCKED),
    "INVALID_SIGNATURE": (403, BLOCKED),
    "EXPIRED_TOKEN": (403, BLOCKED),
    "BAD_REQUEST_BODY": (400, UNREADABLE),
    "BAD_REQUEST_PARAMETERS": (400, UNREADABLE),
    "DEFAULT_4XX": (400, UNREADABLE),
    "INTEGRATION_TIMEOUT": (503, Unavailable()),
    "INTEGRATION_FAILURE": (503, Unavailable()),
    "API_CONFIGURATION_ERROR": (503, Unavailable()),
    "DEFAULT_5XX": (503, Unavailable()),
}
# Responses that only API Gateway gives: the detail, and the seconds after which to try again.
LIMITS = {
    "THROTTLED": ("Too many requests at the moment. Try again in a moment.", "2"),
    "WAF_FILTERED": ("Too many requests from this address. Try again in a few minutes.", "60"),
}
ALL_METHODS = ", ".join(sorted(METHODS))


def get_gateway_response(name: str) -> tuple[str, dict[str, str], Any]:
    """Status, headers and body."""
    response = get_properties("Api")["GatewayResponses"][name]
    headers = response["ResponseParameters"]["Headers"]
    assert all(value[0] == value[-1] == "'" for value in headers.values())  # API Gateway's mark of a text
    (template,) = response["ResponseTemplates"].items()
    assert template[0] == "application/json"
    return (
        response["StatusCode"],
        {header: value[1:-1] for header, value in headers.items()},
        json.loads(template[1]),
    )


@pytest.mark.parametrize("name", GATEWAY_RESPONSES)
def test_gateway_responds_as_the_app_would(name: str) -> None:
    expected_status, error = GATEWAY_RESPONSES[name]
    status, headers, body = get_gateway_response(name)
    assert status == str(expected_status)
    app = respond_with_error(error, REQUEST_ID, Metrics())
    assert body == json.loads(app.body or "")
    assert headers["Content-Type"] == app.headers["Content-Type"]
    assert headers.get("Retry-After") == app.headers.get("Retry-After")
    assert headers.get("Allow") == (ALL_METHODS if name == "MISSING_AUTHENTICATION_TOKEN" else None)


@pytest.mark.parametrize("name", LIMITS)
def test_gateway_tells_a_client_that_asks_too_often_when_to_come_back(name: str) -> None:
    detail, seconds = LIMITS[name]
    status, headers, body = get_gateway_response(name)
    assert (status, headers["Retry-After"]) == ("429", seconds)
    assert body == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": detail,
        "code": "too_many_requests",
        "requestId": REQUEST_ID,
        "errors": [],
    }


def test_gateway_has_no_other_responses() -> None:
    assert get_properties("Api")["GatewayResponses"].keys() == GATEWAY_RESPONSES.keys() | LIMITS.keys()


@pytest.mark.parametrize("name", [*GATEWAY_RESPONSES, *LIMITS])
def test_every_response_is_a_problem_that_pages_may_read_and_nothing_else(name: str) -> None:
    status, headers, _ = get_gateway_response(name)
    assert headers.pop("Content-Type") == "application/problem+json"
    assert headers.pop("X-Content-Type-Options") == "nosniff"
    assert headers.pop("Access-Control-Allow-Origin") == "*"
    assert ("Retry-After" in headers) == (status in {"429", "503"})
    assert headers.keys() <= {"Retry-After", "Allow"}


def test_every_method_of_every_path_reaches_the_function() -> None:
    events = get_properties("ApiFunction")["Events"].values()
    assert {event["Type"] for event in events} == {"Api"}
    assert all(event["Properties"]["RestApiId"] == ref("Api") for event in events)
    routes = [(event["Properties"]["Path"], event["Properties"]["Method"]) for event in events]
    assert sorted(routes) == sorted(product(["/", "/{proxy+}"], METHODS))
    assert {*METHODS} >= WRITING_METHODS


def test_bytes_pass_the_gateway_whatever_a_client_accepts() -> None:
    assert get_properties("Api")["BinaryMediaTypes"] == ["*/*"]


@pytest.mark.parametrize(
    ("parameters", "all_methods", "posts"),
    [
        ({}, (500, 1000), (100, 200)),
        ({"ThrottlingRateLimit": 7, "ThrottlingBurstLimit": 8}, (7, 8), (100, 200)),
        ({"PostRateLimit": 5, "PostBurstLimit": 6}, (500, 1000), (5, 6)),
    ],
)
def test_requests_and_posts_have_their_own_throttles(
    parameters: dict[str, int], all_methods: tuple[int, int], posts: tuple[int, int]
) -> None:
    assert get_properties("Api", **parameters)["MethodSettings"] == [
        {
            "ResourcePath": path,
            "HttpMethod": method,
            "MetricsEnabled": True,
            "ThrottlingRateLimit": rate,
            "ThrottlingBurstLimit": burst,
        }
        for path, method, (rate, burst) in (
            ("/*", "*", all_methods),
            ("/~1{proxy+}", "POST", posts),
        )
    ]


def test_api_is_regional_and_named_after_its_stack_and_environment() -> None:
    api = get_properties("Api", Environment="prod")
    assert (api["Name"], api["StageName"]) == (ref("AWS::StackName"), "prod")
    assert api["EndpointConfiguration"] == {"Type": "REGIONAL"}
    assert api["OpenApiVersion"] == "3.0.1"


def test_access_logs_are_off_unless_they_are_asked_for() -> None:
    assert "AccessLogSetting" not in get_properties("Api")
    logs = get_properties("Api", AccessLogs="enabled")["AccessLogSetting"]
    assert logs["DestinationArn"] == get_att("AccessLogGroup")
    assert json.loads(logs["Format"]) == {
        "requestId": "$context.requestId",
        "ip": "$context.identity.sourceIp",
        "method": "$context.httpMethod",
        "path": "$context.path",
        "status": "$context.status",
        "responseLength": "$context.responseLength",
        "latency": "$context.responseLatency",
        "time": "$context.requestTime",
    }


def test_domain_speaks_tls_1_2_and_leads_to_the_stage() -> None:
    assert get_properties("Domain", DomainName="a.example", CertificateArn="arn") == {
        "DomainName": "a.example",
        "RegionalCertificateArn": "arn",
        "SecurityPolicy": "TLS_1_2",
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
    }
    assert get_properties("DomainMapping") == {
        "DomainName": ref("Domain"),
        "RestApiId": ref("Api"),
        "Stage": ref("Api.Stage"),
    }


def test_web_acl_blocks_addresses_that_send_more_than_the_limit() -> None:
    acl = get_properties("WebAcl", AddressRateLimit=100)
    (rule,) = acl["Rules"]
    assert (acl["Scope"], acl["DefaultAction"], rule["Action"]) == ("REGIONAL", {"Allow": {}}, {"Block": {}})
    assert rule["Statement"] == {
        "RateBasedStatement": {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 100}
    }
    assert rule.keys() == {"Name", "Priority", "Action", "Statement", "VisibilityConfig"}
    for part in (acl, rule):
        visibility = part["VisibilityConfig"]
        assert (visibility["SampledRequestsEnabled"], visibility["CloudWatchMetricsEnabled"]) == (False, True)
    assert get_properties("WebAclAssociation") == {
        "ResourceArn": sub(
            "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Api.Stage}"
        ),
        "WebACLArn": get_att("WebAcl"),
    }
