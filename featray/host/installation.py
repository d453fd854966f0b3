"""Installation: whether the packages that measuring needs are installed beside featray.

Flow: `submit`, `calibrate`, `measure`, clusters -> `check_complete`. `featray` alone reads and plans; the extra
`featray[measure]` brings Ray, torch and py-feat.
"""

import importlib.util
from collections.abc import Iterable, Sequence

from featray.errors import NotReady

MEASURING = ("ray", "torch", "torchcodec", "feat", "av")
"""Modules of the extra `measure`, by the names under which they are imported."""

UNIX = ("fcntl", "resource")
"""Modules of Python that measuring needs and that Windows does not have: locks between processes, and their limits."""

NO_WINDOWS = (
    "this command needs Linux or macOS: Windows lacks the locks with which featray keeps measurements apart; run it in "
    "WSL 2, where featray is a Linux program"
)

COMMAND = "python -m pip install 'featray[measure]'"


def check_complete(modules: Iterable[str] = MEASURING) -> None:
    """Check that modules can be imported; none is imported.

    Raises:
        NotReady: some are missing; the message names them, and the command that installs them. On Windows it names
            what to use instead.
    """
    if any(importlib.util.find_spec(name) is None for name in UNIX):
        raise NotReady(NO_WINDOWS)
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise NotReady(explain(missing))


def explain(missing: Sequence[str]) -> str:
    """Say which modules are missing, and the command that installs them."""
    verb = "is" if len(missing) == 1 else "are"
    names = ", ".join(missing)
    return f"this installation reads and plans, but cannot measure: {names} {verb} not installed; run: {COMMAND}"
