"""Answers of AWS about a stack that is as the template and these parameters say."""

from __future__ import annotations

from typing import Any

from local.template import read_gateway_responses
from operations.verification.observing import list_alarm_names
from tests.support.template import get_properties

STACK = "images-dev"
BUS_ARN = "arn:aws:events:eu-central-1:123456789012:event-bus/images"
QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:failures"
OUTPUTS = {
    "ApiUrl": "https://api.test/dev",
    "BucketName": "bucket",
    "RecoveryDays": "7",
    "ImagesTableName": "images",
    "ItemsTableName": "items",
    "IdempotencyTableName": "responses",
    "EventBusName": "images",
    "FailureQueueUrl": "https://sqs.test/failures",
    "ApiFunctionName": "api",
    "ApiVersion": "7",
    "ProcessorFunctionName": "processor",
    "ChangesFunctionName": "changes",
    "DistributionId": "E1",
    "UserPoolId": "pool",
    "UserPoolClientId": "client",
}
RELEASE_ALARMS = ("release-server-errors", "release-processor-errors", "release-changes-errors")
PARAMETERS = {
    "Environment": "dev",
    "AuthMode": "jwt",
    "UserPool": "own",
    "KeptUserPoolId": "",
    "UserClaim": "sub",
    "LegacyUpload": "enabled",
    "KeptImagesTableName": "",
    "KeptItemsTableName": "",
    "KeptBucketName": "",
    "PublicUrl": "",
    "Cdn": "enabled",
    "CdnSeconds": "86400",
    "CdnInvalidation": "enabled",
    "MaxUserImages": "30",
    "AddressRateLimit": "100",
    "AccessLogs": "enabled",
    "DeletionProtection": "enabled",
    "LogRetentionDays": "7",
    "ApiConcurrency": "50",
    "ProcessorConcurrency": "50",
    "ThrottlingRateLimit": "500",
    "ThrottlingBurstLimit": "1000",
    "PostRateLimit": "100",
    "PostBurstLimit": "200",
    "Deployment": "canary",
    "Metrics": "enabled",
    "Dashboard": "enabled",
    "AlarmEmail": "ops@a.example",
    "EventBus": "own",
    "WebhookUrl": "",
}
_CHANGES = get_properties("ChangesFunction", CdnInvalidation="enabled")
_MAPPING = _CHANGES["Events"]["RecordChanged"]["Properties"]
_TO_QUEUE = {"OnFailure": {"Destination": QUEUE_ARN}}
_KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}

