"""The template as the SAM translator expands it: no circle, and no reference to what is not made.

The linter of CloudFormation reports no circle that leads through resources of SAM.
"""

from __future__ import annotations

import copy
from itertools import product

import pytest

from tests.support.parameters.choices import Parameters, is_taken
from tests.support.parameters.named import NAMED
from tests.support.parameters.pairs import cover_template
from tests.support.parameters.translation import find_faults, translate
from tests.support.template import Node, holds, list_configured_parameters, load

TABLE = {
    "KeptImagesTableName": "images",
    "KeptImagesStreamArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/images/stream/1",
}
ISSUER = {"OidcIssuer": "https://a.example", "OidcAudience": "a"}
SWITCHES: list[list[Parameters]] = [
    [{"Environment": "local"}, {"Environment": "prod"}],
    [{"UserPool": "own"}, ISSUER | {"UserPool": "none"}, {"KeptUserPoolId": "eu-central-1_a"}],
    [{}, TABLE],
    [{}, {"KeptItemsTableName": "items"}],
    [{}, {"BucketName": "new"}, {"KeptBucketName": "old"}],
    [{}, {"LinkSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a"}],
]
WEBHOOK = {
    "EventBus": "default",
    "WebhookUrl": "https://a.example",
    "WebhookSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a",
}
OPTIONS: list[Parameters] = [
    {},
    {"AuthMode": "open"},
    {"AuthMode": "open", "UserPool": "none"},
    ISSUER,
    {"DomainName": "a.example", "CertificateArn": "arn:aws:acm:a"},
    {"AccessLogs": "enabled", "AddressRateLimit": "100", "DeletionProtection": "enabled"},
    {"UserPoolMfa": "ON", "RecoveryDays": "7"},
    {"WebPage": "disabled"},
    {"Deployment": "canary", "SnapStart": "enabled"},
    {"KeptUserPoolId": "eu-central-1_a", "UserPoolDomain": "images"},
    {"PublicUrl": "https://a.example"},
    {"Dashboard": "enabled", "Tracing": "enabled", "Environment": "local"},
    {"Dashboard": "enabled", "AlarmEmail": "ops@a.example", "MonthlyBudget": "50"} | TABLE,
    {"Metrics": "disabled", "AlarmEmail": "ops@a.example"},
    ISSUER | {"OidcClientId": "page", "OidcScopes": "openid,email"},
    {"ApiConcurrency": "5", "ProcessorConcurrency": "5"},
    {"AwsEndpointUrl": "http://a.example", "S3PublicUrl": "http://a.example"},
    {"EventBus": "default"},
    {"EventBus": "own", "WebhookUrl": "https://a.example", "AlarmEmail": "ops@a.example"},
    WEBHOOK | {"Environment": "local"},
    {"Cdn": "enabled"},
    {"Cdn": "enabled", "CdnInvalidation": "enabled", "CdnWebAclArn": "arn:aws:wafv2:a"},
    {"Cdn": "enabled", "CdnInvalidation": "enabled", "AlarmEmail": "ops@a.example"},
    {"Cdn": "enabled", "DomainName": "a.example", "CdnCertificateArn": "arn:aws:acm:us-east-1:a"},
    {"Cdn": "enabled", "DomainName": "a.example", "CdnInvalidation": "enabled", "Environment": "local"},
]


def list_parameter_sets() -> list[Parameters]:
    """List those of samconfig.toml and of the documents, each option, and all that may be own or kept."""
    sets = [*list_configured_parameters(), *(dict(each.parameters) for each in NAMED)]
    sets += [*cover_template().sets, *OPTIONS]
    for choice in product(*SWITCHES):
        chosen: Parameters = {}
        for part in choice:
            chosen |= part
        sets.append(chosen)
    return [each for each in sets if is_taken(each)]


def expand_one() -> tuple[Parameters, Node]:
    """Expand the template for the first set of parameters. The caller may change what is returned."""
    first = list_parameter_sets()[:1]
    return copy.deepcopy((first[0], translate(first)[0]))


def test_stack_has_no_circle_and_needs_nothing_that_is_not_made() -> None:
    sets = list_parameter_sets()
    assert len(sets) > 2 * 3 * 2 * 2 * 3 * 2
    expanded = zip(sets, translate(sets), strict=True)
    faults = {str(parameters): find_faults(template, parameters) for parameters, template in expanded}
    assert {name: found for name, found in faults.items() if found} == {}


def test_every_set_that_an_operator_reads_of_is_among_them() -> None:
    sets = list_parameter_sets()
    assert any(each.get("Environment") == "prod" and each.get("Deployment") == "canary" for each in sets)
    assert any(each.get("KeptBucketName") == "images-prod-123456789012-eu-central-1" for each in sets)
    assert any(each.get("OidcIssuer") == "https://login.example.com/" for each in sets)


def test_every_condition_holds_in_one_set_and_fails_in_another() -> None:
    sets = list_parameter_sets()
    for name in load()["Conditions"]:
        assert {holds(name, **each) for each in sets} == {True, False}, name


def test_planted_circle_is_found() -> None:
    parameters, template = expand_one()
    assert find_faults(template, parameters) == []
    variables = template["Resources"]["ProcessorFunction"]["Properties"]["Environment"]["Variables"]
    variables["BUCKET"] = {"Ref": "Bucket"}
    (fault,) = find_faults(template, parameters)
    assert fault.startswith("circle: ")
    assert {"Bucket", "ProcessorFunction"} <= {*fault.split()}


def test_planted_circle_through_expanded_resources_is_found() -> None:
    parameters, template = expand_one()
    stage = {"Fn::Sub": "https://${Api}.example/${ApiStage}"}
    variables = template["Resources"]["ApiFunction"]["Properties"]["Environment"]["Variables"]
    variables["PUBLIC_URL"] = stage
    (fault,) = find_faults(template, parameters)
    assert fault.startswith("circle: ")


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "WebAcl"},
        {"Fn::GetAtt": ["WebAcl", "Arn"]},
        {"Fn::GetAtt": "WebAcl.Arn"},
        {"Fn::Sub": "${WebAcl.Arn}/a"},
        {"Fn::Sub": ["${Name}/a", {"Name": {"Ref": "WebAcl"}}]},
    ],
)
def test_planted_reference_to_what_is_not_made_is_found(reference: Node) -> None:
    parameters, template = expand_one()
    template["Resources"]["ItemsTable"]["Properties"]["TableName"] = reference
    assert find_faults(template, parameters) == ["ItemsTable needs WebAcl, which is not made"]


def test_planted_wait_for_what_is_not_made_is_found() -> None:
    parameters, template = expand_one()
    template["Resources"]["ItemsTable"]["DependsOn"] = ["WebAcl"]
    assert find_faults(template, parameters) == ["ItemsTable needs WebAcl, which is not made"]
