from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images.names import MAX_NAME_BYTES, choose_names, escape

ID = "2f558fa9-4299-4440-9b39-9c0420c74f81"
OTHER_ID = "3e2df0a1-7d5e-4b9a-8a52-9f27f4b6a0c3"
HOSTILE_TEXTS = st.text(st.sampled_from("./\\\0:*a\u202e\x1b~\n é日👩\u200d\ud800") | st.characters())


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Möbel 日本 👩\u200d🚀.jpg", "Möbel 日本 👩\u200d🚀.jpg"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("/etc/ssh/sshd_config", "_etc_ssh_sshd_config"),
        (".bashrc", "bashrc"),
        ("C:evil.exe", "C_evil.exe"),
        ("con.jpg", "_con.jpg"),
        ("LPT1", "_LPT1"),
        ("COM¹.jpg", "_COM¹.jpg"),
        ("con .jpg", "_con .jpg"),
        ("CONIN$", "_CONIN$"),
        ("console.jpg", "console.jpg"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("a\x1b[2J\n.png", "a_[2J_.png"),
        ("..", ID),
        ("", ID),
    ],
)
def test_name_is_one_that_a_folder_can_take(filename: str, name: str) -> None:
    assert choose_names(filename, ID, set())[0] == name


@given(st.lists(HOSTILE_TEXTS))
def test_no_name_leaves_the_folder_and_no_two_images_share_one(filenames: list[str]) -> None:
    folder = Path("/backup")
    taken: set[str] = set()
    names = [
        name
        for number, filename in enumerate(filenames)
        for name in choose_names(filename, f"{number:08x}{ID[8:]}", taken)
    ]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert (folder / name).parent == folder
        assert not name.startswith(".")
        assert name.isprintable() or "\u200d" in name or "\u200c" in name
        assert len(name.encode()) <= MAX_NAME_BYTES


def test_same_name_in_another_case_or_form_gets_the_id() -> None:
    taken: set[str] = set()
    choose_names("Café.JPG", ID, taken)
    assert choose_names("cafe\u0301.jpg", OTHER_ID, taken) == [f"cafe\u0301 {OTHER_ID}.jpg"]


def test_name_that_looks_like_that_of_another_image_is_not_taken() -> None:
    assert choose_names(f"a {OTHER_ID}.png", ID, set()) == [f"a {OTHER_ID} {ID}.png"]


@pytest.mark.parametrize("filename", ["日" * 251 + ".jpg", "a." + "b" * 253, "x" * 255])
def test_long_name_is_cut_and_keeps_its_suffix(filename: str) -> None:
    for name in choose_names(filename, ID, set()):
        assert len(name.encode()) <= MAX_NAME_BYTES
        assert name.endswith(".jpg") == filename.endswith(".jpg")


def test_line_has_no_signs_that_change_a_terminal_or_a_column() -> None:
    assert escape("a\tb\x1b[31m\n\u202e\udcff日") == "a\\tb\\x1b[31m\\n\\u202e\\udcff日"


def test_long_names_that_are_cut_to_the_same_are_told_apart() -> None:
    taken: set[str] = set()
    assert len(choose_names("日" * 100 + "a.jpg", ID, taken)) == 2
    assert choose_names("日" * 100 + "b.jpg", OTHER_ID, taken)[0].endswith(f" {OTHER_ID}.jpg")
