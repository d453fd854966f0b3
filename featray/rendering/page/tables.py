"""Grids: the tables of the HTML page, with the values that it sorts by beside the texts that it shows."""

import dataclasses
from collections.abc import Iterator, Sequence

from featray.analysis import footprint
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.status import Status
from featray.rendering import notes, remarks, table_text, unit_records
from featray.rendering.document import BestSetting, Report, detector_heading, section_heading
from featray.rendering.notes import Notes, PairNote
from featray.rendering.page import plots
from featray.rendering.page.plots import GIB, Anchors
from featray.rendering.remarks import REASON_LENGTH


@dataclasses.dataclass(frozen=True)
class PageCell:
    """One cell: its text, the number that it is sorted by, how it is set, and where it leads.

    `kind` is t for text on one line, m and w for text in a middling or a wide column, r for a reason, n for a number,
    code for what can be copied.
    """

    text: str
    value: float | None = None
    kind: str = ""
    link: str | None = None


@dataclasses.dataclass(frozen=True)
class PageColumn:
    """One heading."""

    text: str
    number: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageLine:
    """One line; `about` is what the page filters by, `anchor` where links lead."""

    cells: Sequence[PageCell]
    anchor: str | None = None
    kind: str | None = None
    about: Sequence[tuple[str, str]] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """One sortable table."""

    title: str
    columns: Sequence[PageColumn]
    lines: Sequence[PageLine]


def ordered(report: Report) -> Iterator[Unit]:
    """List a report's units in the order of its tables."""
    for block in report.blocks:
        for section in block.sections:
            for table in section.tables:
                yield from table.units


def section_of(unit: Unit) -> str:
    """Name a unit's input as its section is headed."""
    return section_heading(unit.row)


def about(unit: Unit) -> list[tuple[str, str]]:
    """Say what a line is about, for the page's filters."""
    return list(plots.about(unit).items())


def units(report: Report, shown: Sequence[Unit], anchors: Anchors) -> Grid:
    """Make the table of all units; a column that says the same of all is left out where it may vary."""
    many_runs = report.has_many_runs
    columns = [
        *(PageColumn(text) for text in ("input", "detector")),
        *(PageColumn(text) for text in ("host", "target") if len(report.targets) > 1),
        *([PageColumn("run")] if many_runs else []),
        *(PageColumn("device"), PageColumn("batch", number=True)),
        *([PageColumn("workers", number=True)] if report.columns.workers else []),
        *([PageColumn("threads", number=True)] if report.columns.threads else []),
        *([PageColumn("environment")] if report.columns.environment else []),
        *(PageColumn(text, number=True) for text in ("ms", "95% CI", "fps")),
        PageColumn("status"),
        *(PageColumn(text, number=True) for text in ("IQR", "calls", "memory, GiB", "rows")),
        *(PageColumn(text) for text in ("weights", "cell", "run again")),
    ]
    made = [_unit_line(each, report, many_runs, anchors.get(each.key)) for each in shown]
    return Grid(title="units", columns=columns, lines=made)


def _unit_line(unit: Unit, report: Report, many_runs: bool, anchor: str | None) -> PageLine:
    cells = [*_place(unit, report, many_runs), *_settings(unit, report), *_measured(unit), *_end(unit)]
    kind = None if unit_records.status(unit) == Status.OK else "bad"
    return PageLine(cells=cells, anchor=anchor, kind=kind, about=about(unit))


def _place(unit: Unit, report: Report, many_runs: bool) -> list[PageCell]:
    target = report.targets[unit.key[2]]
    cells = [
        named(wording.shortened(unit.row.input, 40)),
        named(detector_heading(unit.row)),
    ]
    if len(report.targets) > 1:
        cells.append(named(wording.shortened(target.host_name, 40)))
        cells.append(PageCell(target.device_name, kind="t"))
    return [*cells, PageCell(wording.shortened(unit.key[0]), kind="t")] if many_runs else cells


def _settings(unit: Unit, report: Report) -> list[PageCell]:
    row, columns = unit.row, report.columns
    cells = [PageCell(row.device, kind="t"), number(row.batch_size, str(row.batch_size))]
    if columns.workers:
        cells.append(number(row.num_workers, str(row.num_workers)))
    if columns.threads:
        threads = unit.threads or wording.ABSENT
        cells.append(number(int(threads) if threads.isdecimal() else None, threads))
    if columns.environment:
        cells.append(PageCell(table_text.environment(unit)))
    return cells


def _measured(unit: Unit) -> list[PageCell]:
    fps, memory, rows = unit_records.throughput(unit), footprint.used_b(unit), unit.row.fex_rows
    return [
        number(unit.frame_s, wording.milliseconds(unit.frame_s) if unit.frame_s is not None else None),
        number(_width(unit), table_text.interval(unit)),
        number(fps, wording.rate(fps) if fps is not None else None),
        PageCell(_status(unit), kind="r" if unit.failed else "t"),
        number(unit.spread, wording.percent(unit.spread) if unit.spread is not None else None),
        number(len(unit.measured), table_text.calls(unit)),
        number(memory, f"{memory / GIB:.2f}" if memory is not None else None),
        number(rows, str(rows) if rows is not None else None),
    ]


