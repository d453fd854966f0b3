"""Summary: a result as a title, remarks and tables, for `repr` and for a notebook, and as records for a frame.

Flow: `summaries` -> `Summary` -> `as_text`, `as_html` -> `api.results`. Pure.
Colours are shares of the notebook's own text colour, so that they fit a light and a dark notebook alike.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import wording
from featray.rendering.page import template_loader
from featray.rendering.page.tables import PageCell, PageColumn, PageLine, PageTable

TEXT_LENGTH = 2000  # characters of a `repr`: a screen of 25 lines
LINE_LENGTH = 160  # characters of one of its lines
CELL_LENGTH = 40  # of one cell of its table
WRAPPED_LENGTH = 56  # characters from which a cell of a notebook has several lines
LINES = 8  # of the first table, in a `repr`
REMARKS = 3  # in a `repr`
HTML_LINES = 50  # of a table in a notebook: 4 KB of a saved notebook each; the frame has all


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """What is shown of a result. `records` has everything, in SI units, one per line of its frame."""

    title: str
    remarks: Sequence[str] = ()
    tables: Sequence[PageTable] = ()
    records: Sequence[Mapping[str, Any]] = ()


def make_table(title: str, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> PageTable:
    """Make a table of texts; columns of numbers are aligned on the right."""
    columns = [PageColumn(heading) for heading in headings]
    return PageTable(title=title, columns=columns, lines=[PageLine(cells=_cells(columns, line)) for line in lines])


def _cells(columns: Sequence[PageColumn], line: Sequence[str]) -> list[PageCell]:
    return [_cell(wording.plain(text), column) for text, column in zip(line, columns, strict=True)]


def _cell(text: str, column: PageColumn) -> PageCell:
    """Set a text: numbers on the right, what is longer than a line of its column on several."""
    return PageCell(text, kind="n" if column.number else "r" if len(text) > WRAPPED_LENGTH else "")


def as_text(summary: Summary) -> str:
    """Write a summary in at most `TEXT_LENGTH` characters: the title, the first lines of its tables, remarks."""
    lines = [summary.title]
    for table in summary.tables[:1]:
        lines += _text_lines(table)
    lines += [f"and {wording.count(len(summary.tables) - 1, 'more table')}"] * (len(summary.tables) > 1)
    lines += [f"- {remark}" for remark in summary.remarks[:REMARKS]]
    lines += [f"- and {len(summary.remarks) - REMARKS} more"] * (len(summary.remarks) > REMARKS)
    text = "\n".join(_cut(line, LINE_LENGTH) for line in lines)
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


def _text_lines(table: PageTable) -> list[str]:
    """Write the first lines of a table, in columns."""
    texts = [[column.text for column in table.columns]]
    texts += [[wording.shortened(cell.text, CELL_LENGTH) for cell in line.cells] for line in table.lines[:LINES]]
    widths = [max(len(line[index]) for line in texts) for index in range(len(table.columns))]
    is_number = [column.number for column in table.columns]
    lines = ["  ".join(_aligned(line, widths, is_number)).rstrip() for line in texts]
    more = len(table.lines) - LINES
    return [table.title, *lines, *([f"and {more} more; to_frame() has all"] if more > 0 else [])]


def _aligned(line: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> list[str]:
    return [
        text.rjust(width) if right else text.ljust(width)
        for text, width, right in zip(line, widths, is_number, strict=True)
    ]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def as_html(summary: Summary) -> str:
    """Write a summary as HTML that a notebook shows; everything from a store is escaped."""
    text = template_loader.get("notebook.html").render(
        summary=summary, tables=[_shown(table) for table in summary.tables], style=template_loader.read("notebook.css")
    )
    return str(text)


def _shown(table: PageTable) -> dict[str, Any]:
    left_out = max(0, len(table.lines) - HTML_LINES)
    return {"title": table.title, "columns": table.columns, "lines": table.lines[:HTML_LINES], "left_out": left_out}
