import pytest

from shared.errors import UnsupportedImage
from shared.headers import heif
from shared.headers.boxes import BoxReader
from shared.headers.header import DamagedImage, Header
from shared.headers.heif import read_item
from tests.support.boxes import make_box, make_meta, make_size

IROT, IMIR = make_box(b"irot", b"\x01"), make_box(b"imir", b"\x00")


def read(meta: bytes) -> Header:
    return read_item(BoxReader(meta))


@pytest.mark.parametrize("is_long", [False, True])
def test_size_is_that_of_the_primary_item(is_long: bool) -> None:
    essential = 0x8000 if is_long else 0x80
    meta = make_meta(make_size(1, 1), make_size(), numbers=(essential | 2,), is_long=is_long)
    assert read(meta) == Header(80, 40)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [None, 0, 1])
def test_item_is_turned_and_then_mirrored(turns: int, mirror: int | None) -> None:
    rotation = make_box(b"irot", bytes([turns]))
    mirrors = [] if mirror is None else [make_box(b"imir", bytes([mirror]))]
    orientation = read(make_meta(make_size(), rotation, *mirrors)).orientation
    expected: dict[int | None, list[int | None]] = {
        None: [None, 8, 3, 6],
        0: [4, 5, 2, 7],
        1: [2, 7, 4, 5],
    }
    assert orientation == expected[mirror][turns]


def test_property_of_no_item_does_not_count() -> None:
    assert read(make_meta(make_size(), IROT, IMIR, numbers=(1,))).orientation is None


@pytest.mark.parametrize("numbers", [(), (0,), (2,), (9,)])
def test_item_without_a_size_is_damage(numbers: tuple[int, ...]) -> None:
    with pytest.raises(DamagedImage):
        read(make_meta(make_size(), IROT, numbers=numbers))


@pytest.mark.parametrize("is_long", [False, True])
def test_item_must_lie_in_the_file(is_long: bool) -> None:
    length = len(make_meta(make_size(), is_long=is_long))
    assert read(make_meta(make_size(), is_long=is_long, end=length)) == Header(80, 40)
    with pytest.raises(DamagedImage):
        read(make_meta(make_size(), is_long=is_long, end=length + 1))


def test_items_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heif.MAX_ITEMS == 10_000
    monkeypatch.setattr(heif, "MAX_ITEMS", 1)
    assert read(make_meta(make_size())) == Header(80, 40)
    with pytest.raises(UnsupportedImage, match="more than 1 items"):
        read(make_meta(make_size(), items=2))


def test_item_that_no_property_belongs_to_is_damage() -> None:
    meta = make_meta(make_size())
    with pytest.raises(DamagedImage):
        read(meta.replace(b"ipma", b"free"))
