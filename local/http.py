"""Requests to what runs on this machine."""

import urllib.error
import urllib.request
from typing import NamedTuple

OK = 200
# A proxy of the environment is for the world outside.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer(NamedTuple):
    """What a server said; the status is 0 while nobody answers."""

    status: int
    text: str


def fetch(url: str) -> Answer:
    """Send a GET."""
    try:
        with _opener.open(url, timeout=30) as response:
            return Answer(response.status, response.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(errors="replace"))
    except OSError as error:
        return Answer(0, str(error))
