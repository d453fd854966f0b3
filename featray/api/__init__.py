"""featray from Python: one module per verb, with a function of the same name. Every command calls one of these.

Flow: `featray.VERB`, `featray VERB` -> here -> `running`, `store`, `analysis`, `rendering`.

Verbs, which are also functions of `featray`:

    init            a new sweep file
    doctor          whether this machine is ready to measure
    fetch           the weights that a sweep needs
    hosts           what each machine is and has
    plan            what a submit would do
    plan_fleet      what a sweep takes on many hosts
    submit          measures what is missing
    measure         one cell, once, without Ray
    calibrate       how noisy each target is
    status          how detached submits stand
    load            rows as a DataFrame
    report          a report of stored runs
    report_all      a page for every run
    compare         two selections, pair by pair
    recommend       the setting to use
    estimate        what footage will take
    suggest         what to measure next
    history         times over versions and days
    bisect          which version changed a time
    import_reports  py-feat's reports into the store
    export          rows for other tools
    schema          the keys of a file

Only commands call these:

    cluster    a function for each subcommand of `featray cluster`
    dashboard  logs a browser into the Ray dashboard
    detach     a submit that runs on the cluster
    logs       what such a submit has printed
    cancel     ends it
    store      a function for each subcommand of `featray store`

Parts of verbs, or shared by several:

    submitted          what a submit returns: the rows of its run, reported
    arguments          reads what several verbs take: sweep file, recorded hosts
    given              names and numbers as a caller gives them
    shipped            the sweeps and cluster files that come with featray
    notebook_progress  progress under the cell of a notebook
    chosen_runs        the runs that a caller names, and their baseline
    measured_rows      all measured rows of a store, and what of it cannot be read
    noise              what a store knows of the spread between processes
    prices             what hosts cost per hour
    confirming         suspected steps, measured side by side
    read_history       the series of a store, with their steps
    film_table         the files to estimate that a CSV table lists
    films              the files to estimate
    left_out_films     those that cannot be read
    written_plan       a plan on disk, in place of an earlier one
    shared_rows        the rows that leave a store
    export_verdicts    the verdict of each exported unit
    export_bundle      rows, outputs and machines as one file
    export_dataset     rows in the layout of py-feat's dataset
    dataset_hub        what the hub has, and one commit
    read_bundle        a bundle -> rows and outputs
    output_files       files that verbs write, each whole or not at all
    results            what a notebook and a prompt show of a result

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
    from featray.api.submit import submit
    from featray.api.submitted import Submitted
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

MODULE_OF = {"Estimated": "estimate", "Submitted": "submitted", "check": "hosts", "load_sweep": "arguments"}
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
