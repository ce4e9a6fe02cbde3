"""Compares what keeps strangers' bytes away from credentials with doing without it.

PYTHONPATH=src:. python benchmarks/decoder.py

- The inspection of an upload: `inspect` reads headers in Python. Its peer opens the image with Pillow in the
  same process, as the API once did. Both run in new processes, too, where their imports count.
- A photo becomes `ready`: the processor, without the time of AWS's calls, with `Decoder.render`, which forks
  a process for each image. Its peer is `render` in the function's own process.

Starting the decoder takes time once for each execution environment of the function.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from tempfile import NamedTemporaryFile

from benchmarks.pictures import make_photo
from imaging.decoder import Decoder
from imaging.parsing import load_plugins
from imaging.renditions import render
from processor.main import RENDER_CPU_SECONDS, RESERVED_BYTES
from shared.inspection import CONTENT_TYPES, inspect
from tests.support.pictures import make_picture
from tests.support.pillow import inspect_with_pillow

SMALL_PX, TWELVE_MEGAPIXELS_PX, LARGE_PX = (640, 480), (4000, 3000), (6000, 4000)
SMALL_ROUNDS, PHOTO_ROUNDS, LARGE_ROUNDS, STARTS = 40, 11, 7, 7
INSPECTIONS, COLD_ROUNDS = 2000, 9
PICTURE_PX = 1000, 750
MEMORY_BYTES = 2048 * 2**20 - RESERVED_BYTES
"""The memory that the processor's function leaves to the decoder."""
PATIENCE_SECONDS = 60.0
COLD = """
import sys, time
data = open(sys.argv[1], "rb").read()
import app.main
start = time.process_time()
{statement}
print(time.process_time() - start)
"""
"""The CPU time of the first inspection in a process that has imported the API."""
STATEMENTS = {
    "Pillow": "from tests.support.pillow import inspect_with_pillow; inspect_with_pillow(data)",
    "inspect": "from shared.inspection import inspect; inspect(data)",
}


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


def measure_cpu_seconds(function: Callable[[bytes], object], data: bytes) -> float:
    """Return the CPU time of one inspection in a process that has made others before."""
    start = time.process_time()
    for _ in range(INSPECTIONS):
        function(data)
    return (time.process_time() - start) / INSPECTIONS


def measure_cold_seconds(statement: str, path: str) -> float:
    code = COLD.format(statement=statement)
    output = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)  # noqa: S603 - ours
    return float(output.stdout)


def compare(
    contenders: Mapping[str, Callable[[], float]], rounds: int, peer: str, unit_seconds: float
) -> None:
    """Measure all in turns, so that other programs slow down all of them. Print the medians."""
    times = [{name: measure() for name, measure in contenders.items()} for _ in range(rounds)]
    medians = {name: statistics.median(seconds[name] for seconds in times) for name in contenders}
    unit = "ms" if unit_seconds == 1e-3 else "us"  # noqa: PLR2004 - milliseconds or microseconds
    for name, seconds in medians.items():
        print(f"  {name:16}{seconds / unit_seconds:8.1f} {unit}{seconds / medians[peer]:9.3f} x {peer}")


def compare_inspections(image_format: str) -> None:
    data = make_picture(image_format, *PICTURE_PX)
    print(f"inspection of a {image_format}, CPU time, warm")
    contenders = {"Pillow": inspect_with_pillow, "inspect": inspect}
    compare(
        {name: partial(measure_cpu_seconds, function, data) for name, function in contenders.items()},
        1,
        "Pillow",
        1e-6,
    )
    print(f"inspection of a {image_format}, CPU time of the first one in a process")
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        compare(
            {name: partial(measure_cold_seconds, code, file.name) for name, code in STATEMENTS.items()},
            COLD_ROUNDS,
            "Pillow",
            1e-3,
        )


def compare_renderers(decoder: Decoder, size: tuple[int, int], rounds: int) -> None:
    width, height = size
    data = make_photo(width, height)
    contenders: dict[str, Callable[[bytes], object]] = {
        "render": render,
        "Decoder.render": lambda picture: decoder.render(picture, PATIENCE_SECONDS),
    }
    for run in contenders.values():
        run(data)  # the first run imports and allocates more than the others
    print(f"{width} x {height} JPEG of {len(data) / 1e6:.2f} MB, median of {rounds} rounds")
    compare(
        {name: partial(measure_seconds, run, data) for name, run in contenders.items()},
        rounds,
        "render",
        1e-3,
    )


def main() -> None:
    for image_format in CONTENT_TYPES:
        compare_inspections(image_format)
    load_plugins()
    with run_decoder() as decoder:
        compare_renderers(decoder, SMALL_PX, SMALL_ROUNDS)
        compare_renderers(decoder, TWELVE_MEGAPIXELS_PX, PHOTO_ROUNDS)
        compare_renderers(decoder, LARGE_PX, LARGE_ROUNDS)
    small = make_photo(*SMALL_PX)
    seconds = statistics.median(measure_start_seconds(small) for _ in range(STARTS))
    print(f"starting the decoder: {seconds:.2f} s, median of {STARTS} starts")


if __name__ == "__main__":
    main()
