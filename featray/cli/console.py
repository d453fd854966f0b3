"""Console: how featray talks on the terminal. Results go to stdout, everything else to stderr.

Rich is imported when something is drawn, not before.
"""

import sys
from typing import TYPE_CHECKING

from featray.errors import ERROR_MARK

if TYPE_CHECKING:
    from rich.console import Console


def error(message: str) -> None:
    """Print an error on stderr, marked so that it stands out from talk."""
    print(f"{ERROR_MARK}{message}", file=sys.stderr)


def warn(message: str) -> None:
    """Print a warning on stderr."""
    print(f"featray: warning: {message}", file=sys.stderr)


def say(message: str) -> None:
    """Print talk on stderr."""
    print(message, file=sys.stderr)


def result(text: str) -> None:
    """Print a result on stdout."""
    print(text)


def stdout() -> "Console":
    """Draw results: rich tables keep their width when stdout is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def stderr() -> "Console":
    """Draw progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
