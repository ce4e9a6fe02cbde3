"""A picture of the dashboard: each widget with its lines, as CloudWatch lays them out."""

from __future__ import annotations

from html import escape
from itertools import cycle
from typing import TYPE_CHECKING

from tests.support.monitoring.dashboard import Widget
from tests.support.monitoring.datapoints import Frame
from tests.support.monitoring.stack import read_dashboard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.monitoring.datapoints import Datapoints, Values

COLUMN_PX, ROW_PX = 46, 34
MARGIN_PX, TITLE_PX, LEGEND_PX = 10, 24, 15
LEGEND_COLUMNS = 2
COLOURS = ("#2463c2", "#c7541a", "#2e8540", "#a02c8c", "#8a6d00", "#00838f", "#6d4c41", "#d32f2f")
STYLE = (
    "text{font:11px sans-serif;fill:#222}.box{fill:#fff;stroke:#ccc}"
    ".t{font-weight:bold;font-size:12px}.h{font-weight:bold;font-size:17px}"
)
NO_DATA = "no data"
MANY = 100


def draw(datapoints: Datapoints, start: float, seconds: int, period: int) -> str:
    """Return an SVG. Every widget has this period instead of its own, because a run is short."""
    widgets = read_dashboard()["widgets"]
    height = max(each["y"] + each["height"] for each in widgets) * ROW_PX
    frame = Frame(start, period, seconds // period)
    parts = [_draw_part(each, datapoints, frame) for each in widgets]
    size = f'viewBox="0 0 {24 * COLUMN_PX} {height}" width="{24 * COLUMN_PX}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f"<style>{STYLE}</style>",
            '<rect width="100%" height="100%" fill="#f4f4f4"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _draw_part(part: Mapping[str, object], datapoints: Datapoints, frame: Frame) -> str:
    x, y, width, height = (int(str(part[name])) for name in ("x", "y", "width", "height"))
    place = f'<g transform="translate({x * COLUMN_PX},{y * ROW_PX})">'
    if part["type"] == "text":
        text = Widget(part).properties["markdown"].removeprefix("## ")
        return f'{place}<text class="h" x="{MARGIN_PX}" y="{ROW_PX - 10}">{escape(text)}</text></g>'
    widget = Widget(part)
    shown = widget.show(datapoints, frame)
    drawn = _draw_lines(shown, width * COLUMN_PX, height * ROW_PX)
    size = f'width="{width * COLUMN_PX - 6}" height="{height * ROW_PX - 6}"'
    box = f'<rect class="box" x="3" y="3" {size}/>'
    title = f'<text class="t" x="{MARGIN_PX}" y="{TITLE_PX - 4}">{escape(widget.title)}</text>'
    return f"{place}{box}{title}{drawn}</g>"


def _draw_lines(shown: Mapping[str, Values], width: int, height: int) -> str:
    rows = -(-len(shown) // LEGEND_COLUMNS)
    bottom = height - rows * LEGEND_PX - MARGIN_PX
    top = max((value for values in shown.values() for value in values if value is not None), default=0) or 1
    parts = [
        f'<text x="{width - MARGIN_PX}" y="{TITLE_PX + 8}" text-anchor="end">{format_figure(top)}</text>'
    ]
    parts.append(
        f'<line x1="{MARGIN_PX}" y1="{bottom}" x2="{width - MARGIN_PX}" y2="{bottom}" stroke="#bbb"/>'
    )
    for place, ((label, values), colour) in enumerate(zip(shown.items(), cycle(COLOURS), strict=False)):
        step = (width - 2 * MARGIN_PX) / max(1, len(values) - 1)
        points = [
            (MARGIN_PX + number * step, bottom - value / top * (bottom - TITLE_PX - LEGEND_PX))
            for number, value in enumerate(values)
            if value is not None
        ]
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="1.5" fill="{colour}"/>' for x, y in points]
        left = MARGIN_PX + place % LEGEND_COLUMNS * (width // LEGEND_COLUMNS)
        line = bottom + LEGEND_PX * (place // LEGEND_COLUMNS + 1)
        figures = [value for value in values if value is not None]
        figure = format_figure(max(figures)) if figures else NO_DATA
        parts.append(f'<rect x="{left}" y="{line - 8}" width="8" height="8" fill="{colour}"/>')
        parts.append(f'<text x="{left + 12}" y="{line}">{escape(label)}: {figure}</text>')
    return "".join(parts)


def format_figure(value: float) -> str:
    """Show a figure with three digits, or as a whole number."""
    return f"{value:,.0f}" if value >= MANY or value == int(value) else f"{value:.3g}"
