from __future__ import annotations

import re
import sys
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.texts import INVISIBLE, clean_text, decode_header, decode_text

JOINERS, SELECTORS = "\u200c\u200d", "\ufe0e\ufe0f"
IGNORED = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u200b\u2060\u2064\u2065\u3164\ufe00\uffa0\ufff0\U000e0100"
)
BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FORMATS = "".join(char for char in map(chr, range(sys.maxunicode + 1)) if category(char) == "Cf")
# The characters whose rules depend on each other are as likely as all others.
CONTEXTS = "ab1#\u0301\u0338\u0653\u20e3\u0628\u0627\u0915\u094d\u0930❤↔👩🏽\u2028" + JOINERS + SELECTORS
TEXTS = st.text(st.one_of(st.characters(codec=None), st.sampled_from(CONTEXTS + IGNORED + BIDIRECTIONAL)))


@given(TEXTS)
def test_cleaned_text_is_nfc_and_cleaning_it_again_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    assert normalize("NFC", cleaned) == cleaned
    assert clean_text(cleaned) == cleaned


@given(TEXTS)
def test_cleaned_text_has_no_unsafe_character(text: str) -> None:
    assert not re.search(f"[{INVISIBLE}]", re.sub(f"[{JOINERS}{SELECTORS}]", "", clean_text(text)))


@given(st.text(CONTEXTS))
def test_joiner_is_never_at_an_end_and_never_beside_a_latin_letter_or_digit(text: str) -> None:
    cleaned = clean_text(text)
    assert not re.search(
        rf"^[{JOINERS}{SELECTORS}]|[{JOINERS}]$|[ab1#][{JOINERS}]|[{JOINERS}][ab1#]", cleaned
    )
    assert not re.search(rf"[ab][{SELECTORS}]|[1#]\ufe0f(?!\u20e3)", cleaned)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs", "Cc"])))
def test_text_without_invisible_characters_only_becomes_nfc(text: str) -> None:
    visible = re.sub(f"[{INVISIBLE}]", "", text)
    assert clean_text(visible) == normalize("NFC", visible)


@pytest.mark.parametrize(
    "characters",
    [FORMATS, BIDIRECTIONAL, IGNORED, "\u2028\u2029", "".join(map(chr, range(0xE0000, 0xE0080)))],
    ids=["formats", "bidirectional", "ignored", "separators", "tags"],
)
def test_character_that_nobody_sees_goes(characters: str) -> None:
    assert clean_text(f"a{characters}b") == "ab"
    assert [char for char in characters if clean_text(f"a{char}b") != "ab"] == []
    assert clean_text(characters) == ""


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
        "\u0915\u094d\u200d\u0937",  # Hindi
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d🚀",
        "❤\ufe0f\u200d🔥",
        "🏳\ufe0f\u200d🌈",
        "1\ufe0f\u20e3 #\ufe0f\u20e3",
        "☎\ufe0e ☎\ufe0f",
        "🇩🇪",
        "Łódź, Ñandú, 한국, 東京, ไทย, עברית, العربية",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("\u2126\u212a", "\u03a9K"),
        ("ad\u200dmin", "admin"),
        ("20\ufe0f26", "2026"),
        ("\u0628\u200c", "\u0628"),
        ("\u0628\u200c\u200c\u0628", "\u0628\u0628"),
        ("a\ufe0f\u200d❤", "a❤"),
        ("a\u200d\u0301", "\u00e1"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴"),
    ],
)
def test_text_becomes_what_it_looks_like(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


NAMES = {
    "utf-8": ["写真", "图片", "café", "фото", "Việt Nam", "rẹ́ǹǹ", "ünïcödé", "👩🏽"],
    "shift_jis": [
        "写真",
        "スクリーンショット 1",
        "テスト",
        "表",
        "猫",
        "IMG写真",
        "新しい画像",
        "予定表",
        "（1）家族",  # noqa: RUF001 - as people write it
    ],
    "gbk": [
        "图片",
        "照片（1）",  # noqa: RUF001 - as people write it
        "测试",
        "微信图片_20261126",
        "新建文件夹",
        "IMG图片1",
        "圖片",
        "風景",
        "我的女儿",
    ],
    "cp1252": [
        *("café", "Müller", "größe", "Ærø", "Ålesund", "créée", "façade – 1", "it’s", "Ñandú", "“zitat”"),  # noqa: RUF001 - as people write it
        *("São João", "coração", "RÄÜBER", "Été", "señor niño", "œuvre", "€100", "Photo n°1", "¿qué?"),
    ],
    "latin-1": ["\x9d\x9d"],
}


@pytest.mark.parametrize(
    ("name", "encoding"), [(name, encoding) for encoding, names in NAMES.items() for name in names]
)
def test_text_is_decoded_whoever_wrote_it(name: str, encoding: str) -> None:
    assert decode_text(f"{name}.jpg".encode(encoding)) == f"{name}.jpg"


# Two letters from U+0180 to U+0385 in a row may be two of GBK.
@given(
    st.text(
        st.characters(max_codepoint=0x017F) | st.characters(min_codepoint=0x0386, exclude_categories=["Cs"])
    )
)
def test_text_of_today_is_read_as_utf_8(text: str) -> None:
    assert decode_text(f"{text}€".encode()) == f"{text}€"
    assert decode_header(text.encode().decode("latin-1")) == text


@given(st.binary())
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert len(decode_text(data)) <= len(data)
