"""Headers with parameters: of a request, and of the parts of a form."""

import re
from urllib.parse import unquote_to_bytes

from shared.details import clean_filename
from shared.errors import MalformedRequest
from shared.texts import decode_text

DISPOSITION_HEADER = "Content-Disposition"

_PARAMETER = re.compile(
    r';[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]+))[ \t]*',
)
_EXTENDED_VALUE = re.compile(r"([^']*)'[^']*'(.*)")
# Of all that Python can decode, what names of files are written in.
_CHARSET = re.compile(
    r"utf-?8|(?:us-)?ascii|iso-?8859-\d{1,2}|windows-\d{3,4}|cp\d{3,4}|shift[_-]jis|gbk|gb2312|gb18030|big5"
    r"|euc-(?:jp|kr)|koi8-[ru]",
    re.ASCII | re.IGNORECASE,
)


def read_value(text: str, where: str) -> tuple[str, dict[str, str]]:
    r"""Return a header's value, and its parameters with their names in lower case.

    `\"` is a quote, and so is `%22`, which browsers write. Any other backslash, as in a Windows path, stays.
    Raises MalformedRequest.
    """
    value, separator, rest = text.partition(";")
    rest = (separator + rest).rstrip(" \t").removesuffix(";")
    parameters: dict[str, str] = {}
    position = 0
    while position < len(rest):
        match = _PARAMETER.match(rest, position)
        if not match:
            raise MalformedRequest(f"{where} cannot be read.")
        name = match[1].lower()
        if name in parameters:
            raise MalformedRequest(f"{where} has the same parameter twice.")
        quoted, bare = match[2], match[3]
        parameters[name] = bare if quoted is None else quoted.replace('\\"', '"').replace("%22", '"')
        position = match.end()
    return value.strip().lower(), parameters


def take_filename(parameters: dict[str, str], where: str) -> str | None:
    """Take the name of the file out of the parameters of a Content-Disposition (RFC 6266).

    `filename*` counts first if it can be read. None if there is neither. Raises MalformedRequest if nothing
    is left to fall back to.
    """
    plain, extended = parameters.pop("filename", None), parameters.pop("filename*", None)
    decoded = None if extended is None else _decode_extended(extended)
    if extended is not None and decoded is None and plain is None:
        raise MalformedRequest(f"{where} has a `filename*` that is not UTF-8, and no `filename`.")
    return plain if decoded is None else decoded


def read_filename(disposition: str) -> str | None:
    """Return the clean name in the Content-Disposition of a request. It decides nothing else, so that no
    request is refused for it.
    """
    try:
        text = decode_text(disposition.encode("latin-1"))  # as API Gateway passes on the bytes
    except UnicodeEncodeError:
        text = disposition
    try:
        _, parameters = read_value(text, DISPOSITION_HEADER)
        return clean_filename(take_filename(parameters, DISPOSITION_HEADER) or "") or None
    except MalformedRequest:
        return None


def _decode_extended(value: str) -> str | None:
    match = _EXTENDED_VALUE.fullmatch(value)
    if not match or not _CHARSET.fullmatch(match[1]):
        return None
    try:
        return unquote_to_bytes(match[2]).decode(match[1])
    except (UnicodeDecodeError, LookupError):
        return None
