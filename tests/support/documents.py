"""The documents of the project: tables that are made from the code, and shell blocks that tests run.

`make docs` writes the tables: `python -m tests.support.documents`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic.alias_generators import to_pascal

from app.responses.limits import Limits, VariantLimits
from local.template import read_template
from shared.metrics import Metric
from shared.renditions import Fit, RenditionName
from shared.variants import VariantMode
from tests.support.capacity.footprints import measure_footprints
from tests.support.capacity.tables import CAPACITY_OPERATIONS, bind_capacity_tables
from tests.support.costs.observing import count_series
from tests.support.costs.tables import measure_tables
from tests.support.markdown import format_table
from tests.support.monitoring.stack import STACK, list_alarms
from tests.support.parameters.tables import PURE_TABLES, TRANSLATED_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OBSERVING = "observing.md"
FITS = {Fit.INSIDE: "whole, inside the box", Fit.COVER: "fills the box, the rest cut off evenly"}

_TABLE = re.compile(r"(<!-- table: (\w+) -->\n)(?:.*?\n)??(<!-- end -->)", re.DOTALL)
_PAGE = re.compile(r"```html\n(.*?)```", re.DOTALL)
_BLOCK = re.compile(r"(?:<!-- (not run|run with): ([^\n]+) -->\n *)?```sh\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A shell block. `reason` says why no test runs it, `mode` names the stack that it needs."""

    code: str
    reason: str | None = None
    mode: str = "open"


def list_documents() -> list[Path]:
    return [README, *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("*.md")), ROOT / "tests/README.md"]


def read_blocks(document: Path) -> list[Block]:
    blocks = []
    for marker, text, code in _BLOCK.findall(document.read_text(encoding="utf-8")):
        if marker == "not run":
            blocks.append(Block(code, reason=text))
        else:
            blocks.append(Block(code, mode=text.partition("=")[2] or "open"))
    return blocks


def read_pages(document: Path) -> list[str]:
    """Return the HTML blocks of a document."""
    return _PAGE.findall(document.read_text(encoding="utf-8"))


def find_urls(page: str) -> list[tuple[str, int | None]]:
    """Return the URLs in HTML, and the widths that its `srcset` states for them."""
    finder = _UrlFinder()
    finder.feed(page)
    return finder.urls


def _read_width(width: str = "") -> int | None:
    return int(width.removesuffix("w")) if width else None


class _UrlFinder(HTMLParser):
    """Collects the URLs of a page as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[tuple[str, int | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if name == "srcset" and value:
                candidates = [candidate.split() for candidate in value.split(",")]
                self.urls += [(url, _read_width(*widths)) for url, *widths in candidates]
            elif value and value.startswith("http"):
                self.urls.append((value, None))


def write_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return a document with these tables made again. Others stay as they are."""

    def write(match: re.Match[str]) -> str:
        make = tables.get(match[2])
        return f"{match[1]}\n{make()}\n{match[3]}" if make else match[0]

    return _TABLE.sub(write, text)


def list_tables(document: Path) -> list[str]:
    return [name for _, name, _ in _TABLE.findall(document.read_text(encoding="utf-8"))]


def make_limits() -> str:
    rows = []
    parameters = read_template()["Parameters"]
    for name, field in Limits.model_fields.items():
        parameter = to_pascal(name)
        if parameter in parameters and parameters[parameter]["Type"] == "Number":
            rows.append(
                (f"`{field.alias}`", f"{parameters[parameter]['Default']:,} (parameter `{parameter}`)")
            )
        elif isinstance(field.default, int):
            rows.append((f"`{field.alias}`", f"{field.default:,}"))
        elif isinstance(field.default, list):
            rows.append((f"`{field.alias}`", ", ".join(field.default)))
    return format_table(("Field of `GET /limits`", "Value"), rows)


def make_renditions() -> str:
    rows = [
        (f"`{name}`", f"{name.width} x {name.height}", FITS[name.fit], "animations" if name.moves else "all")
        for name in RenditionName
    ]
    return format_table(("Rendition", "Box in pixels", "Fit", "Of images"), rows)


def make_variants() -> str:
    limits = VariantLimits(mode=VariantMode.ENABLED)
    ladder = ", ".join(map(str, limits.ladder_px))
    rows = [
        ("A width, or a height alone", ladder),
        ("A width of these with a height, as an aspect ratio", ", ".join(limits.aspect_ratios)),
        ("Other widths with a height", ", ".join(limits.sizes)),
        ("Fit", "; ".join(f"`{fit}`: {FITS[fit]}" for fit in limits.fits)),
        ("Format", ", ".join(f"`{name}`" for name in limits.formats)),
    ]
    return format_table(("Pixels and formats", "One of"), rows)


def make_parameters() -> str:
    parameters = read_template()["Parameters"]
    defaults = {name: f"`{parameter['Default']}`" for name, parameter in parameters.items()}
    rows = [
        (f"`{name}`", defaults[name].strip("`") and defaults[name], parameter["Description"])
        for name, parameter in parameters.items()
    ]
    return format_table(("Parameter", "Default", "Meaning"), rows)


def make_metrics() -> str:
    rows = [
        (
            f"`{kind.title}`",
            kind.unit,
            ", ".join(f"`{name}`" for name in kind.dimensions),
            str(count_series(metric)),
        )
        for metric, kind in ((metric, metric.value) for metric in Metric)
    ]
    return format_table(("Metric", "Unit", "Dimensions", "Series at most"), rows)


def make_alarms() -> str:
    rows = []
    for alarm in list_alarms().values():
        text, _, runbook = alarm.properties["AlarmDescription"].partition(" Runbook: docs/")
        needed, of = (alarm.properties[name] for name in ("DatapointsToAlarm", "EvaluationPeriods"))
        file = runbook.partition("#")[0]
        place = f"[{'below' if file == OBSERVING else file}]({runbook.removeprefix(OBSERVING)})"
        name = alarm.properties["AlarmName"].removeprefix(f"{STACK}-")
        minutes = alarm.period // 60
        rows.append((f"`{name}`", text, f"{needed} of {of} times {minutes} minutes", place))
    return format_table(("Alarm", "Meaning", "Fires after", "Runbook"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "limits": make_limits,
    "renditions": make_renditions,
    "variants": make_variants,
    "parameters": make_parameters,
    "metrics": make_metrics,
    "alarms": make_alarms,
    **PURE_TABLES,
}


def find_broken_links(document: Path) -> Iterator[str]:
    """Yield the relative links that lead to no file, or to no heading of it."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        found = document.parent / path if path else document
        if not found.exists() or (heading and heading not in list_anchors(found)):
            yield target


def list_anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    footprints = measure_footprints(CAPACITY_OPERATIONS)
    measured = {**measure_tables(), **bind_capacity_tables(footprints)}
    tables = {**TABLES, **TRANSLATED_TABLES, **measured}
    for path in list_documents():
        path.write_text(write_tables(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
