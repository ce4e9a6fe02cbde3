"""The life of an image: its states, what each state implies, and every change between them.

| state        | its owner | others see it   | counts  | bytes kept             | ends                       |
|--------------|-----------|-----------------|---------|------------------------|----------------------------|
| `pending`    | sees it   | no              | no      | none that are verified | with its upload form       |
| `processing` | lists it  | no (1)          | yes     | original               | no, but its lease ends (2) |
| `ready`      | lists it  | as `visibility` | yes     | original, renditions   | no                         |
| `rejected`   | lists it  | never           | no (3)  | none (3)               | a day after the verdict    |
| `failed`     | lists it  | no (1)          | yes (4) | original (4)           | no (4)                     |

1. An image that was ready once keeps its renditions. Others still see it while it is processed again, and
   if that fails. If the new run rejects it, it stays `ready`, and `status_reason` tells its owner why.
2. When the lease has ended, readers see `failed`. Nobody waits for ever, and its owner can retry it.
3. The verdict comes first, then the bytes are deleted. Until then they count.
4. A direct upload may fail before its bytes are verified. Then it has no original, does not count, and ends
   when the failure queue forgets its event.

The trash stands beside the state. An image in it is seen and listed by its owner alone, it counts as before,
and its life goes on. It ends when its time in the trash is over, or with its state if that ends before.

A replacement, which is other bytes for an image, has a state of its own. It goes through the same states by
the same events, up to `ready`: then it is the image. The image stays in its state meanwhile.

This module is pure: it knows no table, no bucket and no clock. Other modules ask it and decide nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

PROCESSING_LEASE = timedelta(minutes=15)
"""Longer than the three tries that Lambda gives an event: 2 minutes each, with 1 and 2 minutes between."""
REJECTED_LIFETIME = timedelta(days=1)
"""How long the owner can read why an image was rejected."""
FAILED_LIFETIME = timedelta(days=14)
"""As long as the failure queue keeps the event of an upload that was not verified."""


class Status(StrEnum):
    """The state of an image, as clients read it."""

    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    FAILED = "failed"


class Event(StrEnum):
    """Something that happens to an image."""

    VERIFY = "verify"
    """The posted bytes are an original now, and the user's quota has room for them."""
    REFUSE = "refuse"
    """The posted bytes are not what was announced, or the quota has no room for them."""
    STALL = "stall"
    """The posted bytes could not be verified because of a fault on our side."""
    FINISH = "finish"
    """The renditions are stored."""
    REJECT = "reject"
    """The original cannot be decoded within the limits."""
    DISCARD = "discard"
    """The bytes of a rejected image are deleted."""
    DELAY = "delay"
    """A later try begins."""
    FAIL = "fail"
    """Processing failed because of a fault on our side."""
    RETRY = "retry"
    """The owner wants it to be processed again."""


class Phase(NamedTuple):
    """The part of a state that decides which events it takes."""

    status: Status
    has_original: bool


@dataclass(frozen=True)
class State:
    """The place of an image in its life. Times are seconds since 1970."""

    status: Status
    has_original: bool
    """Its verified bytes are stored under `originals/`."""
    has_renditions: bool = False
    """It was ready once."""
    expires_at: int | None = None
    """When the state ends, and the image with it. None: it does not."""
    leased_until: int | None = None
    """When the run that processes it should have ended."""
    trash_ends_at: int | None = None
    """When the image ends because it is in the trash. None: it is not there."""

    @property
    def phase(self) -> Phase:
        return Phase(self.status, self.has_original)


class ImpossibleChange(Exception):
    """The event means nothing to an image in this state."""


PENDING = Phase(Status.PENDING, has_original=False)
STALLED = Phase(Status.FAILED, has_original=False)
PROCESSING = Phase(Status.PROCESSING, has_original=True)
READY = Phase(Status.READY, has_original=True)
FAILED = Phase(Status.FAILED, has_original=True)
REJECTED = Phase(Status.REJECTED, has_original=True)
DISCARDED = Phase(Status.REJECTED, has_original=False)

CHANGES: Mapping[Event, Mapping[Phase, Phase]] = {
    Event.VERIFY: {PENDING: PROCESSING, STALLED: PROCESSING},
    Event.REFUSE: {PENDING: DISCARDED, STALLED: DISCARDED},
    Event.STALL: {PENDING: STALLED, STALLED: STALLED},
    Event.FINISH: {PROCESSING: READY, FAILED: READY},
    Event.REJECT: {PROCESSING: REJECTED, FAILED: REJECTED},
    Event.DISCARD: {REJECTED: DISCARDED},
    Event.DELAY: {PROCESSING: PROCESSING, FAILED: PROCESSING},
    Event.FAIL: {PROCESSING: FAILED, FAILED: FAILED},
    Event.RETRY: {READY: PROCESSING, FAILED: PROCESSING, STALLED: PENDING},
}
"""Every change between phases. An event that is missing for a phase changes nothing.

A run that is under way is not tried again before its lease has ended. Then the image has failed.
"""