NAME_LENGTH = 28  # characters of a name that stays on one line: four of them leave the figures in sight


def named(text: str, link: str | None = None) -> PageCell:
    """Make a cell of a name, which wraps where it is long."""
    return PageCell(text, kind="t" if len(text) <= NAME_LENGTH else "m", link=link)


def number(value: float | None, text: str | None) -> PageCell:
    """Make a cell that is sorted by a number; None is shown as absent."""
    return PageCell(text if text is not None else wording.ABSENT, value, "n")


def _end(unit: Unit) -> list[PageCell]:
    command = unit_records.command(unit)
    return [
        PageCell(unit.row.weights or wording.ABSENT, kind="t"),
        PageCell(unit.key[1], kind="code"),
        PageCell(command or "imported: its cell is not known in full", kind="code" if command else "t"),
    ]


def _status(unit: Unit) -> str:
    if not unit.failed:
        return str(Status.OK)
    last = remarks.status_text(unit.failed[-1], 3 * REASON_LENGTH)
    return last if not unit.measured else f"{len(unit.measured)} of {len(unit.rows)} ok; {last}"


def best(report: Report, anchors: Anchors) -> Grid:
    """Make the table of the settings to use."""
    headings, texts = table_text.best_table(report)
    numeric = {"batch", "workers", "threads", "ms", "95% CI", "fps"}
    made = [
        PageLine(
            cells=[
                _ranked(heading, text, each) if heading in numeric else _named(heading, text, each, anchors)
                for heading, text in zip(headings, line, strict=True)
            ],
            about=about(each.unit),
        )
        for each, line in zip(report.best, texts, strict=True)
    ]
    return Grid(
        title="settings to use", columns=[PageColumn(text, number=text in numeric) for text in headings], lines=made
    )


def _ranked(heading: str, text: str, each: BestSetting) -> PageCell:
    if heading == "95% CI":
        return number(_width(each.unit), text)
    return number(float(text) if text.replace(".", "", 1).isdecimal() else None, text)


def _width(unit: Unit) -> float | None:
    """Give the width of a unit's interval, by which it is sorted."""
    return unit.interval_s[1] - unit.interval_s[0] if unit.interval_s else None


def _named(heading: str, text: str, each: BestSetting, anchors: Anchors) -> PageCell:
    if heading == "detector":
        return named(text, anchors.get(each.unit.key))
    if heading == "input":
        return named(wording.shortened(each.unit.row.input, 40))
    return named(each.target.device_name if heading == "target" else text)


def comparisons(report: Report, found: Notes, anchors: Anchors) -> Grid:
    """Make the table of the pairs with the baseline; what is to be known of all stands above it, once."""
    shared = notes.shared_reason(found) is not None
    where = any(each.where for each in found.comparisons)
    columns = ["config", *["target"] * where, "speedup", "95% CI", "verdict", "baseline", "candidate"]
    columns += [] if shared else ["what to know"]
    known = {unit.key: unit for unit in report.units}
    made = [
        PageLine(
            cells=[
                PageCell(wording.plain(each.config), kind="m", link=_anchor(each, anchors)),
                *[PageCell(wording.plain(each.where or wording.ABSENT), kind="m")] * where,
                number(each.speedup, notes.speedup(each)),
                number(each.low, notes.interval(each)),
                PageCell(each.verdict, kind="t"),
                PageCell(wording.plain(each.baseline), kind="m"),
                PageCell(wording.plain(each.candidate), kind="m"),
                *([] if shared else [PageCell(wording.plain(each.reason or ""), kind="r")]),
            ],
            about=about(known[each.candidate_unit]) if each.candidate_unit in known else (),
        )
        for each in found.comparisons
    ]
    numeric = {"speedup", "95% CI"}
    return Grid(title="comparisons", columns=[PageColumn(text, number=text in numeric) for text in columns], lines=made)


def _anchor(comparison: PairNote, anchors: Anchors) -> str | None:
    return anchors.get(comparison.candidate_unit) if comparison.candidate_unit else None


def next_runs(found: Notes) -> Grid:
    """Make the table of the sweeps to submit next."""
    columns = [
        PageColumn(text, number=text in ("cells", "minutes")) for text in ("sweep", "where", "cells", "minutes", "why")
    ]
    made = [
        PageLine(
            cells=[
                PageCell(each.name, kind="t"),
                PageCell(each.where, kind="w"),
                number(each.cells, str(each.cells)),
                number(each.expected_s, f"{each.expected_s / 60:.0f}"),
                PageCell("; ".join(each.reasons), kind="r"),
            ]
        )
        for each in found.next_runs
    ]
    return Grid(title="next runs", columns=columns, lines=made)
