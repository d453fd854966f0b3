"""Tables: the tables of the HTML page, with the values that they sort by beside the texts that they show.

Flow: `document.Report` and `Notes` -> `PageTable` -> `html`. Pure.
"""

import dataclasses
from collections.abc import Sequence

from featray.analysis import cold_start, energy, footprint, prices, unit_wording
from featray.analysis.advice.objectives import Tradeoff
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.status import Status
from featray.rendering import (
    best_settings,
    changes_text,
    columns,
    lengths_text,
    tradeoffs_text,
    unit_fields,
    unit_text,
)
from featray.rendering.best_settings import BestSetting
from featray.rendering.document import Report
from featray.rendering.notes import (
    DRIFT,
    NEXT_HEADINGS,
    Notes,
    PairNote,
    drift_cell,
    interval,
    shared_reason,
    speedup,
)
from featray.rendering.page import plot
from featray.rendering.page.plot import Anchors

NAME_LENGTH = 28  # characters of a name that stays on one line: four of them leave the figures in sight
REASON_LENGTH = 480  # characters of a failure's reason
NUMERIC = frozenset(
    (
        "batch",
        "workers",
        "threads",
        "processes",
        columns.EACH,
        "ms",
        "ms/frame",
        "ms/img",
        *columns.START,
        *columns.ENERGY,
        *columns.IDLE,
        *columns.COST,
        "sec",
        "ratio",
        "95% CI",
        "fps",
        "faces/frame",
        "ms/face",
        "ms/batch",
        "drift/tolerance",
        "IQR",
        "calls",
        "memory",
        "rows",
        "speedup",
        "cells",
        "time",
        "units",
        "without a number",
        "suspected steps",
        "last",
        *columns.SCORES.values(),
    )
)
"""Columns of numbers: aligned on the right, sorted by value."""


@dataclasses.dataclass(frozen=True)
class PageCell:
    """One cell: its text, the number that it is sorted by, how it is set, and the anchor or file that it links to.

    `kind` is t for text on one line, m and w for text in a middling or a wide column, r for a reason, n for a number,
    code for what can be copied.
    """

    text: str
    value: float | None = None
    kind: str = ""
    link: str | None = None  # anchor, in this page or in `file`
    file: str | None = None  # beside the page


@dataclasses.dataclass(frozen=True)
class PageColumn:
    """One heading."""

    text: str

    @property
    def number(self) -> bool:
        """Return True for a column of numbers."""
        return self.text in NUMERIC


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageLine:
    """One line; `about` is what the page filters by, `anchor` what links lead to."""

    cells: Sequence[PageCell]
    anchor: str | None = None
    kind: str | None = None
    about: Sequence[tuple[str, str]] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageTable:
    """One sortable table."""

    title: str
    columns: Sequence[PageColumn]
    lines: Sequence[PageLine]


def units(report: Report, shown: Sequence[Unit], anchors: Anchors) -> PageTable:
    """Make the table of all units, without the settings that are the same everywhere."""
    optional = {
        "host": report.has_many_targets,
        "target": report.has_many_targets,
        "run": report.has_many_runs,
        "workers": report.columns.workers,
        "threads": report.columns.threads,
        "processes": report.columns.processes,
        columns.EACH: report.columns.each,
        "environment": report.columns.environment,
        "faces/frame": report.columns.faces,
        "ms/face": report.columns.faces,
        **dict.fromkeys(columns.START, report.columns.start),
        **dict.fromkeys(columns.ENERGY, report.columns.energy),
        **dict.fromkeys(columns.IDLE, report.columns.idle),
        **dict.fromkeys(columns.COST, report.columns.cost),
        **{heading: score in report.columns.accuracy for score, heading in columns.SCORES.items()},
    }
    lines = []
    for unit in shown:
        cells = [cell for heading, cell in _unit_cells(unit).items() if optional.get(heading, True)]
        kind = None if unit_fields.status(unit) == Status.OK else "bad"
        lines.append(PageLine(cells=cells, anchor=anchors.get(unit.key), kind=kind, about=_about(unit)))
    headings = [heading for heading in UNIT_HEADINGS if optional.get(heading, True)]
    return PageTable(title="units", columns=_columns(headings), lines=lines)


UNIT_HEADINGS = (
    *("input", "detector", "host", "target", "run", "device", "batch", "workers", "threads", "processes"),
    *("environment", "ms", columns.EACH, "95% CI", "fps", "faces/frame", "ms/face", *columns.SCORES.values()),
    *("status", "IQR", "calls", *columns.START, *columns.ENERGY, *columns.IDLE, *columns.COST),
    *("memory", "rows", "weights", "cell", "run again"),
)
"""Every column that the table of units can have."""


