"""Argument names: how a message names an argument, `--results` of a command line or `results=` of Python.

Flow: `cli.app` -> `of_command_line`, once for the process; a message of any room -> `argument`, `flag`.
How a process was called does not change while it runs, so a message needs no other word of its caller.
"""

import contextlib
from collections.abc import Iterator

OPTIONS = {
    "cell_id": "cell",
    "everything": "all",
    "form": "format",
    "margin_percent": "margin",
    "overwrite": "force",
}
"""Keyword of Python -> option, where they are spelled otherwise than with `-` for `_`."""

_is_command_line = False


@contextlib.contextmanager
def of_command_line() -> Iterator[None]:
    """Name options instead of keywords in every message that the body makes."""
    global _is_command_line
    before, _is_command_line = _is_command_line, True
    try:
        yield
    finally:
        _is_command_line = before


def option(keyword: str) -> str:
    """Write the option of a keyword, such as `--retry-failed`."""
    return f"--{OPTIONS.get(keyword, keyword).replace('_', '-')}"


def argument(keyword: str, value: object = None) -> str:
    """Name an argument as the caller writes it.

    Args:
        keyword: Its name in Python.
        value: What was given, or what to give; None names the argument alone.
    """
    if _is_command_line:
        return option(keyword) if value is None else f"{option(keyword)} {value}"
    return f"{keyword}=" if value is None else f"{keyword}={value!r}"


def flag(keyword: str) -> str:
    """Name an argument that is on or off, as the caller switches it on."""
    return option(keyword) if _is_command_line else f"{keyword}=True"
