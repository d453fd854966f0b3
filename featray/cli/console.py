"""Console: how featray writes to the terminal. Results go to stdout, everything else to stderr.

Rich is imported when something is drawn, not before.
"""

import contextlib
import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

from featray.errors import ERROR_MARK, WARNING_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
RED, YELLOW = "1;31", "33"  # of a terminal's own colours
WIDTH = 140  # columns of a table where stdout is no terminal


def printable(text: str) -> str:
    """Drop what could move the cursor or change colours: a message quotes names of stores, hosts and files."""
    return "\n".join(_CONTROL.sub(" ", line) for line in text.split("\n"))


def error(message: str) -> None:
    """Print an error on stderr, marked as one; red on a terminal."""
    print(f"{_coloured(ERROR_MARK, RED)}{printable(message)}", file=sys.stderr)


def warn(message: str) -> None:
    """Print a warning on stderr, marked as one; yellow on a terminal."""
    print(f"{_coloured(WARNING_MARK, YELLOW)}{printable(message)}", file=sys.stderr)


def _coloured(mark: str, code: str) -> str:
    """Colour a mark, but not in a pipe, a file or a log, nor where NO_COLOR is set."""
    is_plain = not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return mark if is_plain else f"\x1b[{code}m{mark.rstrip()}\x1b[0m "


def say(message: str) -> None:
    """Print a message on stderr."""
    print(printable(message), file=sys.stderr)


def result(text: str) -> None:
    """Print a result on stdout: for people on a terminal, byte for byte into a pipe or file."""
    print(printable(text) if sys.stdout.isatty() else text)


def terminal_width() -> int | None:
    """Give the columns of the terminal; None where stdout is none, and lines may be of any length."""
    return width() if sys.stdout.isatty() else None


def lines(texts: "Sequence[str]") -> None:
    """Print lines on stdout, without what could move the cursor."""
    for text in texts:
        result(printable(text))


@contextlib.contextmanager
def waiting(what: str) -> "Iterator[Callable[[str], None]]":
    """Turn a spinner beside a text while the body runs: on a terminal, on stderr; elsewhere show nothing.

    Yields:
        Changes the text.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _: None
        return
    with stderr().status(printable(what)) as status:
        yield lambda text: status.update(printable(text))


def width() -> int:
    """Give the columns of the terminal; `WIDTH` where stdout is no terminal."""
    return shutil.get_terminal_size((WIDTH, 0)).columns if sys.stdout.isatty() else WIDTH


def stdout() -> "Console":
    """Make a console for drawn results; tables keep their width where stdout is no terminal."""
    from rich.console import Console

    return _harmless(Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH))


def stderr() -> "Console":
    """Make a console for progress."""
    from rich.console import Console

    return _harmless(Console(stderr=True, highlight=False))


def _harmless(console: "Console") -> "Console":
    """Let a console draw everything as `Printable`."""
    from rich.console import ConsoleRenderable, RenderHook

    class Hook(RenderHook):
        def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
            return [Printable(drawn) for drawn in renderables]

    console.push_render_hook(Hook())
    return console


class Printable:
    """Draws something without the control characters in its texts; Rich itself lets escapes through."""

    def __init__(self, drawn: "RenderableType") -> None:
        """Wrap what is to be drawn."""
        self._drawn = drawn

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw it; Rich's own control codes are segments of their own, and stay."""
        from rich.segment import Segment

        for segment in console.render(self._drawn, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def open_page(page: "Path") -> None:
    """Open a page in a browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.absolute().as_uri()):
        warn("no browser was found to open the page in")
