import pytest

from shared.errors import UnsupportedImage
from shared.headers.header import MAX_FRAMES, Header, require_few_frames


@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
def test_viewer_turns_the_picture_by_its_orientation(orientation: int | None) -> None:
    size = Header(80, 40, orientation=orientation).upright_size
    assert size == ((40, 80) if orientation in {5, 6, 7, 8} else (80, 40))


def test_frames_are_bounded() -> None:
    require_few_frames(MAX_FRAMES)
    with pytest.raises(UnsupportedImage, match="more than 10,000 frames"):
        require_few_frames(MAX_FRAMES + 1)
