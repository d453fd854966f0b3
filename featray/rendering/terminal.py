"""Terminal: the tables of a report for a person at a prompt, drawn by rich.

Flow: `document.Report` -> `draw` -> `featray report`, `featray submit`. Names from the store are text, never rich's
markup. No figure, id or heading is cut or broken, at any width; print with `crop=False`.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from featray.analysis import unit_wording
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.row import NO_TARGET
from featray.rendering import best_settings, changes_text, columns, lengths_text, tradeoffs_text, unit_text
from featray.rendering.document import InputSection, Report, Table
from featray.rendering.fitted_tables import FittedTable, label
from featray.rendering.markdown import NO_ROWS, SYNTHETIC
from featray.rendering.notes import NONE, Notes, interval, speedup
from featray.rendering.whole_words import WholeWords

if TYPE_CHECKING:
    from rich.console import RenderableType

SETTINGS = ("workers", "threads", "processes", "environment")
"""Columns of settings beside device and batch."""
DEFAULTS = frozenset(("workers 0", "threads 1", "processes 1"))
"""What is not among the settings of a unit, since it is the default."""
FIRST = ("sec", "ms/frame", "ms/img", "fps", "rows", "95% CI", "calls")
LAST = ("IQR", *columns.START)
"""The most and the least important figures; the others stand between them."""

UNITS_MAX = 200
"""Units whose figures are drawn, and lines of each other table: some screens. The written report has all."""

VERDICT_STYLES = {"FASTER": "green", "SLOWER": "red", "EQUIVALENT": "cyan"}
"""Verdict -> colour; what is undecided has none. The words say the same without colours."""


def draw(report: Report, notes: Notes = NONE) -> "RenderableType":
    """Make a rich renderable of a report's tables, its findings and remarks."""
    from rich.console import Group

    return Group(*_parts(report), *_notes(notes))


def _notes(notes: Notes) -> "Iterator[RenderableType]":
    from rich.text import Text

    if notes.headline:
        yield WholeWords(f"\n{notes.headline.text}", style="bold")
    elif notes.comparisons or notes.observations:
        yield WholeWords("")
    for pair in notes.comparisons:
        ratio = f"{speedup(pair)} ({interval(pair)})" if pair.low else speedup(pair)
        verdict = Text(pair.verdict, style=VERDICT_STYLES.get(pair.verdict, ""))
        drift = f"\n    {wording.plain(pair.drift)}" if pair.drift else ""
        yield WholeWords(Text.assemble(f"{ratio:24} ", verdict, f"  {wording.plain(pair.config)}{drift}"))
    for observation in notes.observations:
        yield WholeWords(f"- {observation.text}")


def _parts(report: Report) -> "Iterator[RenderableType]":
    if not report.units:
        yield WholeWords(NO_ROWS)
    if report.synthetic:
        yield WholeWords(SYNTHETIC, style="yellow")
    if len(report.units) > UNITS_MAX:
        yield WholeWords(f"\nThe figures of {wording.count(len(report.units), 'unit')} are in the report.")
    for block in report.blocks if len(report.units) <= UNITS_MAX else ():
        yield WholeWords(f"\n{block.heading}", style="bold")
        for section in block.sections:
            yield from _section(section, report)
    yield from _best(report)
    yield from map(WholeWords, report.search_limits)
    yield from _changes(report)
    yield from _tradeoffs(report)
    yield from map(WholeWords, tradeoffs_text.remarks(report.tradeoffs, report.too_few))
    if report.lengths:
        yield WholeWords(f"\n{lengths_text.TITLE}", style="italic")
        yield from (WholeWords(f"- {sentence}") for sentence in lengths_text.sentences(report.lengths))
    if report.cautions:
        yield WholeWords("")
    for caution in report.cautions:
        yield WholeWords(f"- {caution}", style="yellow")


def _changes(report: Report) -> "Iterator[RenderableType]":
    if changes_text.has_changes(report):
        lines = [line.texts for line in changes_text.lines(report)]
        yield FittedTable(title=changes_text.TITLE, headings=changes_text.HEADINGS, keys=3, groups=[lines[:UNITS_MAX]])
        yield from _more(len(lines))
        yield WholeWords(" ".join([changes_text.note(report), *changes_text.left_out(report)]))


