"""The decoder's process. It forks once for each image, and the fork can reach nothing but its own socket.

usage: python -m imaging.worker CONTROL_FD CPU_SECONDS MEMORY_BYTES

`imaging.decoder` starts it with an empty environment. So it never held credentials, and a decoder that an
image has taken over finds none in its memory. It can open no file and no socket, it can start no process and
no thread, it can neither live longer nor grow larger than its bounds, and it can read the memory of no other
process.
The control socket brings the socket of each image, and takes the id of its process. At its end it takes the
exit code, the processor time in milliseconds and the largest memory in KiB, as the kernel counts them.
"""

import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable

from imaging import orders, reports
from imaging.animations.animation import make_animation
from imaging.frames import Channel
from imaging.heap import reserve_heap
from imaging.isolation import Bounds, hide_memory, limit_resources
from imaging.orders import Task
from imaging.parsing import load_plugins
from imaging.renditions import render
from imaging.reports import send_bytes, send_failure, send_refusal, send_rendered
from imaging.variants import make_variant
from shared.errors import UnacceptableImage

NUMBER_BYTES = 8
MAX_OPEN_FILES = 1024

type Handle = Callable[[Channel], None]
"""Reads an order from a channel, and sends the report of its image."""


def handle_image(channel: Channel) -> None:
    data, order = orders.receive_order(channel)
    try:
        match order:
            case Task.STILLS:
                send_rendered(channel, render(data))
            case Task.ANIMATION:
                send_bytes(channel, make_animation(data))
            case variant:
                send_bytes(channel, make_variant(data, variant))
    except UnacceptableImage as error:
        send_refusal(channel, error)
    except MemoryError:
        send_refusal(channel, UnacceptableImage("The image takes more memory to decode than there is."))
    except Exception as error:  # noqa: BLE001 - the other side raises it
        send_failure(channel, "".join(traceback.format_exception(error)))


def serve(control: socket.socket, bounds: Bounds, handle: Handle) -> None:
    """Handle one image after the other, until the other side closes the control socket."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        (descriptor,) = descriptors
        child = os.fork()
        if child == 0:
            _run_child(descriptor, bounds, handle)
        os.close(descriptor)
        control.sendall(child.to_bytes(NUMBER_BYTES))
        is_awaited = _await_end(child, control)
        _, status, use = os.wait4(child, 0)
        if not is_awaited:
            return
        cpu_ms = round((use.ru_utime + use.ru_stime) * 1000)
        numbers = (os.waitstatus_to_exitcode(status), cpu_ms, use.ru_maxrss)
        control.sendall(b"".join(number.to_bytes(NUMBER_BYTES, signed=True) for number in numbers))


def _await_end(child: int, control: socket.socket) -> bool:
    """Return False if the other side ended before the process of an image. Then it has ended that, too."""
    process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    poll.register(control, select.POLLIN)  # nothing comes before the process has ended
    has_ended = any(descriptor == process for descriptor, _ in poll.poll())
    os.close(process)
    if not has_ended:
        os.kill(child, signal.SIGKILL)
    return has_ended


def _run_child(descriptor: int, bounds: Bounds, handle: Handle) -> None:
    exit_code = 1
    try:
        os.closerange(0, descriptor)
        os.closerange(descriptor + 1, MAX_OPEN_FILES)
        limit_resources(bounds)
        reserve_heap()
        handle(Channel(socket.socket(fileno=descriptor)))
        exit_code = 0
    finally:
        os._exit(exit_code)  # no cleanup of the parent runs here


def main(arguments: list[str], handle: Handle = handle_image) -> None:
    control_fd, cpu_seconds, memory_bytes = map(int, arguments)
    hide_memory()
    load_plugins()
    orders.make_adapter()  # builds the models once, not in every fork
    reports.make_adapter()
    serve(socket.socket(fileno=control_fd), Bounds(cpu_seconds, memory_bytes), handle)


if __name__ == "__main__":
    main(sys.argv[1:])
