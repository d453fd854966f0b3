"""Terminal: the tables of a report for a person at a prompt, drawn by rich.

Flow: `document.Report` -> `draw` -> `featray submit`. Names from the store are text, never rich's markup.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from featray.core import wording
from featray.rendering import best_settings, changes_text, columns, lengths_text, tradeoffs_text
from featray.rendering.document import InputSection, Report
from featray.rendering.markdown import NO_ROWS, SYNTHETIC
from featray.rendering.notes import NONE, Notes, interval, speedup

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LEFT = frozenset(
    (
        *("input", "clip", "device", "environment", "detector", "host", "target", "run", "weights"),
        *("setting", "settings", "frames", "against", "family"),
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
    if report.best:
        headings, lines = best_settings.table(report.best, report.columns)
        yield _table(best_settings.title(report.best), headings, [lines])
    yield from _changes(report)
    if report.tradeoffs:
        yield _table(tradeoffs_text.TITLE, tradeoffs_text.HEADINGS, [tradeoffs_text.lines(report.tradeoffs)])
    if report.lengths:
        yield _table(lengths_text.TITLE, lengths_text.HEADINGS, [lengths_text.lines(report.lengths)])
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
    headings = ["detector", *columns.headings(report.columns, section.kind)]
    groups = [
        [[table.heading, *columns.line(unit, report.columns, section.kind)] for unit in table.units]
        for table in section.tables
    ]
    return _table(section.heading + weights, headings, groups)


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
