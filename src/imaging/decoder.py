"""Has another process render images and make variants, and checks everything that it sends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from imaging.frames import Channel, ChannelClosed
from imaging.isolation import hide_memory
from imaging.orders import Order, Task, send_order
from imaging.reports import (
    DecoderError,
    InvalidReport,
    Rendered,
    receive_animation,
    receive_rendered,
    receive_variant,
)
from shared.errors import UnacceptableImage, Unavailable
from shared.inspection import inspect
from shared.metrics import Metric, Metrics
from shared.observability import get_logger
from shared.renditions import RenditionName
from shared.variants import Variant

NUMBER_BYTES = 8
KIB, MEGABYTE = 2**10, 10**6
INHERITED_VARIABLES = ("LANG", "LD_LIBRARY_PATH", "PATH", "TZ")
"""The only variables that the decoder's process gets. Credentials are in others."""


@dataclass(frozen=True)
class _Worker:
    """The decoder's process, and the socket that leads to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def stop(self) -> None:
        self.control.close()
        self.process.kill()
        self.process.wait()


class Decoder:
    """Starts the decoder's process, and has it work on one image at a time.

    `command` is what the Python of that process runs; it gets the control socket and the bounds as arguments.
    """

    def __init__(
        self,
        *,
        cpu_seconds: int,
        memory_bytes: int,
        metrics: Metrics | None = None,
        command: Sequence[str] = ("-m", "imaging.worker"),
    ) -> None:
        self._metrics = metrics or Metrics()
        self._command = [*command, str(cpu_seconds), str(memory_bytes)]
        self._worker: _Worker | None = None

    def start(self) -> None:
        """Start the process, which takes a moment to import what it needs. It may run already."""
        self._get_worker()

    def stop(self) -> None:
        """End the process, so that the next image gets a new one."""
        if self._worker:
            self._worker.stop()
            self._worker = None

    def render(self, data: bytes, seconds: float) -> Rendered:
        """Make the renditions of an image. Raises as `_work` does, but never for its animation."""
        deadline = time.monotonic() + seconds
        rendered = self._work(data, Task.STILLS, seconds, receive_rendered)
        try:
            if inspect(data).animated:
                rendered.renditions[RenditionName.ANIMATION] = self._work(
                    data, Task.ANIMATION, deadline - time.monotonic(), receive_animation
                )
        except (UnacceptableImage, Unavailable) as error:
            get_logger().info("animation left out", reason=error.detail)
        except DecoderError:
            get_logger().exception("animation failed")
        return rendered

    def make_variant(self, data: bytes, variant: Variant, seconds: float) -> bytes:
        """Make a variant of an image. Raises as `_work` does."""
        return self._work(data, variant, seconds, partial(receive_variant, variant=variant))

    def _work[T](self, data: bytes, order: Order, seconds: float, receive: Callable[[Channel], T]) -> T:
        """Raises UnacceptableImage for an image that cannot be decoded within the bounds, Unavailable if
        `seconds` are not enough or the process is killed, and InvalidReport or DecoderError for mistakes.
        """
        try:
            return self._order(data, order, seconds, receive)
        except (OSError, ChannelClosed) as error:
            self.stop()
            raise Unavailable from error
        except InvalidReport:
            self.stop()
            raise

    def _order[T](self, data: bytes, order: Order, seconds: float, receive: Callable[[Channel], T]) -> T:
        worker = self._get_worker()
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(worker.control, [b"\0"], [theirs.fileno()])
            child = int.from_bytes(_receive(worker.control))
            exit_code: int | None = None
            try:
                channel = Channel(ours, seconds=seconds)
                send_order(channel, data, order)
                return receive(channel)
            except TimeoutError as error:
                raise Unavailable("There was not enough time to process the image.") from error
            except (ChannelClosed, ConnectionError) as error:
                exit_code = self._end(worker.control, child)
                if exit_code == -signal.SIGXCPU:
                    raise UnacceptableImage("The image takes too long to decode.") from error
                raise Unavailable("Processing was interrupted.") from error
            finally:
                if exit_code is None:
                    self._end(worker.control, child)

    def _end(self, control: socket.socket, child: int) -> int:
        """End the process of an image, and return its exit code."""
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        exit_code, cpu_ms, memory_kib = (int.from_bytes(_receive(control), signed=True) for _ in range(3))
        self._metrics.add(Metric.DECODER_SECONDS, cpu_ms / 1000)
        self._metrics.add(Metric.DECODER_MEMORY, memory_kib * KIB / MEGABYTE)
        return exit_code

    def _get_worker(self) -> _Worker:
        if self._worker and self._worker.process.poll() is not None:
            self.stop()
        if self._worker is None:
            self._worker = self._start_worker()
        return self._worker

    def _start_worker(self) -> _Worker:
        hide_memory()
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        *module, cpu_seconds, memory_bytes = self._command
        with theirs, ExitStack() as stack:
            stack.enter_context(ours)
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, *module, str(theirs.fileno()), cpu_seconds, memory_bytes],
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
            stack.pop_all()  # the worker keeps our socket
        return _Worker(process, ours)


def _receive(control: socket.socket) -> bytes:
    message = control.recv(NUMBER_BYTES, socket.MSG_WAITALL)
    if len(message) < NUMBER_BYTES:
        raise ChannelClosed
    return message
