"""featray: how fast py-feat's face detectors are on each of your machines, and which differences are real.

From Python, in notebooks and scripts:

    featray.load("results", sweep="blackwell")    rows as a pandas DataFrame
    featray.submit("sweeps/mine.yaml")            measure what is missing
    featray.compare("a", "b", over=["gpu"])       a verdict per matching pair
    featray.recommend(detector="retinaface")      the setting to use

`help(featray.load)` lists every column with its unit.

`import featray` imports nothing heavy: each function imports what it needs when it is called.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from featray.api import calibrate, compare, hosts, load, measure, recommend, submit, suggest

__all__ = ["calibrate", "compare", "hosts", "load", "measure", "recommend", "submit", "suggest"]


def __getattr__(name: str) -> Any:
    """Fetch a function of `featray.api` when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'featray' has no attribute {name!r}")
    # Not `from featray import api`: that would ask here again. `plan` and `report` are left to `featray.api`, since
    # submodules have those names.
    import importlib

    return getattr(importlib.import_module("featray.api"), name)
