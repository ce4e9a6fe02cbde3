"""The properties that the template sets. An unexpected one changes a resource as much as a wrong value."""

from __future__ import annotations

import pytest

from tests.support.template import load

FUNCTION = "Description Environment Events Handler LoggingConfig MemorySize Role Timeout"
ROLE = "AssumeRolePolicyDocument Policies"
TABLE = "AttributeDefinitions BillingMode KeySchema SSESpecification TimeToLiveSpecification"
KEPT_TABLE = f"{TABLE} DeletionProtectionEnabled PointInTimeRecoverySpecification"
LOG_GROUP = "LogGroupName RetentionInDays"

# No function has its own URL or reserved concurrency. The bucket has no versions, so deleted bytes are gone.
PROPERTIES = {
    "Api": (
        "AccessLogSetting BinaryMediaTypes EndpointConfiguration GatewayResponses "
        "MethodSettings Name OpenApiVersion StageName"
    ),
    "Domain": "DomainName EndpointConfiguration RegionalCertificateArn SecurityPolicy",
    "DomainMapping": "DomainName RestApiId Stage",
    "ApiFunction": FUNCTION,
    "ApiRole": ROLE,
    "LinkSecret": "Description GenerateSecretString Name",
    "UserPool": "AdminCreateUserConfig DeletionProtection Policies UserPoolName UsernameConfiguration",
    "UserPoolClient": (
        "AccessTokenValidity ExplicitAuthFlows PreventUserExistenceErrors TokenValidityUnits UserPoolId"
    ),
    "UserPoolAdmins": "Description GroupName UserPoolId",
    "ProcessorFunction": f"{FUNCTION} EventInvokeConfig",
    "ProcessorRole": ROLE,
    "CleanupFunction": FUNCTION,
    "CleanupRole": ROLE,
    "FailureQueue": "MessageRetentionPeriod SqsManagedSseEnabled",
    "ImagesTable": f"{KEPT_TABLE} StreamSpecification",
    "ItemsTable": KEPT_TABLE,
    "IdempotencyTable": TABLE,
    "Bucket": (
        "BucketEncryption BucketName CorsConfiguration "
        "LifecycleConfiguration OwnershipControls PublicAccessBlockConfiguration"
    ),
    "BucketPolicy": "Bucket PolicyDocument",
    "ApiLogGroup": LOG_GROUP,
    "ProcessorLogGroup": LOG_GROUP,
    "CleanupLogGroup": LOG_GROUP,
    "AccessLogGroup": LOG_GROUP,
}
OUTSIDE = {"Condition", "DeletionPolicy", "UpdateReplacePolicy"}


def test_table_holds_every_resource() -> None:
    assert PROPERTIES.keys() == load()["Resources"].keys()


@pytest.mark.parametrize("name", PROPERTIES)
def test_resource_has_these_properties_and_no_others(name: str) -> None:
    resource = load()["Resources"][name]
    assert {*resource["Properties"]} == {*PROPERTIES[name].split()}
    assert resource.keys() - OUTSIDE == {"Type", "Properties"}


def test_functions_have_no_other_global_properties() -> None:
    assert load()["Globals"].keys() == {"Function"}
    assert {*load()["Globals"]["Function"]} == {"Architectures", "CodeUri", "Runtime"}
