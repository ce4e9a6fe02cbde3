from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from local.console import Problem
from operations import targets


def test_target_without_a_name_is_the_stack_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = SimpleNamespace(client=object(), outputs={"BucketName": "b"})
    ports: list[int] = []

    def find(port: int) -> Any:  # noqa: ANN401 - a stack
        ports.append(port)
        return stack

    monkeypatch.setattr(targets, "find_stack", find)
    assert targets.find_target(4600, "") == (stack.client, stack.outputs)
    assert ports == [4600]


def test_target_with_a_name_is_the_stack_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"images-prod": {"BucketName": "b"}}
    monkeypatch.setattr(targets, "read_outputs", lambda _, name: outputs.get(name, {}))
    assert targets.find_target(4566, "images-prod") == (boto3.client, {"BucketName": "b"})
    with pytest.raises(Problem, match="there is no stack images-dev"):
        targets.find_target(4566, "images-dev")
