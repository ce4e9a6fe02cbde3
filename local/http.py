"""Requests to servers on this machine."""

import urllib.error
import urllib.request
from typing import NamedTuple

OK = 200
# It ignores proxies from the environment, because they are meant for other machines.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Reply(NamedTuple):
    """The response of a server. The status is 0 if there is no server."""

    status: int
    text: str


def fetch(url: str) -> Reply:
    """Send a GET request."""
    try:
        with _opener.open(url, timeout=30) as response:
            return Reply(response.status, response.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.read().decode(errors="replace"))
    except OSError as error:
        return Reply(0, str(error))