ANSWERS: dict[tuple[str, str], Any] = {
    ("cloudformation", "describe_stacks"): {
        "Stacks": [
            {
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()
                ]
            }
        ]
    },
    ("cloudformation", "describe_stack_resource"): {"StackResourceDetail": {"PhysicalResourceId": "rest"}},
    ("cloudformation", "get_template"): {
        "TemplateBody": {
            "Resources": {
                name: {**_KEPT}
                for name in ("Bucket", "ImagesTable", "ItemsTable", "OwnUserPool", "LinkSecret")
            }
        }
    },
    ("cloudfront", "get_distribution_config"): {
        "DistributionConfig": {"Origins": {"Items": [{"DomainName": "origin.test", "OriginPath": "/dev"}]}}
    },
    ("lambda", "list_event_source_mappings"): {
        "EventSourceMappings": [
            {
                "State": "Enabled",
                "EventSourceArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/images/stream/1",
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "DestinationConfig": _TO_QUEUE,
                **{
                    name: _MAPPING[name]
                    for name in (
                        "MaximumRetryAttempts",
                        "MaximumRecordAgeInSeconds",
                        "BisectBatchOnFunctionError",
                        "FilterCriteria",
                    )
                },
            }
        ]
    },
    ("lambda", "get_function_event_invoke_config"): {
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 21600,
        "DestinationConfig": _TO_QUEUE,
    },
    ("lambda", "get_function_concurrency"): {"ReservedConcurrentExecutions": 50},
    ("lambda", "get_function_configuration"): {
        "Description": "The API.",
        "LastUpdateStatus": "Successful",
        "Role": "arn:aws:iam::123456789012:role/changes",
        "Environment": {"Variables": {"IMAGES_TABLE": "images", "PUBLIC_SHARDS": "1"}},
        "State": "Active",
    },
    ("lambda", "update_function_configuration"): {},
    ("lambda", "get_alias"): {"FunctionVersion": "7"},
    ("codedeploy", "get_deployment_group"): {
        "deploymentGroupInfo": {
            "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent10Minutes",
            "alarmConfiguration": {"alarms": [{"name": f"{STACK}-{name}"} for name in RELEASE_ALARMS]},
            "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
        }
    },
    ("events", "describe_event_bus"): {"Arn": BUS_ARN},
    ("lambda", "publish_version"): {"Version": "8"},
    ("lambda", "update_alias"): {},
    ("lambda", "delete_function"): {},
    ("s3", "get_bucket_notification_configuration"): {
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:processor",
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
            }
            for prefix in ("uploads/", "originals/", "files/")
        ]
    },
    ("s3", "get_bucket_lifecycle_configuration"): {
        "Rules": [
            {"ID": "DeleteForgottenUploads", "Status": "Enabled", "Expiration": {"Days": 15}},
            {
                "ID": "AbortUnfinishedUploads",
                "Status": "Enabled",
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            {
                "ID": "DeleteVersions",
                "Status": "Enabled",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            },
        ]
    },
    ("s3", "get_bucket_versioning"): {"Status": "Enabled"},
    ("s3", "get_bucket_encryption"): {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        }
    },
    ("s3", "get_public_access_block"): {
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
    },
    ("s3", "get_bucket_ownership_controls"): {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    },
    ("apigateway", "get_stage"): {
        "methodSettings": {
            "*/*": {"throttlingRateLimit": 500.0, "throttlingBurstLimit": 1000},
            "~1{proxy+}/POST": {"throttlingRateLimit": 100.0, "throttlingBurstLimit": 200},
        },
        "accessLogSettings": {
            "destinationArn": f"arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/{STACK}"
        },
    },
    ("apigateway", "get_gateway_responses"): {
        "items": [
            {
                "responseType": name,
                "statusCode": str(response.status),
                "responseParameters": {
                    f"gatewayresponse.header.{header}": f"'{value}'"
                    for header, value in response.headers.items()
                },
            }
            for name, response in read_gateway_responses().items()
        ]
    },
    ("wafv2", "get_web_acl_for_resource"): {
        "WebACL": {"Rules": [{"Statement": {"RateBasedStatement": {"Limit": 100}}}]}
    },
    ("cloudwatch", "list_metrics"): {
        "Metrics": [{"Dimensions": [{"Name": "service", "Value": "api"}, {"Name": "path", "Value": "bytes"}]}]
    },
    ("cloudwatch", "describe_alarms"): {
        "MetricAlarms": [
            {"AlarmName": f"{STACK}-{name}", "AlarmActions": ["topic"]}
            for name in sorted(list_alarm_names(PARAMETERS))
        ]
    },
    ("cloudwatch", "list_dashboards"): {"DashboardEntries": [{"DashboardName": f"{STACK}-eu-central-1"}]},
    ("sns", "list_subscriptions_by_topic"): {"Subscriptions": [{"SubscriptionArn": "arn:aws:sns:a"}]},
    ("logs", "filter_log_events"): {"events": [{"message": '{"message":"responded"}'}]},
    ("logs", "describe_log_groups"): {
        "logGroups": [
            {"logGroupName": f"/aws/lambda/{STACK}/{name}", "retentionInDays": 7}
            for name in ("api", "processor", "changes")
        ]
    },
    ("dynamodb", "describe_time_to_live"): {
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    },
    ("dynamodb", "describe_continuous_backups"): {
        "ContinuousBackupsDescription": {
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}
        }
    },
    ("dynamodb", "describe_table"): {
        "Table": {
            "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"},
            "DeletionProtectionEnabled": True,
        }
    },
    ("cognito-idp", "describe_user_pool"): {"UserPool": {"DeletionProtection": "ACTIVE"}},
    ("cognito-idp", "admin_delete_user"): {},
}
