import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.limits import MAX_FILENAME_CHARS
from app.requests.fields import clean_filename, make_default_filename


@pytest.mark.parametrize(
    "name",
    [
        "photo.jpg",
        "IMG (1).jpg",
        "Grüße aus Köln.jpg",
        "写真.png",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.jpg",
        "👨\u200d👩\u200d👧.jpg",
        '12" vinyl; side a.jpg',
        ".htaccess",
        "no extension",
        "%2e%2e%2fx",
        "<img src=x onerror=alert(1)>.jpg",
        "...",
        "x" * 255,
    ],
)
def test_a_harmless_name_stays_as_it_is(name: str) -> None:
    assert clean_filename(name) == name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("C:\\Users\\ana\\cat.png", "cat.png"),
        ("/etc/passwd", "passwd"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/b\\c.jpg", "c.jpg"),
    ],
)
def test_of_a_path_the_last_component_stays(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("a\0b\x07c\x1b[31m.jpg", "abc[31m.jpg"),
        ("a\r\nX-Evil: 1.jpg", "aX-Evil: 1.jpg"),
        ("a\x85\u2028b.jpg", "ab.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("\u2067\u200fa\u061c.jpg", "a.jpg"),
        ("\ufeffa\ud800.jpg", "a.jpg"),
        ("  a.jpg\t ", "a.jpg"),
    ],
)
def test_controls_bidirectional_marks_and_outer_spaces_go(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@pytest.mark.parametrize("name", ["", " ", ".", "..", ".\0.", "a/", "a/..", "a/ ", "\u202e", "\\"])
def test_a_name_of_which_nothing_remains_is_empty(name: str) -> None:
    assert clean_filename(name) == ""


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("x" * 300, "x" * 255),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("x" * 300 + ".tar.gz", "x" * 252 + ".gz"),
        ("x." + "y" * 300, "x." + "y" * 253),
        ("." + "y" * 300, "." + "y" * 254),
        ("x" + " " * 300 + ".jpg", "x.jpg"),
    ],
)
def test_a_long_name_is_cut_and_keeps_its_extension(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@given(st.text(st.characters(codec=None)) | st.text("./\\ \0\u202ea", max_size=300))
def test_every_cleaned_name_is_harmless_and_cleaning_it_again_changes_nothing(name: str) -> None:
    cleaned = clean_filename(name)
    assert len(cleaned) <= MAX_FILENAME_CHARS
    assert not set(cleaned) & set("/\\\0\r\n\u202e")
    assert cleaned not in {".", ".."}
    assert cleaned == cleaned.strip()
    assert cleaned == clean_filename(cleaned)
    cleaned.encode()


def test_an_image_without_a_name_is_named_after_its_type() -> None:
    assert make_default_filename("image/webp") == "image.webp"
