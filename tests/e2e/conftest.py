"""The stack that these tests talk to. It starts once and ends with the session.

With E2E_API_URL they talk to that API instead. Tests that look into the stack behind it skip then.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from local import sam_local
from local.layout import locate_state
from local.loopback import find_free_port
from local.stack import Stack, run_stack
from tests.support.client import leave_remains
from tests.support.receiver import Receiver, run_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

GIVEN_URL = os.environ.get("E2E_API_URL")
TIMEOUT = 60.0


@contextmanager
def run_new_stack(auth_mode: str, *, webhook_url: str = "") -> Iterator[Stack]:
    """Run a stack without data. Its data are where the commands of the Makefile look, until it ends."""
    aws_port = find_free_port()
    state = locate_state(aws_port)
    shutil.rmtree(state, ignore_errors=True)
    try:
        running = run_stack(
            find_free_port(), aws_port, auth_mode=auth_mode, webhook_url=webhook_url, quiet=True
        )
        with running as stack:
            yield stack
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(autouse=True)
def aws() -> None:
    """Here AWS is that of the stack, not moto."""


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack on free ports, to look into."""
    if GIVEN_URL:
        pytest.skip("looks into the stack, and E2E_API_URL gives only the API")
    with run_new_stack("open") as stack:
        leave_remains(stack)
        yield stack


@pytest.fixture(scope="session")
def jwt_stack() -> Iterator[Stack]:
    """A second stack, whose callers have tokens of its Cognito."""
    if GIVEN_URL:
        pytest.skip("needs the users of a stack, and E2E_API_URL gives only the API")
    with run_new_stack("jwt") as stack:
        yield stack


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """The receiver of the webhooks of `webhook_stack`."""
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def webhook_stack(receiver: Receiver) -> Iterator[Stack]:
    """A third stack, which posts webhooks."""
    if GIVEN_URL:
        pytest.skip("looks into the stack, and E2E_API_URL gives only the API")
    with run_new_stack("open", webhook_url=f"{receiver.url}/hooks") as stack:
        yield stack


@pytest.fixture(scope="session")
def docker_stack(request: pytest.FixtureRequest) -> Stack:
    """The same stack, if `sam local` can run beside it."""
    obstacle = sam_local.find_obstacle()
    if obstacle:
        pytest.skip(f"sam local cannot run: {obstacle}")
    stack: Stack = request.getfixturevalue("stack")
    return stack


@pytest.fixture(scope="session")
def sam_local_url(docker_stack: Stack) -> Iterator[str]:
    """The API as `sam local start-api` serves it beside the stack."""
    log = docker_stack.state / "sam-local.log"
    with sam_local.run_api(docker_stack, find_free_port(), log) as url:
        yield url


@pytest.fixture(scope="session")
def embedded_url(request: pytest.FixtureRequest) -> str:
    """The API as the stack serves it."""
    if GIVEN_URL:
        return GIVEN_URL
    stack: Stack = request.getfixturevalue("stack")
    return stack.api_url


@pytest.fixture(scope="session", params=["embedded", "sam_local"])
def api(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of the API: each test that takes it runs against the stack and against `sam local`."""
    with httpx.Client(base_url=request.getfixturevalue(f"{request.param}_url"), timeout=TIMEOUT) as client:
        yield client
