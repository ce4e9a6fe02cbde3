"""HTML: the pages that people see whose browser has sent a form, or has followed a link to an error."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from html import escape

from app.responses.outputs import ImagePublic, Problem
from shared.errors import InvalidFields

HTML_TYPE = "text/html; charset=utf-8"

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1.125rem/1.5 system-ui, sans-serif; }
dt { font-weight: 600; }
dd, li { margin: 0 0 .5rem; overflow-wrap: anywhere; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class ImagePage:
    """A new image, as the page shows it on which the form of a browser ends."""

    image: ImagePublic
    picture_url: str

    @property
    def id(self) -> str:
        return self.image.id


def make_page_headers() -> dict[str, str]:
    """The page runs nothing and loads nothing, so that what a client wrote can do no harm in it."""
    style_hash = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
    }


def make_image_page(page: ImagePage) -> str:
    image = page.image
    facts = {
        "File": image.filename,
        "Type": image.content_type,
        "Size": f"{image.size} bytes",
        "Pixels": f"{image.width} × {image.height}",  # noqa: RUF001 - the sign between sides
        "Visibility": image.visibility,
        "Tags": ", ".join(image.tags),
        "Description": image.description or "",
        "Id": image.id,
    }
    audience = (
        "Everyone may see it."
        if image.visibility == "public"
        else "Whoever has this link can see the picture, for the next hour."
    )
    return _make_page(
        "Your picture is uploaded",
        "<p>The service prepares it now. That usually takes about a second.</p>",
        f'<p><a href="{escape(page.picture_url)}">Open the picture</a>. {audience}</p>',
        "<dl>",
        *(f"<dt>{name}</dt><dd>{_show(text)}</dd>" for name, text in facts.items() if text),
        "</dl>",
    )


def make_problem_page(problem: Problem) -> str:
    said = (
        [
            "<ul>",
            *(f"<li>{_show(error.field)}: {_show(error.message)}</li>" for error in problem.errors),
            "</ul>",
        ]
        if problem.code == InvalidFields.code
        else [f"<p>{_show(problem.detail)}</p>"]
    )
    return _make_page(
        f"This did not work: {problem.title}",
        *said,
        f"<p>The number of this request is {escape(problem.request_id)}.</p>",
    )


def _make_page(title: str, *content: str) -> str:
    return _PAGE.format(title=escape(title), style=STYLE, content="\n".join(content))


def _show(text: str) -> str:
    """Escape a text that a client wrote, and keep its direction of writing inside it."""
    return f"<bdi>{escape(text)}</bdi>"
