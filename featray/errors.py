"""Errors that featray raises on purpose, one exit code each.

    FeatrayError
    |-- BadInput (2)              the caller's input is wrong; nothing was started or written
    |   |-- SweepFileError        a sweep file, with line and path
    |   |-- ClusterFileError      a cluster file, with line and path
    |   |-- InventoryFileError    a recorded inventory
    |   |-- ImportFileError       a report to import
    |   |-- UnreadableFilm        a film that cannot be opened; of several films the others can still be estimated
    |   |-- NothingMatches        a selector, filter or name matches nothing
    |   `-- NotReady              weights, inputs or targets of the sweep are missing
    |-- StoreError (3)            the parquet store cannot be read or written
    |-- BackendError (4)          Ray or a machine cannot be reached, or refuses
    |   `-- HeadGone              the Ray head has stopped
    |-- Busy (5)                  another featray process holds what is needed
    |-- GateUndecided (6)         `compare --fail-if` could not decide
    `-- Interrupted (130)         Ctrl-C

Only `cli.app` catches them. Any other exception is a bug and keeps its traceback.
"""

import difflib
from collections.abc import Iterable

ERROR_MARK = "featray: error: "
"""How the command line begins the line of an error on stderr, here and on another host."""

WARNING_MARK = "featray: warning: "
"""The same for a warning."""


class FeatrayError(Exception):
    """Base of every error that featray raises on purpose."""

    exit_code = 1


class BadInput(FeatrayError):
    """The caller's input is wrong."""

    exit_code = 2


class SweepFileError(BadInput):
    """A sweep file is wrong; the message starts with `file:line: path:`."""


class ClusterFileError(BadInput):
    """A cluster file is wrong; the message starts with `file:line: path:`."""


class InventoryFileError(BadInput):
    """A recorded inventory is wrong."""


class ImportFileError(BadInput):
    """A file given to `featray import` has no known format."""


class UnreadableFilm(BadInput):
    """A film is missing, or cannot be opened as one; the message starts with its path."""


class NothingMatches(BadInput):
    """A name, filter or selector matches nothing; the message lists what exists."""


class NotReady(BadInput):
    """Something the sweep needs is missing; the message says where and how to get it."""


class StoreError(FeatrayError):
    """The store cannot be read or written."""

    exit_code = 3


class BackendError(FeatrayError):
    """Ray, a cluster or a host cannot be reached, or refuses."""

    exit_code = 4


class HeadGone(BackendError):
    """The Ray head has stopped; Ray ends this process within a minute, and cannot be shut down cleanly."""


class Busy(FeatrayError):
    """Another featray process holds what this one needs."""

    exit_code = 5


class GateUndecided(FeatrayError):
    """A gate found no failing pair, but too little is known to pass."""

    exit_code = 6


class Interrupted(FeatrayError):
    """The user pressed Ctrl-C; finished rows are stored."""

    exit_code = 130


def suggest(name: str, known: Iterable[str]) -> str:
    """Write the end of an error message about an unknown name.

    Returns:
        `; expected a, b, c`, in the order given, and `. Did you mean 'b'?` when one is close.
    """
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f". Did you mean '{nearest[0]}'?" if nearest else ""
    return f"; expected {', '.join(names)}{hint}" if names else "; none exists"
