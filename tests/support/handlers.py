"""Handlers of the events of AWS clients, which end with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

    type Handler = Callable[..., object]

_handlers: WeakKeyDictionary[BaseClient, list[tuple[str, Handler]]] = WeakKeyDictionary()


def listen(client: BaseClient, event: str, handler: Handler, *, first: bool = True) -> None:
    """Call this handler at this event of botocore, before or after those that are there already."""
    events: Any = client.meta.events  # its types know no handler that responds
    register = events.register_first if first else events.register
    register(event, handler)
    _handlers.setdefault(client, []).append((event, handler))


def watch(client: BaseClient, operation: str, **changes: object) -> list[dict[str, Any]]:
    """Note the parameters of each call of an operation, after these changes to them."""
    calls: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        params |= changes
        calls.append(params)

    service = client.meta.service_model.service_name
    listen(client, f"before-parameter-build.{service}.{operation}", note)
    return calls


def ignore(client: BaseClient, event: str, handler: Handler) -> None:
    """Call it no more."""
    events: Any = client.meta.events
    events.unregister(event, handler)


def remove_handlers(client: BaseClient) -> None:
    for event, handler in _handlers.pop(client, []):
        ignore(client, event, handler)
