"""Who may do what with a public and with a private image, as statuses of answers."""

from typing import Any

# Method, path behind the image, body; then for its owner, another, an admin and nobody: public, private.
ACCESS: list[tuple[str, str, Any, tuple[int, ...], tuple[int, ...]]] = [
    ("GET", "", None, (200, 200, 200, 200), (200, 404, 200, 404)),
    ("GET", "/content", None, (302, 302, 302, 302), (302, 404, 302, 404)),
    ("GET", "/content/small", None, (302, 302, 302, 302), (302, 404, 302, 404)),
    ("PATCH", "", {"description": "x"}, (200, 403, 200, 401), (200, 404, 200, 401)),
    ("PUT", "", {}, (200, 403, 200, 401), (200, 404, 200, 401)),
    ("POST", "/reprocess", None, (202, 403, 202, 401), (202, 404, 202, 401)),
    ("POST", "/links", {}, (201, 403, 201, 401), (201, 404, 201, 401)),
    ("DELETE", "/links", None, (204, 403, 204, 401), (204, 404, 204, 401)),
    ("DELETE", "", None, (204, 403, 204, 401), (204, 404, 204, 401)),
]
