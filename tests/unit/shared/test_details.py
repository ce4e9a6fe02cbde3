from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.details import Filename, Tag, Tags, UtcDatetime, clean_filename, make_default_filename
from shared.texts import clean_text
from tests.support.images import START

LOST_PLUS = "has a space where its offset begins; in a query, write + as %2B"


def read(field: Any, value: object) -> Any:  # noqa: ANN401 - any field, and what it holds
    """Return the value as the field keeps it, or the error's message."""
    try:
        return TypeAdapter(field).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")


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
def test_last_component_of_a_path_stays(name: str, cleaned: str) -> None:
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
        ("invoice\u3164.p\u00addf\u200b", "invoice.pdf"),
        ("Cafe\u0301.jpg", "Caf\u00e9.jpg"),
    ],
)
def test_controls_bidirectional_marks_and_outer_spaces_go(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@pytest.mark.parametrize("name", ["", " ", ".", "..", ".\0.", "a/", "a/..", "a/ ", "\u202e", "\\"])
def test_name_without_harmless_characters_becomes_empty(name: str) -> None:
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
        ("x" * 249 + "👩\u200d" * 9 + ".jpg", "x" * 249 + "👩.jpg"),
        ("x" * 250 + "👩\u200d" * 9, "x" * 250 + "👩\u200d👩\u200d👩"),
        ("x" * 251 + "👩\u200d" * 9, "x" * 251 + "👩\u200d👩"),
    ],
)
def test_a_long_name_is_cut_and_keeps_its_extension(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned


@given(st.text(st.characters(codec=None)) | st.text("./\\ \0\u202ea\u0301\u200d\ufe0f❤", max_size=300))
def test_every_cleaned_name_is_harmless_and_cleaning_it_again_changes_nothing(name: str) -> None:
    cleaned = clean_filename(name)
    assert len(cleaned) <= 255
    assert not set(cleaned) & set("/\\\0\r\n\u202e")
    assert cleaned not in {".", ".."}
    assert cleaned == cleaned.strip()
    assert cleaned == clean_filename(cleaned) == clean_text(cleaned)
    cleaned.encode()


def test_an_image_without_a_name_is_named_after_its_type() -> None:
    assert make_default_filename("image/webp") == "image.webp"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("sea", "sea"),
        (" sea side\u2003", "sea side"),
        ("x" * 50, "x" * 50),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u202eaes\u200b ", "aes"),
        ("\U0001d160" * 16, "\U0001d158\U0001d165\U0001d16e" * 16),
        ("\U0001d160" * 17, "has more than 50 characters in NFC"),
        ("\u200d", "is blank"),
        ("\u3164 \u2060", "is blank"),
        ("a,b", "holds a comma or a control character"),
        ("a\n", "holds a comma or a control character"),
        ("a\x85", "holds a comma or a control character"),
        ("\t", "holds a comma or a control character"),
        ("\u2003", "is blank"),
        (" ", "is blank"),
    ],
)
def test_tag_is_a_text_without_commas_and_controls(tag: str, expected: str) -> None:
    assert read(Tag, tag) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["b", "a", "b", " a "], ("b", "a")),
        (("a",), ("a",)),
        (["Sea", "SEA", "s\u200bea", "see"], ("Sea", "see")),
        (["Cafe\u0301", "caf\u00e9", "CAF\u00c9"], ("Caf\u00e9",)),
        ([f"t{number}" for number in range(21)], "has more than 20 elements"),
    ],
)
def test_tags_are_kept_once_in_their_order(value: object, expected: object) -> None:
    assert read(Tags, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-01T02:00:00+02:00", START),
        ("2026-01-01t00:00:00z", START),
        ("2026-01-01 00:00:00Z", START),
        ("2026-01-01T00:00:00.5Z", START.replace(microsecond=500_000)),
        ("2026-01-01", START),
        ("2026-01-01T02:00:00 02:00", LOST_PLUS),
        ("2026-01-01 02:00:00.25 0200", LOST_PLUS),
        ("2026-02-30", "Input should be a valid datetime or date, day value is outside expected range"),
        (
            "2026-01-01x",
            "Input should be a valid datetime or date, unexpected extra characters at the end of the input",
        ),
        ("1767225600", "is not an RFC 3339 time or date"),
        (1767225600, "is not an RFC 3339 time or date"),
        ("2026-1-1T00:00:00Z", "is not an RFC 3339 time or date"),
        ("2026-01-01T00:00:00", "Input should have timezone info"),
        ("0001-01-01T00:00:00+14:00", "is out of range"),
        ("9999-12-31T23:00:00-02:00", "is out of range"),
    ],
)
def test_time_needs_its_offset_and_becomes_utc_as_a_date_does(value: object, expected: object) -> None:
    found = read(UtcDatetime, value)
    assert found == expected
    assert not isinstance(found, datetime) or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b.png", "b.png"),
        ("x" * 255, "x" * 255),
        ("../", "has no character that a file name can hold"),
        ("\u202e", "has no character that a file name can hold"),
    ],
)
def test_file_name_of_a_field_is_cleaned_and_never_empty(name: str, expected: str) -> None:
    assert read(Filename, name) == expected


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("x" * 239 + "." + "y" * 16, "x" * 238 + "." + "y" * 16),
        ("x" * 238 + "." + "y" * 17, "x" * 238 + "." + "y" * 16),
        ("x" * 256 + "." + "y" * 16, "x" * 238 + "." + "y" * 16),
        ("x" * 256 + "." + "y" * 17, "x" * 255),
    ],
)
def test_extension_of_up_to_16_characters_survives(name: str, cleaned: str) -> None:
    assert clean_filename(name) == cleaned
