"""A bus of EventBridge that can refuse entries, fail calls, and lose responses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_ENTRIES = 10


@dataclass
class Bus:
    """Stands in for the client. `published` has the id and the version of each event that arrived."""

    published: list[tuple[str, int]] = field(default_factory=list)
    calls: list[list[dict[str, Any]]] = field(default_factory=list)
    judge: Callable[[int, dict[str, Any]], str | None] = lambda _, __: None
    """Returns the error of an entry of a call, or None. Calls are counted from 0."""
    break_call: Callable[[int], str | None] = lambda _: None
    """Returns the error of a call, `lost` if it was carried out and the response is lost, or None."""

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - of boto3
        assert 0 < len(Entries) <= MAX_ENTRIES
        number = len(self.calls)
        self.calls.append([*Entries])
        fault = self.break_call(number)
        if fault and fault != "lost":
            response: Any = {"Error": {"Code": fault}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(response, "PutEvents")
        results = [self._put(number, entry) for entry in Entries]
        if fault:
            raise ReadTimeoutError(endpoint_url="https://events.example")
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def _put(self, call: int, entry: dict[str, Any]) -> dict[str, str]:
        if code := self.judge(call, entry):
            return {"ErrorCode": code, "ErrorMessage": "Why."}
        detail = json.loads(entry["Detail"])
        self.published.append((detail["id"], detail["version"]))
        return {"EventId": str(len(self.published))}
