"""AWS calls that fail, or succeed and lose their answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError
from moto.core.models import botocore_stubber

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient


class LostAnswer:
    """Lets the first call of an operation through, and its answer get lost. botocore tries again."""

    def __init__(self, client: BaseClient, operation: str) -> None:
        self.calls = 0
        service = client.meta.service_model.service_name
        client.meta.events.register_first(f"before-send.{service}.{operation}", self._send)

    def _send(self, event_name: str, request: AWSPreparedRequest, **kwargs: Any) -> None:  # noqa: ANN401 - botocore's
        self.calls += 1
        if self.calls == 1:
            botocore_stubber(event_name=event_name, request=request, **kwargs)
            raise ReadTimeoutError(endpoint_url="")


class Outage:
    """Fails every call of an operation before anything is done."""

    def __init__(self, client: BaseClient, operation: str) -> None:
        self.bodies: list[Any] = []
        self._events = client.meta.events
        self._name = f"before-send.{client.meta.service_model.service_name}.{operation}"
        self._events.register_first(self._name, self._send)

    def end(self) -> None:
        self._events.unregister(self._name, self._send)

    @property
    def calls(self) -> int:
        return len(self.bodies)

    def _send(self, request: AWSPreparedRequest, **_: object) -> None:
        self.bodies.append(request.body)
        raise ReadTimeoutError(endpoint_url="")
