"""Interrupts: Ctrl-C and a service manager's SIGTERM end a submit in the same way, whatever it does just then.

Flow: `api.submit`, `submission` -> `as_interrupted` -> `errors.Interrupted`.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

from featray.errors import Interrupted


@contextlib.contextmanager
def as_interrupted() -> Iterator[None]:
    """End in `Interrupted` when the body is stopped outside the runner, which keeps its own account of what is stored.

    Raises:
        Interrupted: Ctrl-C or SIGTERM.
    """
    try:
        with _sigterm_as_ctrl_c():
            yield
    except KeyboardInterrupt:
        raise Interrupted("stopped; finished rows are stored, the next submit goes on from there") from None


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
