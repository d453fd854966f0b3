"""featray from Python: one module per verb, with a function of the same name. Every command calls one of these.

Flow: `featray.VERB`, `featray VERB` -> here -> `running`, `store`, `analysis`, `rendering`.

`featray` itself has most verbs of `__all__`. The commands also call `logs`, `cancel` and `detach`, for submits that run
on a cluster, and the modules `cluster` and `store`, which have a function for each of their subcommands. `arguments`,
`chosen_runs`, `confirming`, `dataset_hub`, `export_bundle`, `export_dataset`, `export_verdicts`, `films`,
`notebook_progress`, `output_files`, `read_bundle`, `read_history`, `results` and `shared_rows` are parts of verbs, or
shared by several.

A verb's module imports everything that the verb needs, which may take seconds. So it is imported at the first use.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featray.api.arguments import load_sweep
    from featray.api.bisect import bisect
    from featray.api.calibrate import calibrate
    from featray.api.compare import compare
    from featray.api.doctor import doctor
    from featray.api.estimate import Estimated, estimate
    from featray.api.export import export
    from featray.api.fetch import fetch
    from featray.api.history import history
    from featray.api.hosts import check, hosts
    from featray.api.import_reports import import_reports
    from featray.api.init import init
    from featray.api.load import load
    from featray.api.measure import measure
    from featray.api.plan import plan
    from featray.api.plan_fleet import plan_fleet
    from featray.api.recommend import recommend
    from featray.api.report import report
    from featray.api.report_all import report_all
    from featray.api.schema import schema
    from featray.api.status import status
    from featray.api.submit import Submitted, submit
    from featray.api.suggest import suggest

__all__ = [
    "Estimated",
    "Submitted",
    "bisect",
    "calibrate",
    "check",
    "compare",
    "doctor",
    "estimate",
    "export",
    "fetch",
    "history",
    "hosts",
    "import_reports",
    "init",
    "load",
    "load_sweep",
    "measure",
    "plan",
    "plan_fleet",
    "recommend",
    "report",
    "report_all",
    "schema",
    "status",
    "submit",
    "suggest",
]

MODULE_OF = {"Estimated": "estimate", "Submitted": "submit", "check": "hosts", "load_sweep": "arguments"}
"""Name -> its module, where the module has another name."""


# `api.VERB` is the function VERB of the module featray/api/VERB.py; `MODULE_OF` lists the exceptions.
def __getattr__(name: str) -> Any:
    """Import a verb at its first use."""
    if name not in __all__:
        raise AttributeError(f"module 'featray.api' has no attribute {name!r}")
    return getattr(importlib.import_module(f"featray.api.{MODULE_OF.get(name, name)}"), name)


def __dir__() -> list[str]:
    """List the verbs, also those that are not imported yet."""
    return sorted({*globals(), *__all__})


class _VerbPackage(ModuleType):
    """A package whose attribute of a verb's name is the function, also after the module of that name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, getattr(value, name) if isinstance(value, ModuleType) and name in __all__ else value)


sys.modules[__name__].__class__ = _VerbPackage
