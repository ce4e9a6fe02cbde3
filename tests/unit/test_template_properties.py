"""The properties that the template sets. An unexpected one changes a resource as much as a wrong value."""

from __future__ import annotations

import pytest

from tests.support.template import load

FUNCTION = "Description Environment Handler LoggingConfig MemorySize Role Timeout"
ROLE = "AssumeRolePolicyDocument Policies"
TABLE = "AttributeDefinitions BillingMode KeySchema SSESpecification TimeToLiveSpecification"
KEPT_TABLE = f"{TABLE} DeletionProtectionEnabled PointInTimeRecoverySpecification"
LOG_GROUP = "LogGroupName RetentionInDays"
QUIET_RULE = (
    "AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm EvaluationPeriods Threshold "
    "TreatMissingData"
)
QUIET_ALARM = f"{QUIET_RULE} Dimensions MetricName Namespace Period"
RULE = f"{QUIET_RULE} AlarmActions OKActions"
ALARM = f"{RULE} Dimensions MetricName Namespace Period"

# No function has its own URL. The bucket has no versions, so deleted bytes are gone.
PROPERTIES = {
    "Api": (
        "AccessLogSetting BinaryMediaTypes EndpointConfiguration GatewayResponses "
        "MethodSettings Name OpenApiVersion StageName TracingEnabled"
    ),
    "WebAcl": "DefaultAction Rules Scope VisibilityConfig",
    "WebAclAssociation": "ResourceArn WebACLArn",
    "Domain": "DomainName EndpointConfiguration RegionalCertificateArn SecurityPolicy",
    "DomainMapping": "DomainName RestApiId Stage",
    "ApiFunction": (
        f"{FUNCTION} AutoPublishAlias AutoPublishAliasAllProperties DeploymentPreference Events "
        "ReservedConcurrentExecutions SnapStart"
    ),
    "ApiRole": ROLE,
    "SignerRole": f"{ROLE} MaxSessionDuration",
    "SignerUse": "PolicyDocument PolicyName Roles",
    "LinkSecret": "Description GenerateSecretString",
    "OwnUserPool": (
        "AdminCreateUserConfig DeletionProtection EnabledMfas MfaConfiguration Policies UserPoolName "
        "UsernameConfiguration"
    ),
    "UserPoolClient": (
        "AccessTokenValidity ExplicitAuthFlows PreventUserExistenceErrors TokenValidityUnits UserPoolId"
    ),
    "UserPoolSignInPage": "Domain ManagedLoginVersion UserPoolId",
    "PageUrl": "Description Type Value",
    "PageClient": (
        "AccessTokenValidity AllowedOAuthFlows AllowedOAuthFlowsUserPoolClient AllowedOAuthScopes "
        "CallbackURLs EnableTokenRevocation ExplicitAuthFlows GenerateSecret LogoutURLs "
        "PreventUserExistenceErrors RefreshTokenValidity SupportedIdentityProviders TokenValidityUnits "
        "UserPoolId"
    ),
    "PageClientParameter": "Description Name Type Value",
    "ProcessorFunction": f"{FUNCTION} EventInvokeConfig ReservedConcurrentExecutions",
    "BucketMayCallProcessor": "Action FunctionName Principal SourceAccount SourceArn",
    "ProcessorRole": ROLE,
    "ChangesFunction": f"{FUNCTION} Events",
    "ChangesRole": ROLE,
    "FailureQueue": "MessageRetentionPeriod SqsManagedSseEnabled",
    "FailureQueuePolicy": "PolicyDocument Queues",
    "OwnEventBus": "Name",
    "WebhookSecret": "Description GenerateSecretString",
    "WebhookRule": "Description EventBusName EventPattern Targets",
    "WebhookQueue": "MessageRetentionPeriod RedrivePolicy SqsManagedSseEnabled VisibilityTimeout",
    "WebhookFailureQueue": "MessageRetentionPeriod SqsManagedSseEnabled",
    "WebhookQueuePolicy": "PolicyDocument Queues",
    "WebhookFunction": f"{FUNCTION} Events",
    "WebhookRole": ROLE,
    "WebhookLogGroup": LOG_GROUP,
    "OriginSecret": "Description GenerateSecretString",
    "CdnUrl": "Description Name Type Value",
    "Distribution": "DistributionConfig",
    "CdnCachePolicy": "CachePolicyConfig",
    "CdnOriginRequestPolicy": "OriginRequestPolicyConfig",
    "CdnResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
    "CdnRequestFunction": "AutoPublish FunctionCode FunctionConfig Name",
    "InvalidationQueue": "MessageRetentionPeriod SqsManagedSseEnabled VisibilityTimeout",
    "InvalidationQueuePolicy": "PolicyDocument Queues",
    "InvalidationFunction": f"{FUNCTION} Events",
    "InvalidationRole": ROLE,
    "InvalidationLogGroup": LOG_GROUP,
    "ImagesTable": f"{KEPT_TABLE} StreamSpecification",
    "ItemsTable": KEPT_TABLE,
    "IdempotencyTable": TABLE,
    "BucketNameParameter": "Description Type Value",
    "Bucket": (
        "BucketEncryption BucketName CorsConfiguration "
        "LifecycleConfiguration NotificationConfiguration OwnershipControls PublicAccessBlockConfiguration "
        "VersioningConfiguration"
    ),
    "BucketPolicy": "Bucket PolicyDocument",
    "ApiLogGroup": LOG_GROUP,
    "ProcessorLogGroup": LOG_GROUP,
    "ChangesLogGroup": LOG_GROUP,
    "AccessLogGroup": LOG_GROUP,
    "AlarmTopic": "Subscription",
    "AlarmTopicPolicy": "PolicyDocument Topics",
    "FailureQueueAlarm": f"{ALARM} Statistic",
    "FailureQueueAgeAlarm": f"{ALARM} Statistic",
    "ServerErrorAlarm": f"{RULE} Metrics",
    "ApiErrorAlarm": f"{ALARM} Statistic",
    "ApiThrottleAlarm": f"{ALARM} Statistic",
    "ProcessorErrorAlarm": f"{ALARM} Statistic",
    "ProcessorThrottleAlarm": f"{ALARM} Statistic",
    "ChangesErrorAlarm": f"{ALARM} Statistic",
    "ChangesThrottleAlarm": f"{ALARM} Statistic",
    "InvalidationErrorAlarm": f"{ALARM} Statistic",
    "InvalidationThrottleAlarm": f"{ALARM} Statistic",
    "WaitingUploadsAlarm": f"{ALARM} Statistic",
    "TimeToReadyAlarm": f"{ALARM} ExtendedStatistic",
    "IteratorAgeAlarm": f"{ALARM} Statistic",
    "InvalidationAgeAlarm": f"{ALARM} Statistic",
    "WebhookErrorAlarm": f"{ALARM} Statistic",
    "WebhookThrottleAlarm": f"{ALARM} Statistic",
    "WebhookAgeAlarm": f"{ALARM} Statistic",
    "WebhookFailureQueueAlarm": f"{ALARM} Statistic",
    "ImagesTableReadAlarm": f"{ALARM} Statistic",
    "ImagesTableWriteAlarm": f"{ALARM} Statistic",
    "ItemsTableReadAlarm": f"{ALARM} Statistic",
    "ItemsTableWriteAlarm": f"{ALARM} Statistic",
    "IdempotencyTableReadAlarm": f"{ALARM} Statistic",
    "IdempotencyTableWriteAlarm": f"{ALARM} Statistic",
    "ReleaseServerErrorAlarm": f"{QUIET_RULE} Metrics",
    "ReleaseProcessorErrorAlarm": f"{QUIET_ALARM} Statistic",
    "ReleaseChangesErrorAlarm": f"{QUIET_ALARM} Statistic",
    "Budget": "Budget NotificationsWithSubscribers",
    "ServiceDashboard": "DashboardBody DashboardName",
}
OUTSIDE = {"Condition", "DependsOn", "DeletionPolicy", "Metadata", "UpdateReplacePolicy"}


def test_table_holds_every_resource() -> None:
    assert PROPERTIES.keys() == load()["Resources"].keys()


@pytest.mark.parametrize("name", PROPERTIES)
def test_resource_has_these_properties_and_no_others(name: str) -> None:
    resource = load()["Resources"][name]
    assert {*resource["Properties"]} == {*PROPERTIES[name].split()}
    assert resource.keys() - OUTSIDE == {"Type", "Properties"}


def test_functions_have_no_other_global_properties() -> None:
    assert load()["Globals"].keys() == {"Function"}
    assert {*load()["Globals"]["Function"]} == {"Architectures", "CodeUri", "Runtime", "Tracing"}
