import pytest

from shared.renditions import STILLS, Fit, RenditionName


def test_renditions_are_those_of_the_contract() -> None:
    assert {str(name): (name.width, name.height, name.fit, name.moves) for name in RenditionName} == {
        "thumbnail": (256, 256, "inside", False),
        "small": (640, 640, "inside", False),
        "medium": (1280, 1280, "inside", False),
        "large": (2000, 2000, "inside", False),
        "animation": (640, 640, "inside", True),
    }


def test_every_image_has_those_that_do_not_move() -> None:
    assert STILLS == ("thumbnail", "small", "medium", "large")


def test_edge_is_the_longer_side_of_the_box() -> None:
    assert RenditionName.SMALL.edge_px == 640


def test_name_of_a_rendition_is_a_text_and_is_found_by_it() -> None:
    assert RenditionName("small") is RenditionName.SMALL  # type: ignore[call-arg] # found by its value
    assert f"{RenditionName.SMALL}.webp" == "small.webp"
    assert {"small": 1}[RenditionName.SMALL] == 1


@pytest.mark.parametrize("name", ["Small", "huge", "640", "inside"])
def test_other_texts_name_no_rendition(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        RenditionName(name)  # type: ignore[call-arg] # same


def test_picture_can_fit_in_two_ways() -> None:
    assert [*Fit] == ["inside", "cover"]