def _unit_cells(unit: Unit) -> dict[str, PageCell]:
    """Write every column of one unit, by heading."""
    row, command = unit.row, unit_fields.command(unit)
    cells = [
        named(wording.shortened(row.input, unit_text.NAME_LENGTH)),
        named(unit_wording.detector(row)),
        named(unit.target.host_name),
        PageCell(unit.target.device_name, kind="t"),
        PageCell(wording.shortened(row.run_id), kind="t"),
        PageCell(row.device, kind="t"),
        number(row.batch_size, str(row.batch_size)),
        number(row.num_workers, str(row.num_workers)),
        number(int(unit.threads) if unit.threads and unit.threads.isdecimal() else None, unit_text.threads(unit)),
        number(unit.processes, str(unit.processes)),
        PageCell(unit_text.environment(unit)),
        number(unit.frame_s, unit_text.frame_time(unit)),
        number(unit.process_frame_s, unit_text.process_frame_time(unit)),
        number(_interval_width_s(unit), unit_text.interval(unit)),
        number(unit_text.throughput_hz(unit), unit_text.throughput(unit)),
        number(row.faces_mean, unit_text.faces_per_frame(unit)),
        number(unit.face_s, unit_text.face_time(unit)),
        *(number(unit.accuracy.get(score), unit_text.accuracy(unit, score)) for score in columns.SCORES),
        PageCell(_status(unit), kind="r" if unit.failed else "t"),
        number(unit.spread, unit_text.spread(unit)),
        number(len(unit.measured), unit_text.calls(unit)),
        number(cold_start.start_s(unit), unit_text.start(unit)),
        number(cold_start.first_call_s(unit), unit_text.first_call(unit)),
        number(energy.frame_j(unit), unit_text.frame_energy(unit)),
        number(energy.face_j(unit), unit_text.face_energy(unit)),
        number(energy.film_kwh(unit), unit_text.film_energy(unit)),
        number(energy.above_idle_j(unit), unit_text.energy_above_idle(unit)),
        number(energy.idle_w(unit), unit_text.idle_power(unit)),
        number(prices.film_cost(unit), unit_text.film_cost(unit)),
        number(footprint.used_b(unit), unit_text.memory(unit)),
        number(row.fex_rows, unit_text.output_rows(unit)),
        PageCell(row.weights or wording.ABSENT, kind="t"),
        PageCell(row.cell_id, kind="code"),
        PageCell(command, kind="code") if command else PageCell("imported: the exact settings are unknown", kind="t"),
    ]
    return dict(zip(UNIT_HEADINGS, cells, strict=True))


def _columns(headings: Sequence[str]) -> list[PageColumn]:
    return [PageColumn(heading) for heading in headings]


def _about(unit: Unit) -> list[tuple[str, str]]:
    return list(plot.about(unit).items())


def named(text: str, link: str | None = None) -> PageCell:
    """Make a cell of a name, which wraps where it is long."""
    return PageCell(text, kind="t" if len(text) <= NAME_LENGTH else "m", link=link)


def number(value: float | None, text: str) -> PageCell:
    """Make a cell that is sorted by a number."""
    return PageCell(text, value, "n")


def _interval_width_s(unit: Unit) -> float | None:
    """Give the width of a unit's interval, by which it is sorted."""
    return unit.interval_s[1] - unit.interval_s[0] if unit.interval_s else None


def _status(unit: Unit) -> str:
    if not unit.failed:
        return str(Status.OK)
    last = unit_wording.status(unit.failed[-1], REASON_LENGTH)
    return last if not unit.measured else f"{len(unit.measured)} of {len(unit.rows)} ok; {last}"


def best(report: Report, anchors: Anchors) -> PageTable:
    """Make the table of the settings to use."""
    headings, lines = best_settings.table(report.best, report.columns)
    page_lines = [
        PageLine(
            cells=[_best_cell(heading, text, setting, anchors) for heading, text in zip(headings, line, strict=True)],
            about=_about(setting.unit),
        )
        for setting, line in zip(report.best, lines, strict=True)
    ]
    return PageTable(title="settings to use", columns=_columns(headings), lines=page_lines)


def _best_cell(heading: str, text: str, setting: BestSetting, anchors: Anchors) -> PageCell:
    """Give the cell that the table of units has, but link the detector to it, and keep this table's own columns."""
    cells = _unit_cells(setting.unit)
    if heading == "detector":
        return named(text, anchors.get(setting.unit.key))
    return cells.get(heading, named(text))


