"""Interrupts: Ctrl-C and a service manager's SIGTERM end a submit in the same way, whatever it does just then.

Flow: `api.submit`, `submission` -> `as_interrupted` -> `errors.Interrupted`.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

from featray.errors import Interrupted


@contextlib.contextmanager
def as_interrupted(goes_on: str | None = None) -> Iterator[None]:
    """End in `Interrupted` when the body is stopped outside the runner, which keeps its own account of what is stored.

    Args:
        goes_on: The command that goes on from there, where the body runs several submits. The runner knows the rows
            of one of them alone, so no number is said.

    Raises:
        Interrupted: Ctrl-C or SIGTERM.
    """
    try:
        with _sigterm_as_ctrl_c():
            yield
    except KeyboardInterrupt:
        raise Interrupted(_text(goes_on or "the next submit")) from None
    except Interrupted as stopped:
        if goes_on is None:
            raise
        raise Interrupted(_text(goes_on)) from stopped


def _text(goes_on: str) -> str:
    return f"stopped; finished rows are stored, {goes_on} goes on from there"


@contextlib.contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C, so that a service manager's stop also keeps every finished row.

    Only the main thread may set signal handlers; in another one (a notebook's executor) SIGTERM keeps its meaning.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
