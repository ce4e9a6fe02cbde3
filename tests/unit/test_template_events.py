"""The bus of events, and the way of a webhook: a rule, a queue, a function, and a queue of failures."""

from __future__ import annotations

import string

from processor.deliveries import MAX_PAUSE_SECONDS, PAUSES_SECONDS
from processor.publishing import SOURCE
from processor.webhooks import CONNECT_TIMEOUT_SECONDS, TIMEOUT_SECONDS, parse_secret
from shared.settings import Settings
from tests.support.template import Node, get_att, get_properties, holds, load, ref

WEBHOOK = {"EventBus": "own", "WebhookUrl": "https://a.example"}
QUEUES = [get_att("WebhookQueue"), get_att("WebhookFailureQueue")]


def get_statements(**parameters: str) -> dict[str, Node]:
    policy = get_properties("WebhookQueuePolicy", **WEBHOOK | parameters)
    assert policy["Queues"] == [ref("WebhookQueue"), ref("WebhookFailureQueue")]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


def test_without_parameters_nobody_is_told_and_nothing_is_made() -> None:
    made = [name for name in load()["Resources"] if "Webhook" in name or "EventBus" in name]
    assert len(made) == 13
    assert not any(holds(load()["Resources"][name]["Condition"]) for name in made)
    variables = get_properties("ChangesFunction")["Environment"]["Variables"]
    assert Settings({"EVENT_BUS": variables["EVENT_BUS"]}).event_bus is None


def test_events_name_the_stack_and_the_rule_takes_no_others() -> None:
    variables = get_properties("ChangesFunction")["Environment"]["Variables"]
    assert variables["STACK_ID"] == ref("AWS::StackId")
    for bus, name in (("own", ref("OwnEventBus")), ("default", "default")):
        assert get_properties("WebhookRule", EventBus=bus) == {
            "Description": "Puts the events of images into the queue of webhooks.",
            "EventBusName": name,
            "EventPattern": {"source": [SOURCE], "resources": [ref("AWS::StackId")]},
            "Targets": [
                {
                    "Id": "webhooks",
                    "Arn": get_att("WebhookQueue"),
                    "DeadLetterConfig": {"Arn": get_att("WebhookFailureQueue")},
                }
            ],
        }


def test_only_the_rule_puts_events_into_the_queues_and_only_over_tls_on_aws() -> None:
    statements = get_statements()
    assert statements["TakeEvents"] == {
        "Sid": "TakeEvents",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUES,
        "Condition": {"ArnEquals": {"aws:SourceArn": get_att("WebhookRule")}},
    }
    assert statements["RequireTls"]["Effect"] == "Deny"
    assert statements["RequireTls"]["Resource"] == QUEUES
    assert get_statements(Environment="local").keys() == {"TakeEvents"}


def test_queue_counts_as_many_tries_as_the_code_has_pauses() -> None:
    queue = get_properties("WebhookQueue")
    assert queue["RedrivePolicy"] == {
        "maxReceiveCount": len(PAUSES_SECONDS) + 1,
        "deadLetterTargetArn": get_att("WebhookFailureQueue"),
    }
    assert queue["MessageRetentionPeriod"] >= len(PAUSES_SECONDS) * MAX_PAUSE_SECONDS
    assert get_properties("WebhookFailureQueue")["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_function_gets_one_message_at_a_time_and_has_time_for_a_slow_receiver() -> None:
    function = get_properties("WebhookFunction")
    assert [*function["Events"].values()] == [
        {
            "Type": "SQS",
            "Properties": {
                "Queue": get_att("WebhookQueue"),
                "BatchSize": 1,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 10},
            },
        }
    ]
    assert CONNECT_TIMEOUT_SECONDS < TIMEOUT_SECONDS <= function["Timeout"] - 10
    assert get_properties("WebhookQueue")["VisibilityTimeout"] == 6 * function["Timeout"]
    variables = function["Environment"]["Variables"]
    assert (variables["WEBHOOK_QUEUE"], variables["FAILURE_QUEUE"]) == (
        ref("WebhookQueue"),
        ref("WebhookFailureQueue"),
    )


def test_secret_that_the_stack_makes_is_one_of_standard_webhooks() -> None:
    made = get_properties("WebhookSecret")["GenerateSecretString"]
    # Digits and letters are left, which are all in base64.
    assert made == {
        "PasswordLength": 64,
        "ExcludePunctuation": True,
        "ExcludeCharacters": string.punctuation,
    }
    assert len(parse_secret(b"aB3z" * 16)) == 48