def _section(section: InputSection, report: Report) -> "Iterator[RenderableType]":
    """Draw one input's tables as one, the detector in the first column, and below it what has no number."""
    weights = " (synthetic weights)" if any(table.synthetic for table in section.tables) else ""
    units = [unit for table in section.tables for unit in table.units]
    timed = [unit for unit in units if unit.call_s is not None]
    title = section.heading + weights
    if timed:
        yield _figures(section, report, title)
    else:
        yield WholeWords(f"\n{title}", style="italic")
    yield from (WholeWords(f"- {_failure(unit, report)}") for unit in units if unit.call_s is None)


def _failure(unit: Unit, report: Report) -> str:
    """Name a unit without a number, with its status and reason; among several targets also its device and host."""
    name = ", ".join([unit_wording.detector(unit.row), unit.row.device, *unit_text.settings(unit)])
    is_placed = report.has_many_targets and unit.row.target_id != NO_TARGET
    return f"{name}{f' on {unit.target.place}' if is_placed else ''}: {unit_text.outcome(unit)}"


def _figures(section: InputSection, report: Report, title: str) -> FittedTable:
    """Make the table of all units that have a number."""
    names = ["detector", *columns.headings(report.columns, section.kind)]
    groups = [lines for table in section.tables if (lines := _lines(table, section, report))]
    units = [unit for table in section.tables for unit in table.units if unit.call_s is not None]
    texts = {name: {line[index] for lines in groups for line in lines} for index, name in enumerate(names)}
    keys = [name for name in ("detector", "device", "batch", *SETTINGS) if _tells_apart(name, texts)]
    others = [name for name in names if name not in ("detector", "device", "batch", *SETTINGS)]
    figures = sorted(others, key=_rank)
    order = [names.index(name) for name in (*keys, *figures)]
    return FittedTable(
        title=title,
        headings=[*keys, *figures],
        keys=len(keys),
        groups=[[[line[index] for index in order] for line in lines] for lines in groups],
        said=_shared(units, texts),
    )


def _lines(table: Table, section: InputSection, report: Report) -> list[list[str]]:
    return [
        [table.heading, *columns.line(unit, report.columns, section.kind)]
        for unit in table.units
        if unit.call_s is not None
    ]


def _tells_apart(name: str, texts: Mapping[str, set[str]]) -> bool:
    """Return True for a column that a table needs: detector, batch, and what is not the same in all its lines."""
    return name in ("detector", "batch") or len(texts.get(name, ())) > 1


def _shared(units: Sequence[Unit], texts: Mapping[str, set[str]]) -> list[str]:
    """List what holds for all units: the device, and each setting that is no default or differs elsewhere."""
    device = [units[0].row.device] if len(texts["device"]) == 1 else []
    shared = [part for part in unit_text.settings(units[0])[1:] if all(part in unit_text.settings(u) for u in units)]
    constant = [label(name, next(iter(texts[name]))) for name in SETTINGS if len(texts.get(name, ())) == 1]
    return [*device, *shared, *(text for text in constant if text in DEFAULTS)]


def _rank(heading: str) -> int:
    """Order figures by importance; equal ones stay as they are."""
    if heading in LAST:
        return len(FIRST) + 1
    return FIRST.index(heading) if heading in FIRST else len(FIRST)


def _best(report: Report) -> "Iterator[RenderableType]":
    """Draw the settings to use, a table per input."""
    if not report.best:
        return
    headings, lines = best_settings.table(report.best, report.columns)
    figures = [name for name in headings if name in ("ms", "95% CI", "fps", "equally fast")]
    order = [headings.index(name) for name in (*(name for name in headings if name not in figures), *figures)][1:]
    for section, members in itertools.groupby(lines, key=lambda line: line[0]):
        ordered = [[line[index] for index in order] for line in members]
        yield FittedTable(
            title=f"{best_settings.title(report.best)}: {section}",
            headings=[headings[index] for index in order],
            keys=len(order) - len(figures),
            groups=[ordered[:UNITS_MAX]],
        )
        yield from _more(len(ordered))


def _tradeoffs(report: Report) -> "Iterator[RenderableType]":
    """Draw the settings that no other one beats, a table per input."""
    lines = tradeoffs_text.lines(report.tradeoffs)
    for section, members in itertools.groupby(sorted(lines, key=lambda line: line[0]), key=lambda line: line[0]):
        own = [line[1:] for line in members]
        title = f"{tradeoffs_text.TITLE}: {section}"
        yield FittedTable(title=title, headings=tradeoffs_text.HEADINGS[1:], keys=3, groups=[own[:UNITS_MAX]])
        yield from _more(len(own))


def _more(lines: int) -> "Iterator[RenderableType]":
    """Say how many lines of a table are left out."""
    if lines > UNITS_MAX:
        yield WholeWords(f"{lines - UNITS_MAX} more are in the report.")
