"""Console: how featray writes to the terminal. Results go to stdout, everything else to stderr.

Rich is imported when something is drawn, not before.
"""

import sys
from typing import TYPE_CHECKING

from featray.errors import ERROR_MARK, WARNING_MARK

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 140  # columns of a table where stdout is no terminal


def error(message: str) -> None:
    """Print an error on stderr, marked as one."""
    print(f"{ERROR_MARK}{message}", file=sys.stderr)


def warn(message: str) -> None:
    """Print a warning on stderr, marked as one."""
    print(f"{WARNING_MARK}{message}", file=sys.stderr)


def say(message: str) -> None:
    """Print a message on stderr."""
    print(message, file=sys.stderr)


def result(text: str) -> None:
    """Print a result on stdout."""
    print(text)


def stdout() -> "Console":
    """Make a console for drawn results; tables keep their width where stdout is no terminal."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def stderr() -> "Console":
    """Make a console for progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
