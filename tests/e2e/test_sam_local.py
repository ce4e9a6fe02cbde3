"""Every file in events/ runs through its function with `sam local invoke`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from local import sam_local
from local.layout import EVENTS

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack

FUNCTIONS = {"api": "ApiFunction", "s3": "ProcessorFunction", "stream": "ChangesFunction"}


@pytest.mark.parametrize("event", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_sam_local_invoke_runs_the_event(docker_stack: Stack, event: Path) -> None:
    result = sam_local.invoke(docker_stack, FUNCTIONS[event.stem.partition("-")[0]], event)

    assert result.returncode == 0, result.stderr
    response: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1]) or {}
    assert "errorType" not in response
    assert response.get("statusCode", HTTPStatus.OK) < HTTPStatus.INTERNAL_SERVER_ERROR
