"""Terminal: the tables of a report for a person at a prompt, drawn by rich.

Flow: `document.Report` -> `draw` -> `featray submit`. Names from the store are text, never rich's markup.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from featray.analysis import unit_wording
from featray.core import wording
from featray.rendering import best_settings, changes_text, columns, lengths_text, tradeoffs_text, unit_text
from featray.rendering.document import InputSection, Report
from featray.rendering.markdown import NO_ROWS, SYNTHETIC
from featray.rendering.notes import NONE, Notes, interval, speedup

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LEFT = frozenset(
    (
        *("input", "device", "environment", "detector", "host", "target", "run", "weights"),
        *("setting", "against", "family"),
    )
)
"""Columns of names; all others are numbers and are aligned on the right."""


VERDICT_STYLES = {"FASTER": "green", "SLOWER": "red", "EQUIVALENT": "cyan"}
"""Verdict -> colour; what is undecided has none. The words say the same without colours."""


def draw(report: Report, notes: Notes = NONE) -> "RenderableType":
    """Make a rich renderable of a report's tables, its findings and remarks."""
    from rich.console import Group

    return Group(*_parts(report), *_notes(notes))


def _notes(notes: Notes) -> "Iterator[RenderableType]":
    from rich.text import Text

    if notes.headline:
        yield Text(f"\n{notes.headline.text}", style="bold")
    for pair in notes.comparisons:
        ratio = f"{speedup(pair)} ({interval(pair)})" if pair.low else speedup(pair)
        verdict = Text(pair.verdict, style=VERDICT_STYLES.get(pair.verdict, ""))
        drift = f"\n    {wording.plain(pair.drift)}" if pair.drift else ""
        yield Text.assemble(f"{ratio:24} ", verdict, f"  {wording.plain(pair.config)}{drift}")
    for observation in notes.observations:
        yield Text(f"- {observation.text}")


def _parts(report: Report) -> "Iterator[RenderableType]":
    from rich.text import Text

    if not report.units:
        yield Text(NO_ROWS)
    if report.synthetic:
        yield Text(SYNTHETIC, style="yellow")
    for block in report.blocks:
        yield Text(f"\n{block.heading}", style="bold")
        for section in block.sections:
            yield _section(section, report)
            yield from _resources(section, report)
    if report.best:
        headings, lines = best_settings.table(report.best, report.columns)
        yield _table(best_settings.title(report.best), headings, [lines])
        yield from (Text(sentence) for sentence in report.search_limits)
    yield from _changes(report)
    yield from _tradeoffs(report)
    if report.lengths:
        yield Text(f"\n{lengths_text.TITLE}")
        yield from (Text(f"- {sentence}") for sentence in lengths_text.sentences(report.lengths))
    for caution in report.cautions:
        yield Text(f"- {caution}", style="yellow")


def _changes(report: Report) -> "Iterator[RenderableType]":
    from rich.text import Text

    if changes_text.has_changes(report):
        lines = [line.texts for line in changes_text.lines(report)]
        yield _table(changes_text.TITLE, changes_text.HEADINGS, [lines])
        yield Text(" ".join([changes_text.note(report), *changes_text.left_out(report)]))


def _section(section: InputSection, report: Report) -> "Table":
    """Draw one input's tables as one, the detector in the first column."""
    weights = " (synthetic weights)" if any(table.synthetic for table in section.tables) else ""
    shown = columns.without_resources(report.columns)
    headings = ["detector", *columns.headings(shown, section.kind)]
    groups = [
        [[table.heading, *columns.line(unit, shown, section.kind)] for unit in table.units] for table in section.tables
    ]
    return _table(section.heading + weights, headings, groups)


def _resources(section: InputSection, report: Report) -> "Iterator[Table]":
    """Draw start, energy and cost of one input, where any was measured."""
    units = [unit for table in section.tables for unit in table.units]
    names, lines = columns.resources(report.columns, units)
    if names:
        labels = [[unit_wording.detector(unit.row), ", ".join(unit_text.settings(unit))] for unit in units]
        rows = [[*label, *line] for label, line in zip(labels, lines, strict=True)]
        yield _table(f"{section.heading}: start, energy, cost", ["detector", "setting", *names], [rows])


def _tradeoffs(report: Report) -> "Iterator[RenderableType]":
    """Draw the settings that no other one beats, a table per input."""
    from rich.text import Text

    lines = tradeoffs_text.lines(report.tradeoffs)
    kept = [heading != "target" or report.has_many_targets for heading in tradeoffs_text.HEADINGS[1:]]
    headings = list(itertools.compress(tradeoffs_text.HEADINGS[1:], kept))
    for section, members in itertools.groupby(sorted(lines, key=lambda line: line[0]), key=lambda line: line[0]):
        rows = [list(itertools.compress(line[1:], kept)) for line in members]
        yield _table(f"{tradeoffs_text.TITLE}: {section}", headings, [rows])
    yield from map(Text, tradeoffs_text.remarks(report.tradeoffs, report.too_few))


def _table(title: str, headings: Sequence[str], groups: Sequence[Sequence[Sequence[str]]]) -> "Table":
    """Draw groups of lines, with a rule between two groups."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        is_name = heading in LEFT
        table.add_column(heading, justify="left" if is_name else "right", overflow="fold", no_wrap=not is_name)
    for lines in groups:
        for line in lines:
            table.add_row(*(Text(wording.plain(text)) for text in line))
        table.add_section()
    return table
