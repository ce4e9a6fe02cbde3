import pytest

from imaging.parsing import load_plugins, open_image, read_exif
from shared.headers.header import DamagedImage, Header
from tests.support.pictures import make_animation, make_photo, make_picture


def test_opening_does_not_decode() -> None:
    with open_image(make_picture()) as (image, *_):
        assert image.tile


def test_image_comes_with_the_header_that_was_read_before() -> None:
    with open_image(make_photo(6)) as (image, header, _):
        assert header == Header(40, 80, orientation=6)
        assert image.size == (40, 80)


def test_image_that_is_not_as_its_header_says_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record has the size in the header. Pillow must not draw another one."""
    monkeypatch.setattr("imaging.parsing.read_header", lambda *_: Header(40, 80))
    with pytest.raises(DamagedImage), open_image(make_picture()):
        pytest.fail("it was opened")


def test_exif_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaging.parsing.MAX_EXIF_BYTES", 20)
    with open_image(make_photo(6)) as (image, _, source):
        assert not read_exif(image, source)


def test_frames_of_a_gif_are_not_walked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk through its blocks has counted them already."""
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(pytest.fail))
    with open_image(make_animation("GIF")) as (image, *_):
        assert image.format == "GIF"


def test_avif_is_decoded_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of an image can start none."""
    load_plugins()
    monkeypatch.setattr("PIL.AvifImagePlugin.DEFAULT_MAX_THREADS", 0)
    threads: list[int] = []
    monkeypatch.setattr(
        "PIL.AvifImagePlugin._avif.AvifDecoder", lambda *arguments: threads.append(arguments[2])
    )
    with pytest.raises(DamagedImage), open_image(make_picture("AVIF")):
        pytest.fail("it was opened")
    assert threads == [1]
