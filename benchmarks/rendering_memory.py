"""How much memory and processor time `render` takes for the largest images, beside plain Pillow.

PYTHONPATH=src:. python benchmarks/rendering_memory.py

Every measurement has a process of its own, which is started anew and finds the picture in a file.
"""

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 3
MAX_MEMORY_MB = 1769
"""What a Lambda function with one full processor has."""


@dataclass(frozen=True)
class Picture:
    """What is rendered."""

    label: str
    width: int
    height: int
    image_format: str = "JPEG"
    progressive: bool = False
    grain: float = 12
    """A PNG with that of a photo would be larger than what may be uploaded."""

    def save(self, path: Path) -> None:
        from benchmarks.pictures import make_photo  # noqa: PLC0415 - only processes that need it have Pillow

        photo = make_photo(
            self.width, self.height, self.image_format, progressive=self.progressive, grain=self.grain
        )
        path.write_bytes(photo)


@dataclass(frozen=True)
class Usage:
    """What one process took."""

    idle_mb: float
    """At its peak, before the picture was read."""
    peak_mb: float
    cpu_seconds: float

    @property
    def is_within_memory(self) -> bool:
        return self.peak_mb <= MAX_MEMORY_MB


PICTURES = (
    Picture("12 MP JPEG", 4000, 3000),
    Picture("100 MP JPEG", 12_500, 8000),
    Picture("100 MP progressive JPEG", 12_500, 8000, progressive=True),
    Picture("50 MP PNG", 8000, 6250, "PNG", grain=1),
)


def measure_render(path: Path) -> Usage:
    from imaging.renditions import render  # noqa: PLC0415 - see `Picture.save`

    return measure(render, path)


def measure_plain_pillow(path: Path) -> Usage:
    from PIL import Image  # noqa: PLC0415 - see `Picture.save`

    from benchmarks.renditions import render_naively  # noqa: PLC0415 - same

    Image.MAX_IMAGE_PIXELS = None
    return measure(render_naively, path)


def measure(function: Callable[[bytes], object], path: Path) -> Usage:
    idle_mb = get_peak_mb()
    data = path.read_bytes()
    start = time.process_time()
    function(data)
    return Usage(idle_mb, get_peak_mb(), time.process_time() - start)


def get_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    # A process that is forked from a large one counts as large: this one stays small, and imports no Pillow.
    with (
        TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes,
    ):
        path = Path(folder, "picture")
        print(f"the most memory and the least processor time of {ROUNDS} rounds; x: ratio to plain Pillow")
        for picture in PICTURES:
            processes.submit(picture.save, path).result()
            # In turns, so that whatever else the machine does meets both.
            rounds = [
                [processes.submit(run, path).result() for run in (measure_render, measure_plain_pillow)]
                for _ in range(ROUNDS)
            ]
            ours, plain = (sum_up(usages) for usages in zip(*rounds, strict=True))
            print(
                f"{picture.label:24}{path.stat().st_size / 1e6:6.1f} MB:"
                f"{ours.peak_mb:6.0f} MB{ours.peak_mb / plain.peak_mb:6.2f} x ({ours.idle_mb:.0f} MB idle)"
                f"{ours.cpu_seconds:7.2f} s{ours.cpu_seconds / plain.cpu_seconds:6.2f} x,"
                f" {'' if ours.is_within_memory else 'NOT '}within {MAX_MEMORY_MB} MB;"
                f" plain Pillow{plain.peak_mb:6.0f} MB{plain.cpu_seconds:7.2f} s"
            )


def sum_up(rounds: Sequence[Usage]) -> Usage:
    """What disturbs a measurement only ever adds to the time; of memory, the worst counts."""
    return Usage(
        max(usage.idle_mb for usage in rounds),
        max(usage.peak_mb for usage in rounds),
        min(usage.cpu_seconds for usage in rounds),
    )


if __name__ == "__main__":
    main()
