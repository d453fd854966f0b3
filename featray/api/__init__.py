"""featray from Python: one module per verb, and in it the function of that name. The commands call these too.

Flow: `featray.VERB`, `featray VERB` -> here -> `running`, `store`, `analysis`, `rendering`.

A verb's module imports all that the verb needs, which may take seconds; so it is imported when the verb is first asked
for. `named` and `chosen_runs` hold what several verbs are given: files, hosts, runs.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featray.api.calibrate import calibrate
    from featray.api.compare import compare
    from featray.api.export import export
    from featray.api.hosts import check, hosts
    from featray.api.import_reports import import_reports
    from featray.api.load import load
    from featray.api.measure import measure
    from featray.api.named import load_sweep
    from featray.api.plan import plan
    from featray.api.recommend import recommend
    from featray.api.report import report
    from featray.api.submit import Submitted, submit
    from featray.api.suggest import suggest

__all__ = [
    "Submitted",
    "calibrate",
    "check",
    "compare",
    "export",
    "hosts",
    "import_reports",
    "load",
    "load_sweep",
    "measure",
    "plan",
    "recommend",
    "report",
    "submit",
    "suggest",
]

ELSEWHERE = {"Submitted": "submit", "check": "hosts", "load_sweep": "named"}
"""Name -> its module, where that is not named after it."""


def __getattr__(name: str) -> Any:
    """Import the verb that is asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'featray.api' has no attribute {name!r}")
    return getattr(importlib.import_module(f"featray.api.{ELSEWHERE.get(name, name)}"), name)


class _Verbs(ModuleType):
    """A package in which the name of a verb is its function, also once the module of that name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, getattr(value, name) if isinstance(value, ModuleType) and name in __all__ else value)


sys.modules[__name__].__class__ = _Verbs
