"""The parameters that the engine knows of each operation. It refuses to work with any other one."""

from __future__ import annotations

_KEY = {"TableName", "Key"}
_COST = {"ReturnConsumedCapacity"}
_NAMES = {"ExpressionAttributeNames"}
_CONDITION = {
    "ConditionExpression",
    "ReturnValuesOnConditionCheckFailure",
    "ExpressionAttributeValues",
    *_NAMES,
}
_WRITE = {"TableName", "ReturnValues", "ReturnItemCollectionMetrics", *_COST, *_CONDITION}
_READ = {"ConsistentRead", "ProjectionExpression", *_NAMES, *_COST}
_PAGE = {
    "TableName",
    "ExclusiveStartKey",
    "ExpressionAttributeValues",
    "FilterExpression",
    "Limit",
    "Select",
    *_READ,
}
PARAMETERS = {
    "CreateTable": {
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
        "SSESpecification",
        "StreamSpecification",
        "TableClass",
        "TableName",
        "Tags",
    },
    "DescribeTable": {"TableName"},
    "ListTables": {"ExclusiveStartTableName", "Limit"},
    "DeleteTable": {"TableName"},
    "UpdateTimeToLive": {"TableName", "TimeToLiveSpecification"},
    "DescribeTimeToLive": {"TableName"},
    "GetItem": _KEY | _READ,
    "BatchGetItem": {"RequestItems", *_COST},
    "Query": {"KeyConditionExpression", "ScanIndexForward", *_PAGE},
    "Scan": _PAGE,
    "PutItem": {"Item", *_WRITE},
    "UpdateItem": {"Key", "UpdateExpression", *_WRITE},
    "DeleteItem": {"Key", *_WRITE},
    "BatchWriteItem": {"RequestItems", "ReturnItemCollectionMetrics", *_COST},
    "TransactGetItems": {"TransactItems", *_COST},
    "TransactWriteItems": {
        "TransactItems",
        "ClientRequestToken",
        "ReturnItemCollectionMetrics",
        *_COST,
    },
}
