"""Installation: whether the packages that measuring needs are installed beside featray.

Flow: `submit`, `calibrate`, `measure`, clusters -> `check_complete`. `featray` alone reads and plans; the extra
`featray[measure]` brings Ray, torch and py-feat.
"""

import importlib.util
from collections.abc import Iterable, Sequence

from featray.errors import NotReady

MEASURING = ("ray", "torch", "torchcodec", "feat", "av")
"""Modules of the extra `measure`, by the names under which they are imported."""

COMMAND = "python -m pip install 'featray[measure]'"


def check_complete(modules: Iterable[str] = MEASURING) -> None:
    """Check that modules can be imported; none is imported.

    Raises:
        NotReady: some are missing; the message names them, and the command that installs them.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise NotReady(explain(missing))


def explain(missing: Sequence[str]) -> str:
    """Say which modules are missing, and the command that installs them."""
    verb = "is" if len(missing) == 1 else "are"
    names = ", ".join(missing)
    return f"this installation reads and plans, but cannot measure: {names} {verb} not installed; run: {COMMAND}"
