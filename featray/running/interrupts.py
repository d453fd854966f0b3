"""Interrupts: Ctrl-C, SIGTERM and a closed terminal end a submit in the same way, whatever it does just then.

Flow: `api.submit`, `submission` -> `as_interrupted` -> `errors.Interrupted`.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

from featray.errors import Interrupted

STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))  # Windows lacks one


@contextlib.contextmanager
def as_interrupted(goes_on: str | None = None) -> Iterator[None]:
    """End in `Interrupted` when the body is stopped outside the runner, which keeps its own account of what is stored.

    Args:
        goes_on: The command that goes on from there, where the body runs several submits. The runner knows the rows
            of one of them alone, so no number is said.

    Raises:
        Interrupted: Ctrl-C, SIGTERM or SIGHUP.
    """
    try:
        with _as_ctrl_c():
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
def _as_ctrl_c() -> Iterator[None]:
    """Handle the stop of a service manager and the end of a terminal like Ctrl-C: finished rows are kept and reported.

    Under `nohup` SIGHUP stays ignored. Only the main thread may set signal handlers; in another one (a notebook's
    executor) the signals keep their meaning.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    ignored = [number for number in STOPS if signal.getsignal(number) == signal.SIG_IGN]
    before = {number: signal.signal(number, signal.default_int_handler) for number in STOPS if number not in ignored}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