LIFETIMES: Mapping[Phase, timedelta] = {DISCARDED: REJECTED_LIFETIME, STALLED: FAILED_LIFETIME}
"""The phases that end by themselves after a fixed time. A pending upload ends with its form."""


def start_processing(now: datetime) -> State:
    """State of an image whose bytes came with the request."""
    return State(*PROCESSING, leased_until=_add(now, PROCESSING_LEASE))


def await_upload(expires_at: int) -> State:
    """State of a direct upload whose form was just made."""
    return State(*PENDING, expires_at=expires_at)


def withdraw(now: datetime) -> State:
    """State of an image that was never added: it counts for nothing, and has ended."""
    return State(*DISCARDED, expires_at=int(now.timestamp()))


def change(state: State, event: Event, now: datetime) -> State:
    """Return the state after an event. Raises ImpossibleChange."""
    phase = CHANGES[event].get(state.phase)
    if phase is None:
        raise ImpossibleChange(f"{state.status}, {event}")
    if phase == REJECTED and state.has_renditions:
        phase = READY
    return State(
        *phase,
        has_renditions=state.has_renditions or phase == READY,
        expires_at=_get_expiry(state, phase, now),
        leased_until=_add(now, PROCESSING_LEASE) if phase == PROCESSING else None,
        trash_ends_at=state.trash_ends_at,
    )


def resolve(state: State, now: datetime) -> State:
    """Return the state as readers see it now: a run whose lease has ended has failed."""
    if state.status is Status.PROCESSING and _is_past(state.leased_until, now):
        return replace(state, status=Status.FAILED)
    return state


def is_overdue(state: State) -> bool:
    """Tell whether the image failed because its lease ended."""
    return state.phase == FAILED and state.leased_until is not None


def has_ended(state: State, now: datetime) -> bool:
    """Tell whether the image is gone for every reader, even if DynamoDB has not deleted its row yet."""
    return _is_past(get_end(state), now)


def get_end(state: State) -> int | None:
    """Return when the image ends by itself, in seconds since 1970. None: it does not."""
    ends = [end for end in (state.expires_at, state.trash_ends_at) if end is not None]
    return min(ends, default=None)


def is_final(state: State) -> bool:
    """Tell whether processing has a result that a later event does not change."""
    return state.status in {Status.READY, Status.REJECTED}


def begins_revision(state: State, event: Event) -> bool:
    """Tell whether the image is made anew after an event, beside what it has."""
    return event is Event.RETRY and state.has_original


def takes_replacement(state: State) -> bool:
    """Tell whether other bytes may begin to replace those of the image."""
    return state.phase in {READY, FAILED}


def is_open(state: State, now: datetime) -> bool:
    """Tell whether a replacement may still become the image."""
    return not is_final(state) and not has_ended(state, now)


def awaits_upload(state: State) -> bool:
    """Tell whether the image still needs bytes that are verified."""
    return state.phase in {PENDING, STALLED}


def is_listed(state: State) -> bool:
    """Tell whether its owner's listings hold the image."""
    return state.status is not Status.PENDING


def has_good_bytes(state: State) -> bool:
    """Tell if its bytes seem to be those of a picture. Only such an image is a duplicate."""
    return state.status in {Status.PROCESSING, Status.READY}


def is_shown(state: State) -> bool:
    """Tell whether others may see the image, if its visibility lets them."""
    if state.trash_ends_at is not None:
        return False
    return state.status is Status.READY or (state.has_renditions and state.status is not Status.REJECTED)


def counts(state: State) -> bool:
    """Tell whether the image counts for its user's quota."""
    return state.has_original


def serves_original(state: State) -> bool:
    """Tell whether its owner can download the original."""
    return state.has_original and state.status is not Status.REJECTED


def _get_expiry(state: State, phase: Phase, now: datetime) -> int | None:
    if phase == PENDING:
        return state.expires_at
    return _add(now, LIFETIMES[phase]) if phase in LIFETIMES else None


def _add(now: datetime, duration: timedelta) -> int:
    return int((now + duration).timestamp())


def _is_past(seconds: int | None, now: datetime) -> bool:
    return seconds is not None and seconds <= now.timestamp()
