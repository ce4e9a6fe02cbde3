"""Compares the time of `Decoder.render`, in the decoder's process, with that of `render` in the same process.

PYTHONPATH=src:. python benchmarks/decoder.py

The difference is the price of a separate process for each image: the fork, its limits, and the transfer
of the picture and the renditions. Starting the decoder takes time once for each execution environment of
the function.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.pictures import make_photo
from imaging.decoder import Decoder
from imaging.renditions import render
from processor.main import RENDER_CPU_SECONDS, RESERVED_BYTES

SMALL_PX, LARGE_PX = (640, 480), (6000, 4000)
SMALL_ROUNDS, LARGE_ROUNDS, STARTS = 40, 7, 7
MEMORY_BYTES = 2048 * 2**20 - RESERVED_BYTES
"""The memory that the processor's function leaves to the decoder."""
PATIENCE_SECONDS = 60.0


@contextmanager
def run_decoder() -> Iterator[Decoder]:
    decoder = Decoder(cpu_seconds=RENDER_CPU_SECONDS, memory_bytes=MEMORY_BYTES)
    decoder.start()
    try:
        yield decoder
    finally:
        decoder.stop()


def measure_seconds(function: Callable[[bytes], object], data: bytes) -> float:
    start = time.perf_counter()
    function(data)
    return time.perf_counter() - start


def measure_start_seconds(data: bytes) -> float:
    """Return the seconds from the start until the first picture is rendered, minus those for a second one."""
    start = time.perf_counter()
    with run_decoder() as decoder:
        decoder.render(data, PATIENCE_SECONDS)
        first = time.perf_counter() - start
        return first - measure_seconds(lambda picture: decoder.render(picture, PATIENCE_SECONDS), data)


def compare(decoder: Decoder, size: tuple[int, int], rounds: int) -> None:
    """Measure both ways with one photo, and print their medians."""
    width, height = size
    data = make_photo(width, height)
    contenders: dict[str, Callable[[bytes], object]] = {
        "render": render,
        "Decoder.render": lambda picture: decoder.render(picture, PATIENCE_SECONDS),
    }
    for run in contenders.values():
        run(data)  # the first run imports and allocates more than the others
    # In turns, so that other programs slow down both.
    times = [{name: measure_seconds(run, data) for name, run in contenders.items()} for _ in range(rounds)]
    medians = {name: statistics.median(seconds[name] for seconds in times) for name in contenders}
    print(f"{width} x {height} JPEG of {len(data) / 1e6:.2f} MB, median of {rounds} rounds")
    for name, seconds in medians.items():
        print(f"  {name:16}{seconds * 1000:8.1f} ms{seconds / medians['render']:8.2f} x render")


def main() -> None:
    with run_decoder() as decoder:
        compare(decoder, SMALL_PX, SMALL_ROUNDS)
        compare(decoder, LARGE_PX, LARGE_ROUNDS)
    small = make_photo(*SMALL_PX)
    seconds = statistics.median(measure_start_seconds(small) for _ in range(STARTS))
    print(f"starting the decoder: {seconds:.2f} s, median of {STARTS} starts")


if __name__ == "__main__":
    main()
