"""The API of the template: the requests that API Gateway passes on, its own responses, and its users."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from app.access.callers import WRITING_METHODS
from app.responses.errors import InternalError, MethodNotAllowed, make_problem, respond_with_error
from app.responses.views import serialize
from shared.errors import DomainError, Throttled, TooLarge, Unavailable
from shared.inspection import CONTENT_TYPES
from tests.support.template import get_att, get_properties, load, ref, sub

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
REQUEST_ID = "$context.requestId"


def refuse_method() -> DomainError:
    error = MethodNotAllowed([])
    error.detail = "No path takes this method."
    return error


LARGE = "The request has more than 10 MB. For larger images use POST /images/uploads."
GATEWAY_RESPONSES: dict[str, tuple[int, DomainError]] = {
    "THROTTLED": (429, Throttled()),
    "MISSING_AUTHENTICATION_TOKEN": (405, refuse_method()),
    "REQUEST_TOO_LARGE": (413, TooLarge(LARGE)),
    "INTEGRATION_TIMEOUT": (503, Unavailable()),
    "DEFAULT_5XX": (500, InternalError()),
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
    assert body == json.loads(serialize(make_problem(error, REQUEST_ID)))
    app = respond_with_error(error, REQUEST_ID)
    assert headers.pop("Access-Control-Allow-Origin") == "*"
    assert headers.pop("Content-Type") == app.headers["Content-Type"] == "application/problem+json"
    assert headers.get("Retry-After") == app.headers.get("Retry-After")
    assert headers.get("Allow") == (ALL_METHODS if name == "MISSING_AUTHENTICATION_TOKEN" else None)
    assert headers.keys() <= {"Retry-After", "Allow"}


def test_gateway_has_no_other_responses() -> None:
    assert get_properties("Api")["GatewayResponses"].keys() == GATEWAY_RESPONSES.keys()


def test_every_method_of_every_path_reaches_the_function() -> None:
    events = get_properties("ApiFunction")["Events"].values()
    assert {event["Type"] for event in events} == {"Api"}
    assert all(event["Properties"]["RestApiId"] == ref("Api") for event in events)
    routes = [(event["Properties"]["Path"], event["Properties"]["Method"]) for event in events]
    assert sorted(routes) == sorted(product(["/", "/{proxy+}"], METHODS))
    assert {*METHODS} >= WRITING_METHODS


def test_images_and_forms_are_binary_and_json_is_text() -> None:
    types = get_properties("Api")["BinaryMediaTypes"]
    assert {*types} == {
        "multipart/form-data",
        "application/octet-stream",
        "image/*",
        *CONTENT_TYPES.values(),
    }


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


def test_only_admins_make_users_and_their_passwords_are_strong() -> None:
    assert get_properties("UserPool") == {
        "UserPoolName": ref("AWS::StackName"),
        "UsernameConfiguration": {"CaseSensitive": False},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireLowercase": True,
                "RequireUppercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
            }
        },
        "DeletionProtection": "INACTIVE",
    }
    assert get_properties("UserPool", Environment="prod")["DeletionProtection"] == "ACTIVE"


def test_tokens_live_an_hour_and_no_password_travels_in_the_clear() -> None:
    assert get_properties("UserPoolClient") == {
        "UserPoolId": ref("UserPool"),
        "ExplicitAuthFlows": [
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
        "PreventUserExistenceErrors": "ENABLED",
        "AccessTokenValidity": 60,
        "TokenValidityUnits": {"AccessToken": "minutes"},
    }


def test_group_of_admins_is_the_one_that_the_api_trusts() -> None:
    group = get_properties("UserPoolAdmins", AdminGroup="root")
    assert (group["UserPoolId"], group["GroupName"]) == (ref("UserPool"), "root")


def test_secret_of_links_is_long_and_has_the_name_that_the_api_reads() -> None:
    secret = get_properties("LinkSecret")
    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    name = sub("${AWS::StackName}-links")
    assert secret["Name"] == load()["Outputs"]["LinkSecretName"]["Value"] == name
    assert get_properties("ApiFunction")["Environment"]["Variables"]["LINK_SECRET"] == name