def comparisons(report: Report, notes: Notes, anchors: Anchors) -> PageTable:
    """Make the table of the pairs with the baseline; a reason that all pairs share is above it, once."""
    optional = {
        "target": any(pair.where for pair in notes.comparisons),
        DRIFT: any(pair.drift for pair in notes.comparisons),
        "what to know": shared_reason(notes) is None,
    }
    shown = [heading for heading in PAIR_HEADINGS if optional.get(heading, True)]
    known = {unit.key: unit for unit in report.units}
    lines = []
    for pair in notes.comparisons:
        cells = _pair_cells(pair, anchors)
        unit = known.get(pair.candidate_unit) if pair.candidate_unit else None
        about = _about(unit) if unit else ()
        lines.append(PageLine(cells=[cells[heading] for heading in shown], about=about))
    return PageTable(title="comparisons", columns=_columns(shown), lines=lines)


PAIR_HEADINGS = (*("config", "target", "speedup", "95% CI", "verdict", "baseline", "candidate", DRIFT, "what to know"),)
"""Every column that the table of comparisons can have."""


def _pair_cells(pair: PairNote, anchors: Anchors) -> dict[str, PageCell]:
    link = anchors.get(pair.candidate_unit) if pair.candidate_unit else None
    cells = [
        PageCell(wording.plain(pair.config), kind="m", link=link),
        PageCell(wording.plain(pair.where or wording.ABSENT), kind="m"),
        number(pair.speedup, speedup(pair)),
        number(pair.low, interval(pair)),
        PageCell(pair.verdict, kind="t"),
        PageCell(wording.plain(pair.baseline), kind="m"),
        PageCell(wording.plain(pair.candidate), kind="m"),
        PageCell(wording.plain(drift_cell(pair)), kind="r"),
        PageCell(wording.plain(pair.reason or ""), kind="r"),
    ]
    return dict(zip(PAIR_HEADINGS, cells, strict=True))


def changes(report: Report, anchors: Anchors) -> PageTable:
    """Make the table of what changes from one setting to another; a line of one unit links to it."""
    lines = []
    for line in changes_text.lines(report):
        link = anchors.get(line.unit.key) if line.unit else None
        first, *others = line.texts
        cells = [PageCell(wording.plain(first), kind="m", link=link), *(named(wording.plain(text)) for text in others)]
        about = _about(line.unit) if line.unit else ()
        lines.append(PageLine(cells=cells, kind="bad" if line.is_beyond else None, about=about))
    return PageTable(title="what changes", columns=_columns(changes_text.HEADINGS), lines=lines)


def tradeoffs(report: Report, anchors: Anchors) -> PageTable:
    """Make the table of the settings that no other one beats; each links to its unit."""
    lines = []
    for tradeoff, texts in zip(report.tradeoffs, tradeoffs_text.lines(report.tradeoffs), strict=False):
        unit, figures = tradeoff.candidate.unit, (tradeoff.hz, tradeoff.batch_s, *_known(tradeoff))
        names = [named(wording.plain(text)) for text in texts[:3]]
        setting = named(wording.plain(texts[3]), anchors.get(unit.key))
        numbers = [number(value, text) for value, text in zip(figures, texts[4:], strict=True)]
        lines.append(PageLine(cells=[*names, setting, *numbers], about=_about(unit)))
    return PageTable(title="not beaten", columns=_columns(tradeoffs_text.HEADINGS), lines=lines)


def _known(tradeoff: Tradeoff) -> tuple[float | None, ...]:
    return tradeoff.memory_b, tradeoff.frame_j, tradeoff.drift


def lengths(report: Report, anchors: Anchors) -> PageTable:
    """Make the table of what grows with the length; a line links to its shortest clip."""
    lines = []
    for series, texts in zip(report.lengths, lengths_text.lines(report.lengths), strict=True):
        first, *others = texts
        link = anchors.get(series.first.key)
        cells = [named(wording.plain(first), link), *(named(wording.plain(text)) for text in others)]
        lines.append(PageLine(cells=cells, about=_about(series.first)))
    return PageTable(title="lengths", columns=_columns(lengths_text.HEADINGS), lines=lines)


def next_runs(notes: Notes) -> PageTable:
    """Make the table of the sweeps to submit next."""
    lines = [
        PageLine(
            cells=[
                PageCell(run.name, kind="t"),
                PageCell(run.where, kind="w"),
                number(run.cells, str(run.cells)),
                number(run.expected_s, wording.duration(run.expected_s)),
                PageCell("; ".join(run.reasons), kind="r"),
            ]
        )
        for run in notes.next_runs
    ]
    return PageTable(title="next runs", columns=_columns(NEXT_HEADINGS), lines=lines)
