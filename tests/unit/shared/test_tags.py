from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tags import fold_tag

# Capital letters of U+0345 and U+0131 are those of other letters, also for Unicode.
LETTERS = st.characters(categories=["L", "N", "S", "Zs"], exclude_characters="\u0131").filter(
    lambda char: "\u0345" not in normalize("NFD", char)
)
ACCENTED = st.text(st.one_of(LETTERS, st.sampled_from("\u0301\u0308\u030a\u0327")), max_size=50)


@given(ACCENTED)
def test_every_case_and_unicode_form_of_a_tag_folds_to_the_same(tag: str) -> None:
    cases = [tag, tag.upper(), tag.lower(), tag.title(), tag.swapcase(), tag.casefold()]
    assert {fold_tag(normalize(form, case)) for case in cases for form in ("NFC", "NFD")} == {fold_tag(tag)}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folding_again_changes_nothing_and_the_result_is_nfc(tag: str) -> None:
    folded = fold_tag(tag)
    assert fold_tag(folded) == folded
    assert normalize("NFC", folded) == folded


@pytest.mark.parametrize(
    "spellings",
    [
        ["Sea", "SEA", "sea"],
        ["Caf\u00e9", "Cafe\u0301", "CAF\u00c9"],
        ["Straße", "STRASSE", "STRA\u1e9eE"],
        ["\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", "\u03bf\u03b4\u03bf\u03c3"],
        ["\u212b", "\u00c5", "a\u030a"],
        ["\u1f80", "\u1f88", "\u03b1\u0345\u0313"],
    ],
)
def test_spellings_of_one_tag_fold_to_the_same(spellings: list[str]) -> None:
    assert len({fold_tag(tag) for tag in spellings}) == 1


@pytest.mark.parametrize(
    "tags", [["sea", "see"], ["resume", "résumé"], ["a", "\uff41"], ["x2", "x\u00b2"], ["i", "\u0131"]]
)
def test_other_letters_are_other_tags(tags: list[str]) -> None:
    assert len({fold_tag(tag) for tag in tags}) == len(tags)
