"""Measures the memory and the processor time of `render` for the largest images, and compares plain Pillow.

PYTHONPATH=src:. python benchmarks/rendering_memory.py

Each measurement runs in a new process that reads the picture from a file. In production, `render` runs in
a fork of a clean decoder process (`imaging.decoder` and `imaging.worker`), next to the process of the
function. So the function as a whole needs more than the figure here: its own process, with a second copy
of the upload and of the renditions. The idle memory of the decoder is part of the figure, because a
fork shares it with the process that it comes from. `RESERVED_BYTES` in `processor/main.py` is set aside
for everything else.
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
MAX_MEMORY_MB = 1833
"""Memory that the processor's function leaves to `render`: 2048 MiB minus `RESERVED_BYTES`."""


@dataclass(frozen=True)
class Picture:
    """A picture to render."""

    label: str
    width: int
    height: int
    image_format: str = "JPEG"
    progressive: bool = False
    grain: float = 12
    """A PNG with the grain of a photo would be larger than an upload may be."""

    def save(self, path: Path) -> None:
        from benchmarks.pictures import make_photo  # noqa: PLC0415 - only the other processes import Pillow

        photo = make_photo(
            self.width, self.height, self.image_format, progressive=self.progressive, grain=self.grain
        )
        path.write_bytes(photo)


@dataclass(frozen=True)
class Usage:
    """The memory and the processor time of one process."""

    idle_mb: float
    """Its largest memory before it read the picture."""
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
    # The peak of a new process includes the memory of its parent. So this process does not import Pillow.
    with (
        TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes,
    ):
        path = Path(folder, "picture")
        print(f"highest memory and lowest processor time of {ROUNDS} rounds; x: ratio to plain Pillow")
        for picture in PICTURES:
            processes.submit(picture.save, path).result()
            # In turns, so that other programs slow down both.
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
    """Return the highest memory, and the lowest time, because other programs can only add to the time."""
    return Usage(
        max(usage.idle_mb for usage in rounds),
        max(usage.peak_mb for usage in rounds),
        min(usage.cpu_seconds for usage in rounds),
    )


if __name__ == "__main__":
    main()
