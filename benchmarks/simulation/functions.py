"""Functions: their executions at once, how fast these grow, and the processors on which they run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import simpy

from benchmarks.simulation.tables import Bucket
from tests.support.capacity.limits import NEW_EXECUTIONS, NEW_EXECUTIONS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

type Run = Generator[simpy.Event, object]
"""A process of the simulation."""

RETRY_SECONDS = 0.05
"""Lambda looks for room again after this time, for runs that wait in its queue."""
SLICE_SECONDS = 0.005
"""Runs that share a processor take turns after this time."""


class ThrottledRun(Exception):
    """Nothing was free for a run that waits in no queue."""


@dataclass(frozen=True)
class Duration:
    """Seconds of a run: on a processor, in the emulated AWS, and waiting for others."""

    processor: float
    waiting: float = 0.0
    emulator: float = 0.0


class Hardware(Protocol):
    """Runs work."""

    def work(self, duration: Duration) -> Run: ...


@dataclass
class Cloud:
    """Each execution has a processor of its own, and the services are as fast as they always are."""

    env: simpy.Environment

    def work(self, duration: Duration) -> Run:
        yield self.env.timeout(duration.processor + duration.waiting)


@dataclass
class Machine:
    """All executions and the emulated AWS share some processors. The emulator uses one of them at a time."""

    env: simpy.Environment
    processors: int
    _cores: simpy.Resource = field(init=False)
    _emulator: simpy.Resource = field(init=False)

    def __post_init__(self) -> None:
        self._cores = simpy.Resource(self.env, self.processors)
        self._emulator = simpy.Resource(self.env, 1)

    def work(self, duration: Duration) -> Run:
        yield from self._compute(duration.emulator / 2, self._emulator)
        yield from self._compute(duration.processor, None)
        yield from self._compute(duration.emulator / 2, self._emulator)
        if duration.waiting:
            yield self.env.timeout(duration.waiting)

    def _compute(self, seconds: float, turn: simpy.Resource | None) -> Run:
        while seconds > 0:
            part = min(SLICE_SECONDS, seconds)
            if turn is None:
                yield from self._use_core(part)
            else:
                with turn.request() as mine:
                    yield mine
                    yield from self._use_core(part)
            seconds -= part

    def _use_core(self, seconds: float) -> Run:
        with self._cores.request() as core:
            yield core
            yield self.env.timeout(seconds)


@dataclass
class Account:
    """The executions that all functions share."""

    limit: int
    functions: list[Function] = field(default_factory=list)
    running: int = 0

    def dispatch(self) -> None:
        for function in self.functions:
            function.dispatch()


@dataclass
class Function:
    """A function. `reserved` executions are its own, and it never has more."""

    env: simpy.Environment
    account: Account
    reserved: int | None = None
    cold_seconds: float = 0.0
    running: int = 0
    peak: int = 0
    runs: int = 0
    is_paused: bool = False
    """True: no run begins."""
    _idle: int = 0
    _growth: Bucket = field(
        default_factory=lambda: Bucket(NEW_EXECUTIONS / NEW_EXECUTIONS_SECONDS, NEW_EXECUTIONS)
    )
    _waiting: deque[simpy.Event] = field(default_factory=deque)
    _is_retrying: bool = False

    def __post_init__(self) -> None:
        self.account.functions.append(self)

    def run(self, body: Callable[[], Run], *, waits: bool) -> Run:
        """Run the body in an execution. If none is free, wait for one in a queue, or raise ThrottledRun."""
        if waits:
            turn = self.env.event()
            self._waiting.append(turn)
            self.dispatch()
            is_cold = yield turn
        elif self._can_begin():
            is_cold = self._begin()
        else:
            raise ThrottledRun
        try:
            if is_cold:
                yield self.env.timeout(self.cold_seconds)
            yield from body()
        finally:
            self._end()

    def dispatch(self) -> None:
        """Begin the runs that wait, as far as there is room."""
        while self._waiting and self._can_begin():
            self._waiting.popleft().succeed(self._begin())
        if self._waiting and not self._is_retrying:
            self._is_retrying = True
            self.env.process(self._retry())

    def _retry(self) -> Run:
        yield self.env.timeout(RETRY_SECONDS)
        self._is_retrying = False
        self.dispatch()

    def _can_begin(self) -> bool:
        if self.reserved is None:
            is_free = self.account.running < self.account.limit
        else:
            is_free = self.running < self.reserved
        return (
            not self.is_paused
            and is_free
            and (self._idle > 0 or not self._growth.compute_wait(self.env.now, 1))
        )

    def _begin(self) -> bool:
        """Return whether the execution is new."""
        is_cold = not self._idle
        if is_cold:
            self._growth.take(self.env.now, 1)
        else:
            self._idle -= 1
        self.runs += 1
        self.running += 1
        self.peak = max(self.peak, self.running)
        if self.reserved is None:
            self.account.running += 1
        return is_cold

    def _end(self) -> None:
        self._idle += 1
        self.running -= 1
        if self.reserved is None:
            self.account.running -= 1
        self.account.dispatch()
