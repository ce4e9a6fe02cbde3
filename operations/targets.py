"""Finds the stack that a command works on: a stack on AWS, or the embedded one on this machine."""

from collections.abc import Mapping

import boto3

from local.console import Problem
from local.deployment import Client, read_outputs
from local.stack import find_stack


def find_target(aws_port: int, stack_name: str) -> tuple[Client, Mapping[str, str]]:
    """Return a function that makes clients, and the outputs of the stack. No name: the stack at this port."""
    if not stack_name:
        stack = find_stack(aws_port)
        return stack.client, stack.outputs
    outputs = read_outputs(boto3.client, stack_name)
    if not outputs:
        raise Problem(
            f"there is no stack {stack_name} in this account and region; "
            "correct the name, or the credentials and the region of your shell"
        )
    return boto3.client, outputs
