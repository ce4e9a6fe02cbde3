"""GIFs taken apart."""

import pytest

from imaging.animations.gif import read_parts, read_plays
from imaging.animations.parts import Disposal
from shared.inspection import inspect
from tests.support.animations import BLUE, CLEAR, KEEP, RED, RESTORE, GifFrame, make_gif

SIZE = (20, 10)
WHOLE = GifFrame((0, 0, *SIZE))


@pytest.mark.parametrize(("loops", "plays"), [(None, 1), (0, 0), (1, 2), (2, 3), (65_535, 65_536)])
def test_file_tells_how_often_it_plays_again(loops: int | None, plays: int) -> None:
    assert read_plays(make_gif(SIZE, [WHOLE, WHOLE], loops=loops)) == plays


def test_loops_may_have_another_name() -> None:
    data = make_gif(SIZE, [WHOLE, WHOLE], loops=1)
    assert read_plays(data.replace(b"NETSCAPE2.0", b"ANIMEXTS1.0")) == 2
    assert read_plays(data.replace(b"NETSCAPE2.0", b"NOTSCAPE2.0")) == 1


@pytest.mark.parametrize("is_global", [True, False])
def test_every_part_is_a_still_file_of_its_own_size(*, is_global: bool) -> None:
    boxes = [(0, 0, 20, 10), (3, 4, 5, 6), (19, 9, 1, 1)]
    parts = [*read_parts(make_gif(SIZE, [GifFrame(box) for box in boxes], is_global=is_global))]
    assert [(part.left, part.top) for part in parts] == [box[:2] for box in boxes]
    found = [inspect(part.data) for part in parts]
    assert [(still.width, still.height) for still in found] == [box[2:] for box in boxes]
    assert not any(still.animated for still in found)


@pytest.mark.parametrize(
    ("value", "disposal"),
    [
        (0, Disposal.KEEP),
        (KEEP, Disposal.KEEP),
        (CLEAR, Disposal.CLEAR),
        (RESTORE, Disposal.RESTORE),
        (7, Disposal.KEEP),
    ],
)
def test_disposal_and_time_are_those_of_the_control_block(value: int, disposal: Disposal) -> None:
    frames = [GifFrame((0, 0, *SIZE), (BLUE,), value, ticks=7), GifFrame((0, 0, *SIZE), (RED,), ticks=None)]
    first, second = read_parts(make_gif(SIZE, frames))
    assert (first.disposal, first.milliseconds) == (disposal, 70)
    assert (second.disposal, second.milliseconds) == (Disposal.KEEP, 0)
