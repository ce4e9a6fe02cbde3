"""The bus of a fake deployment, with one rule and one queue for a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.unit.operations.verification.answers_of_aws import BUS_ARN, STACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

QUEUE_URL = "https://sqs.test/verify"
STACK_ID = f"arn:aws:cloudformation:eu-central-1:123456789012:stack/{STACK}/1"


class Bus:
    """Delivers what is told while there are a rule with a target and a queue."""

    def __init__(self) -> None:
        self.rules: list[str] = []
        self.queues: list[str] = []
        self.targets: list[str] = []
        self.events: list[dict[str, Any]] = []

    def tell(self, kind: str, image_id: str, version: int) -> None:
        detail = {"id": image_id, "version": version}
        event = {
            "source": "image-upload-service",
            "resources": [STACK_ID],
            "detail-type": kind,
            "detail": detail,
        }
        if self.rules and self.targets and self.queues:
            self.events.append(event)

    def find(self, service: str, operation: str, given: Mapping[str, Any]) -> Callable[..., Any] | None:
        """Return what responds to a call, if it is about the bus or the queue of its rule."""
        is_own = given.get("QueueUrl", QUEUE_URL) == QUEUE_URL
        return getattr(self, f"_{service}_{operation}", None) if is_own else None

    def _sqs_create_queue(self, QueueName: str) -> Any:  # noqa: ANN401, N803 - of AWS
        self.queues.append(QueueName)
        return {"QueueUrl": QUEUE_URL}

    def _sqs_delete_queue(self, QueueUrl: str) -> Any:  # noqa: ANN401, ARG002, N803 - of AWS
        self.queues.clear()

    def _sqs_list_queues(self, QueueNamePrefix: str) -> Any:  # noqa: ANN401, N803 - of AWS
        return {"QueueUrls": [name for name in self.queues if name.startswith(QueueNamePrefix)]}

    def _sqs_set_queue_attributes(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        return {}

    def _sqs_get_queue_attributes(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        return {"Attributes": {"QueueArn": "arn:aws:sqs:eu-central-1:123456789012:verify"}}

    def _sqs_receive_message(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        events, self.events = self.events, []
        return {"Messages": [{"ReceiptHandle": "1", "Body": json.dumps(event)} for event in events]}

    def _sqs_delete_message(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        return {}

    def _events_put_rule(self, Name: str, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        self.rules.append(Name)
        return {"RuleArn": f"{BUS_ARN}/{Name}"}

    def _events_put_targets(self, Rule: str, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        self.targets.append(Rule)

    def _events_remove_targets(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        self.targets.clear()

    def _events_delete_rule(self, **_: Any) -> Any:  # noqa: ANN401 - of AWS
        assert not self.targets, "EventBridge deletes no rule that has targets"
        self.rules.clear()

    def _events_list_rules(self, NamePrefix: str, **_: Any) -> Any:  # noqa: ANN401, N803 - of AWS
        return {"Rules": [{"Name": name} for name in self.rules if name.startswith(NamePrefix)]}
