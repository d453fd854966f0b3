"""Whole words: text that is broken only between words; rich itself breaks a word that is longer than a line.

Flow: `terminal`, `estimate_text`, `fitted_tables` -> `WholeWords` -> rich. An id that is longer than a line
stands on a line of its own.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

_WORD = re.compile(r"\S+\s*|\s+")


class WholeWords:
    """Draws a text, broken between words at the width of the console."""

    def __init__(self, text: "Text | str", style: str = "") -> None:
        """Take a text with styles of its own, or plain text with one style."""
        from rich.text import Text

        self._text = Text(text, style=style) if isinstance(text, str) else text

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw the text, a line after the other."""
        for paragraph in self._text.split("\n", allow_blank=True):
            for line in paragraph.divide(breaks(paragraph.plain, options.max_width)):
                line.rstrip()
                line.no_wrap, line.overflow = True, "ignore"
                yield line


def breaks(text: str, width: int) -> list[int]:
    """Find where the second and later lines of a text begin."""
    from rich.cells import cell_len

    starts, used = [], 0
    for match in _WORD.finditer(text):
        word = match.group()
        if used and used + cell_len(word.rstrip()) > width and word.strip():
            starts.append(match.start())
            used = 0
        used += cell_len(word)
    return starts
