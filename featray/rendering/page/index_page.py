"""Index page: a store's reports, sweep by sweep, each with its runs and with how its times moved.

Flow: `Entry` per run, `analysis.history` -> `render` -> `shell` -> `featray report --all`. Pure.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from featray.analysis.history import ChangeState, HistoryChange, Series
from featray.core import wording
from featray.core.status import Status
from featray.rendering import history_text, unit_fields
from featray.rendering.document import Report
from featray.rendering.notes import Notes
from featray.rendering.page import shell, tables
from featray.rendering.page.tables import PageCell, PageColumn, PageLine, PageTable

RUN_HEADINGS = ("run", "measured (UTC)", "machines", "units", "without a number", "what it says")
HISTORY_HEADINGS = ("machine", "setting", "history", "last", "suspected steps")
NOTE = "Every run of the store has a page of its own. This folder has all of them; it can be moved as a whole."
SPARKLINE_NOTE = f"{history_text.LEGEND} The history page has plots with dates, versions and intervals."

SeriesWithSteps = Sequence[tuple[Series, Sequence[HistoryChange]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One run: its page beside the index, and what the page shows."""

    file: str
    sweep: str
    run_id: str
    started_at: str
    report: Report
    notes: Notes


def render(
    entries: Sequence[Entry], found: SeriesWithSteps, *, store: str, history_file: str | None, version: str
) -> str:
    """Make the page.

    Args:
        entries: Every run, in any order.
        found: Every series of the store with its steps, in the order of the history page.
        store: Name of the store for people.
        history_file: The history page beside the index; None without one.
        version: featray's, for the foot of the page.
    """
    by_sweep: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.started_at, entry.run_id), reverse=True):
        by_sweep.setdefault(entry.sweep, []).append(entry)
    sweeps = [
        _section(f"s{index}", name, members, found, history_file)
        for index, (name, members) in enumerate(by_sweep.items())
    ]
    page = {
        "contents": [(sweep["anchor"], sweep["name"]) for sweep in sweeps],
        "store": wording.plain(store),
        "count": f"{wording.count(len(entries), 'run')} of {wording.count(len(sweeps), 'sweep')}. {NOTE}",
        "history_file": history_file,
        "sparkline_note": SPARKLINE_NOTE,
        "sweeps": sweeps,
    }
    return shell.render("index.html", page, (), name=f"reports of {store}", version=version)


def _section(
    anchor: str, name: str, entries: Sequence[Entry], found: SeriesWithSteps, history_file: str | None
) -> dict[str, Any]:
    run_ids = {entry.run_id for entry in entries}
    numbered = [(index, series, changes) for index, (series, changes) in enumerate(found) if _is_of(series, run_ids)]
    lines = [_history_line(index, series, changes, history_file) for index, series, changes in numbered]
    return {
        "anchor": anchor,
        "name": wording.plain(name),
        "runs": PageTable(title=f"{name} runs", columns=_columns(RUN_HEADINGS), lines=list(map(_run_line, entries))),
        "history": PageTable(title=f"{name} history", columns=_columns(HISTORY_HEADINGS), lines=lines)
        if lines
        else None,
    }


def _is_of(series: Series, run_ids: Iterable[str]) -> bool:
    return any(row.run_id in run_ids for point in series.points for row in point.rows)


def _columns(headings: Sequence[str]) -> list[PageColumn]:
    return [PageColumn(heading) for heading in headings]


def _run_line(entry: Entry) -> PageLine:
    units = entry.report.units
    hosts = wording.listed(sorted({unit.target.host_name for unit in units}))
    without = sum(unit_fields.status(unit) != Status.OK for unit in units)
    cells = [
        PageCell(wording.plain(entry.run_id), kind="t", file=entry.file),
        PageCell(entry.started_at[:16].replace("T", " "), kind="t"),
        PageCell(wording.plain(hosts), kind="m"),
        tables.number(len(units), str(len(units))),
        tables.number(without, str(without) if without else wording.ABSENT),
        PageCell(_summary(entry), kind="r"),
    ]
    return PageLine(cells=cells, kind="bad" if units and without == len(units) else None)


def _summary(entry: Entry) -> str:
    """Give the headline, or what the sweep is about."""
    headline = entry.notes.headline
    said = headline.text if headline else " ".join(entry.report.descriptions)
    return wording.plain(f"{said} (synthetic weights)" if entry.report.synthetic else said)


def _history_line(index: int, series: Series, changes: Sequence[HistoryChange], history_file: str | None) -> PageLine:
    suspected = sum(change.state is ChangeState.SUSPECTED for change in changes)
    cells = [
        PageCell(wording.plain(series.machine.place), kind="t"),
        PageCell(wording.plain(series.name), kind="m", file=history_file, link=f"p{index}" if history_file else None),
        PageCell(history_text.sparkline(series.points), kind="t"),
        tables.number(series.points[-1].call_s, history_text.time(series.points[-1])),
        tables.number(suspected, str(suspected) if suspected else wording.ABSENT),
    ]
    return PageLine(cells=cells)
