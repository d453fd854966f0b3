"""Terminal: the tables of a report for a person at a prompt, drawn by rich."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from featray.core import wording
from featray.rendering import table_text
from featray.rendering.document import InputSection, Report
from featray.rendering.markdown import SYNTHETIC

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LEFT = frozenset({"input", "device", "environment", "detector", "host", "target", "run", "weights"})
"""Columns of names; all others are numbers and end on the right."""


def draw(report: Report) -> "RenderableType":
    """Make a rich renderable of a report's tables and remarks.

    Names from the store go in as text, never as rich's markup.
    """
    from rich.console import Group

    return Group(*_parts(report))


def _parts(report: Report) -> "Iterator[RenderableType]":
    from rich.text import Text

    if not report.units:
        yield Text("There are no rows to report.")
    if report.synthetic:
        yield Text(f"{SYNTHETIC.capitalize()}.", style="yellow")
    for block in report.blocks:
        yield Text(f"\n{block.heading}", style="bold")
        for section in block.sections:
            yield _section(section, report)
    if report.best:
        yield _best(report)
    for remark in report.remarks:
        yield Text(f"- {remark.text}", style="yellow")


def _section(section: InputSection, report: Report) -> "Table":
    """Draw one input's tables as one, the detector in the first column."""
    weights = " (synthetic weights)" if any(table.synthetic for table in section.tables) else ""
    table = _empty(section.heading + weights, ["detector", *table_text.headings(report.columns, section.kind)])
    for each in section.tables:
        for unit in each.units:
            _add(table, [each.heading, *table_text.cells(unit, report.columns, section.kind)])
        table.add_section()
    return table


def _best(report: Report) -> "Table":
    headings, texts = table_text.best_table(report)
    table = _empty(table_text.best_title(report), headings)
    for line in texts:
        _add(table, line)
    return table


def _empty(title: str, headings: list[str]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in LEFT else "right", overflow="fold")
    return table


def _add(table: "Table", texts: list[str]) -> None:
    from rich.text import Text

    table.add_row(*(Text(wording.plain(each)) for each in texts))
