"""Fitted tables: tables whose figures, intervals and headings are whole at every width of a terminal.

Flow: `terminal`, `estimate_text` -> `FittedTable` -> rich. What is the same in all lines is said once above.
Where the columns do not fit, long names wrap between words in the last columns; then the last figures have a table of
their own; on the narrowest terminals, each line is a paragraph.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from featray.core import wording
from featray.rendering.whole_words import WholeWords

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult

NAMES = frozenset(
    (
        *("input", "device", "environment", "detector", "host", "target", "run", "weights"),
        *("setting", "against", "family", "machine"),
    )
)
"""Columns of names; all others are numbers and are aligned on the right."""
KINDS = frozenset(("setting", "against", "family", "detector"))
"""Names that stay in the lines also where they are all the same: they say what a line is."""
CLEAR = frozenset(("input", "device", "detector", "host", "target", "setting", "family", "machine"))
"""Names that need no heading in a sentence."""

GAP = 2  # spaces between columns
INDENT = "    "  # of the figures below a name
SHORT_NAME = 24  # characters of a name that stands in the first columns and is not wrapped
WRAPPED_NAME = 16  # characters that a wrapped name has at least
MOST_WRAPPED = 1  # names that are repeated in several tables; more would leave no room for figures


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittedTable:
    """A table for any width: a group of lines of texts per kind of thing, with a rule between two groups."""

    title: str
    headings: Sequence[str]
    """First those that tell the lines apart, then the figures, the most important first."""
    keys: int
    """The first headings, which stand in each part of the table."""
    groups: Sequence[Sequence[Sequence[str]]]
    said: Sequence[str] = ()
    """What holds for all lines."""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw the table at the width of the console."""
        yield WholeWords(f"\n{wording.plain(self.title)}", "italic")
        shown = self._without_empty()._without_constants()
        if shown.said:
            yield WholeWords(", ".join(map(wording.plain, shown.said)))
        yield from shown._drawn(options.max_width)

    def _without_empty(self) -> "FittedTable":
        """Leave out the figures that no line has."""
        lines = list(itertools.chain(*self.groups))
        return self._of(
            [
                index < self.keys or any(line[index] != wording.ABSENT for line in lines)
                for index in range(len(self.headings))
            ]
        )

    def _of(self, is_kept: Sequence[bool]) -> "FittedTable":
        """Keep some columns."""
        return dataclasses.replace(
            self,
            headings=list(itertools.compress(self.headings, is_kept)),
            keys=sum(is_kept[: self.keys]),
            groups=[[list(itertools.compress(line, is_kept)) for line in lines] for lines in self.groups],
        )

    def _without_constants(self) -> "FittedTable":
        """Move names that are the same in all of several lines to what is said above them."""
        lines = list(itertools.chain(*self.groups))
        is_constant = [
            len(lines) > 1 and heading in NAMES - KINDS and len({line[index] for line in lines}) == 1
            for index, heading in enumerate(self.headings[: self.keys])
        ]
        said = [label(self.headings[index], lines[0][index]) for index, each in enumerate(is_constant) if each]
        figures = [True] * (len(self.headings) - self.keys)
        return dataclasses.replace(self._of([*(not each for each in is_constant), *figures]), said=[*self.said, *said])

    def _drawn(self, width: int) -> "Iterator[RenderableType]":
        widths = [max(map(_cells, texts)) for texts in self._texts()]
        long = [index for index in range(self.keys) if self.headings[index] in NAMES and widths[index] > SHORT_NAME]
        order = [index for index in range(len(widths)) if index not in long] + long
        least = [
            max(_longest_word(texts), min(size, WRAPPED_NAME)) if index in long else size
            for index, (texts, size) in enumerate(zip(self._texts(), widths, strict=True))
        ]
        if total(widths) <= width:
            yield self._table(range(len(widths)), widths)
        elif total(least) <= width:
            yield self._table(order, fitted(widths, least, width))
        elif len(long) <= MOST_WRAPPED and (parts := split(least, self.keys, long, width)) is not None:
            for number, part in enumerate(parts):
                yield from [WholeWords("")] * (number > 0)
                yield self._table(part, least)
        else:
            yield from self._paragraphs(width)

    def _texts(self) -> list[list[str]]:
        """List the texts of each column, its heading first."""
        lines = [self.headings, *itertools.chain(*self.groups)]
        return [[wording.plain(line[index]) for line in lines] for index in range(len(self.headings))]

    def _table(self, columns: Sequence[int], widths: Sequence[int]) -> "RenderableType":
        """Draw some columns, each as wide as told."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
        for column in columns:
            heading, is_name = self.headings[column], self.headings[column] in NAMES
            side: JustifyMethod = "left" if is_name else "right"
            table.add_column(heading, justify=side, no_wrap=not is_name, width=widths[column])
        for lines in self.groups:
            for line in lines:
                table.add_row(*(Text(wording.plain(line[column])) for column in columns))
            table.add_section()
        return table

    def _paragraphs(self, width: int) -> "Iterator[RenderableType]":
        """Write each line as a paragraph: its names, then its figures with their headings."""
        from rich.text import Text

        for line in itertools.chain(*self.groups):
            labels = [label(heading, text) for heading, text in zip(self.headings, line, strict=True)]
            yield WholeWords(", ".join(filter(None, labels[: self.keys])))
            for row in packed(filter(None, labels[self.keys :]), width - len(INDENT)):
                yield Text(INDENT + row, no_wrap=True, overflow="ignore")


def label(heading: str, text: str) -> str:
    """Write a text with its heading; one that is not there is empty."""
    plain = wording.plain(text)
    if plain == wording.ABSENT:
        return ""
    return plain if heading in CLEAR else f"{heading} {plain}"


def total(widths: Iterable[int]) -> int:
    """Add up the width of a table; its last column has a space behind it."""
    sizes = list(widths)
    return sum(sizes) + GAP * (len(sizes) - 1) + 1


def split(widths: Sequence[int], keys: int, wrapped: Sequence[int], width: int) -> list[list[int]] | None:
    """Split columns into tables that all have the keys; None where there is no room for these and a figure.

    Args:
        widths: Of all columns.
        keys: How many of the first columns stand in each table.
        wrapped: Those of them that stand last.
        width: Of the terminal.

    Returns:
        The indices of the columns of each table, in order.
    """
    first = [index for index in range(keys) if index not in wrapped]
    parts: list[list[int]] = [first]
    for index in range(keys, len(widths)):
        if total(widths[column] for column in (*parts[-1], index, *wrapped)) > width:
            parts.append(first)
        parts[-1] = [*parts[-1], index]
    tables = [[*part, *wrapped] for part in parts if part != first]
    return tables if all(total(widths[column] for column in table) <= width for table in tables) else None


def fitted(widths: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Make the widest columns that may wrap narrower, until all fit; `least` fits."""
    sizes = list(widths)
    while total(sizes) > width:
        widest = max((index for index in range(len(sizes)) if sizes[index] > least[index]), key=sizes.__getitem__)
        sizes[widest] -= 1
    return sizes


def packed(texts: Iterable[str], width: int) -> Iterator[str]:
    """Write texts on lines, as many as fit on each; none is broken."""
    line = ""
    for text in texts:
        longer = f"{line}   {text}" if line else text
        if line and _cells(longer) > width:
            yield line
            longer = text
        line = longer
    if line:
        yield line


def _longest_word(texts: Iterable[str]) -> int:
    return max(_cells(word) for text in texts for word in (text.split() or [""]))


def _cells(text: str) -> int:
    """Count the columns of a terminal that a text takes."""
    from rich.cells import cell_len

    return cell_len(text)
