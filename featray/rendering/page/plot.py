"""Plot: one plot as a plain value in plotly's form, and what all plots share: names, filters and links.

Flow: `curve_plots`, `stage_plots`, `ratio_plots` -> `Plot` -> `html` -> plotly.js in the page. Pure.
Every point carries the anchor of its unit's line in the page. Colours are indices of the palette, which the page turns
into colours of its theme.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.analysis.unit import Unit, UnitKey
from featray.core import wording
from featray.rendering import unit_text
from featray.rendering.document import Report

Trace = dict[str, Any]
Layout = dict[str, Any]

Anchors = Mapping[UnitKey, str]
"""Unit key -> id of its line in the page."""

LINE_HEIGHT_PX = 34  # one bar or one ratio; a fingertip is about as high
FRAME_PX = 110  # axis and legend around them


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plot:
    """One plot.

    `kind` is throughput, ratio, changes, tradeoffs, length, stages or memory; `input` is the section it belongs to.
    """

    kind: str
    title: str
    input: str
    traces: tuple[Trace, ...]
    layout: Layout
    height_px: int


def by_input(units: Iterable[Unit]) -> list[list[Unit]]:
    """Group units by input."""
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit_text.section(unit.row), []).append(unit)
    return list(groups.values())


def about(unit: Unit) -> dict[str, str]:
    """Say what a unit is about, for the page's filters."""
    return {"detector": unit.row.detector, "target": unit.row.target_id, "input": unit_text.section(unit.row)}


def varying_settings(unit: Unit, report: Report) -> list[str]:
    """List the settings that vary in a report."""
    columns = report.columns
    texts = [f"{unit.row.num_workers} workers"] if columns.workers else []
    texts += [f"{unit.threads or 'default'} threads"] if columns.threads else []
    texts += [wording.count(unit.processes, "process", "processes")] if columns.processes else []
    texts += [unit_text.environment(unit)] if columns.environment else []
    return texts + ([wording.shortened(unit.row.run_id, unit_text.NAME_LENGTH)] if report.has_many_runs else [])


def label(text: str) -> str:
    """Keep plotly from reading a text as its own HTML; its escapes are those of HTML."""
    return wording.plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def distinct(labels: Iterable[str]) -> list[str]:
    """Number equal labels: plotly would draw two rows of one name over each other."""
    seen: dict[str, int] = {}
    numbered = []
    for text in labels:
        seen[text] = seen.get(text, 0) + 1
        numbered.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return numbered


def rows_layout(labels: Sequence[str], abouts: Sequence[Mapping[str, str]]) -> Layout:
    """Lay out named rows from the top, from half a row above the first to half a row below the last.

    Args:
        labels: Names of the rows, distinct.
        abouts: What each row is about; empty where that is unknown.
    """
    axis = {"range": [len(labels) - 0.5, -0.5], "automargin": True, "categoryorder": "array", "categoryarray": labels}
    return {"yaxis": axis, "showlegend": True, "meta": {"named": labels, "about": list(abouts)}}


def rows_height_px(count: int) -> int:
    """Give the height of a plot of so many named rows."""
    return FRAME_PX + LINE_HEIGHT_PX * count


def rounded(value: float) -> float:
    """Keep five significant digits: more would only lengthen the page."""
    return float(f"{value:.5g}")
