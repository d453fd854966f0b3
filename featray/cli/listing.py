"""Listing: lines of figures, ids and names for terminals of any width.

Flow: a command's values -> `draw` -> lines of text -> `console.result`. Pure.
Figures stand first, names last. No figure or id is ever cut or broken. What has no room on its line stands below it.
"""

import dataclasses
import textwrap
from collections.abc import Sequence

from featray.core import wording

GAP = 2  # spaces between columns
INDENT = "    "  # of what stands below its line


@dataclasses.dataclass(frozen=True)
class ListedColumn:
    """One column: its heading, and whether it holds numbers, which are aligned on the right.

    Where a text is longer than `width_max`, the column stands below each line at any width.
    """

    heading: str
    is_number: bool = False
    width_max: int | None = None


def draw(
    columns: Sequence[ListedColumn], lines: Sequence[Sequence[str]], width: int | None, *, whole: int
) -> list[str]:
    """Draw lines in columns, those that fit; the others below each line, with their headings.

    Args:
        columns: In the order in which they matter.
        lines: A text per column; an empty one is left out where it would stand below.
        width: Of the terminal; None gives each line all its columns.
        whole: The first columns, which stay on their line at any width: figures and ids.

    Returns:
        Lines without spaces at their ends. A word longer than the width is not broken.
    """
    plain = [[wording.plain(text) for text in line] for line in lines]
    widths = [
        max(len(text) for text in (column.heading, *texts)) for column, *texts in zip(columns, *plain, strict=True)
    ]
    count = min(_count_fitting(widths, width, whole), _count_narrow(columns, widths))
    drawn = [_line([column.heading for column in columns[:count]], columns, widths)]
    for line in plain:
        drawn.append(_line(line[:count], columns, widths))
        for column, text in zip(columns[count:], line[count:], strict=True):
            drawn += wrapped(f"{column.heading}: {text}", width, INDENT) if text not in ("", wording.ABSENT) else []
    return drawn


def _count_fitting(widths: Sequence[int], width: int | None, whole: int) -> int:
    """Count the columns that stay on their line: all or, where these do not fit, the first as far as they go."""
    if width is None:
        return len(widths)
    count = len(widths)
    while count > whole and sum(widths[:count]) + GAP * (count - 1) > width:
        count -= 1
    return count


def _count_narrow(columns: Sequence[ListedColumn], widths: Sequence[int]) -> int:
    """Count the columns before the first one that is wider than it may be."""
    limits = (column.width_max for column in columns)
    wide = (index for index, (limit, size) in enumerate(zip(limits, widths, strict=True)) if limit and size > limit)
    return next(wide, len(columns))


def _line(texts: Sequence[str], columns: Sequence[ListedColumn], widths: Sequence[int]) -> str:
    cells = [
        text.rjust(size) if column.is_number else text.ljust(size)
        for text, column, size in zip(texts, columns, widths, strict=False)
    ]
    return (" " * GAP).join(cells).rstrip()


def wrapped(text: str, width: int | None, indent: str = "", subsequent: str | None = None) -> list[str]:
    """Wrap a text at its spaces; ids, paths and addresses stay whole."""
    if width is None:
        return [indent + text]
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if subsequent is None else subsequent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentences(text: str, width: int | None) -> list[str]:
    """Wrap each line of a text; what goes on below stands two spaces further to the right.

    Args:
        text: Of one or more lines.
        width: Of the terminal; None leaves the lines as they are.
    """
    lines = []
    for line in text.split("\n"):
        begin = line[: len(line) - len(line.lstrip(" "))]
        lines += wrapped(line.lstrip(" "), width, begin, f"{begin}  ") or [""]
    return lines
