"""Texts that people read and compare: their bytes, their Unicode form, and no characters that nobody sees."""

import re
from unicodedata import normalize

# The insides of character classes, for Python and for the patterns of JSON schemas. They share no escape
# for what is above U+FFFF, so these characters are there themselves.
CONTROLS = r"\x00-\x1f\x7f-\x9f"
INVISIBLE = (  # format controls (Cf), what is ignored when it is shown, line and paragraph separators
    r"\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

# Arabic, Syriac, Mongolian, the scripts of India and its neighbours: a joiner changes the letters beside it.
_JOINING = (
    r"\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1c4f\ua800-\ua8ff\uaa60-\uaa7f\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = (
    r"\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23fa\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    r"\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
_MEANINGFUL = "|".join(
    [
        rf"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])",
        rf"(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])",
        rf"(?<=[{_EMOJI}])[\ufe0e\ufe0f]",
        r"(?<=[#*0-9])\ufe0f(?=\u20e3)",  # a keycap
    ]
)
_MEANINGFUL_OR_INVISIBLE = re.compile(f"({_MEANINGFUL})|[{INVISIBLE}]")

# The bytes of characters that names usually have: kana and the first level of kanji in Shift-JIS, the first
# level of characters in GBK. The letters of Western names, read in these encodings, are rare ones.
_USUAL_BYTES = {
    "cp932": re.compile(rb"[\x81-\x83\x88-\x97].", re.DOTALL),
    "gbk": re.compile(rb"[\xa1\xa3\xb0-\xd7][\xa1-\xfe]"),
}
# Two letters in a row that no language writes so. The Chinese word for a picture in GBK is valid UTF-8.
_ODD_LETTERS = re.compile(
    "[\u0180-\u019f\u01a2-\u01ae\u01b1-\u01cc\u01dd-\u01f7\u01fa-\u0217\u021c-\u02ba\u02bd-\u0385]{2}"
)
_BEHIND_LETTER = re.compile(r"[A-Za-z][^\x00-\x7f]")


def decode_text(data: bytes) -> str:
    """Read a text whose encoding nobody names: UTF-8, or else Shift-JIS, GBK or Latin-1, as it looks like."""
    if data.isascii():
        return data.decode()
    for encoding in ("utf-8", *filter(lambda name: _looks_like(data, name), _USUAL_BYTES), "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not (encoding == "utf-8" and _ODD_LETTERS.search(text) and _looks_like(data, "gbk")):
            return text
    return data.decode("latin-1")


def _looks_like(data: bytes, encoding: str) -> bool:
    """Tell if at least half of the characters are usual ones. One alone within a word is an accent."""
    text = data.decode(encoding, errors="ignore")
    beyond = [char for char in text if not char.isascii()]
    usual = [char for char in beyond if _USUAL_BYTES[encoding].fullmatch(char.encode(encoding))]
    return 2 * len(usual) >= len(beyond) > (1 if _BEHIND_LETTER.search(text) else 0)


def decode_header(value: str) -> str:
    """Read a header that is UTF-8 or Latin-1: API Gateway passes on each byte as one character."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def clean_text(text: str) -> str:
    """Return a text in NFC, without characters that nobody sees or that change the direction of writing.

    Joiners stay between letters of scripts that need them, and between emoji. Variation selectors stay behind
    emoji.
    """
    while (cleaned := normalize("NFC", _MEANINGFUL_OR_INVISIBLE.sub(r"\1", text))) != text:
        text = cleaned  # a joiner may now have another neighbour
    return text
