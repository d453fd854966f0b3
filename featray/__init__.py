"""featray: how fast py-feat's face detectors are on each of your machines, and which differences are real.

From Python, in notebooks and scripts:

    featray.init("mine", devices=["cuda"])        a new sweep file with comments
    featray.doctor()                              whether this machine is ready to measure
    featray.fetch("sweeps/mine.yaml")             the pretrained weights of a sweep
    featray.plan("sweeps/mine.yaml")              what would run where
    featray.plan_fleet("sweeps/mine.yaml", inventory="hosts.json")   time and cost on many machines
    featray.submit("sweeps/mine.yaml")            measure what is missing
    featray.measure(cell_id="...", sweep="...")   one cell, once, without Ray
    featray.calibrate()                           how noisy this machine is
    featray.load("results", sweep="blackwell")    rows as a pandas DataFrame
    featray.report("blackwell", form="html")      a report with tables, plots and findings
    featray.report_all()                          a page for every run of a store, and their index
    featray.compare("a", "b", over=["gpu"])       a verdict per matching pair
    featray.recommend(detector="retinaface")      the setting to use
    featray.estimate(hours=3000)                  how long, on which machine, at what cost
    featray.suggest("blackwell")                  what to measure next
    featray.history()                             times over versions and days
    featray.bisect("2.1.0", "2.1.5", sweep="mine")  which version changed a time
    featray.status()                              how the submits on a cluster stand
    featray.hosts()                               what each machine is and has
    featray.import_reports("report.md")           py-feat's own reports into the store
    featray.export("csv")                         rows for other tools
    featray.schema("sweep")                       the keys of a file, for editors

`help(featray.load)` lists every column with its unit.

`import featray` imports nothing heavy: each function is imported at its first use.
"""

from typing import TYPE_CHECKING, Any

from featray.core.version import __version__

if TYPE_CHECKING:
    from featray.api import (
        bisect,
        calibrate,
        compare,
        doctor,
        estimate,
        export,
        fetch,
        history,
        hosts,
        import_reports,
        init,
        load,
        measure,
        plan,
        plan_fleet,
        recommend,
        report,
        report_all,
        schema,
        status,
        submit,
        suggest,
    )

__all__ = [
    "__version__",
    "bisect",
    "calibrate",
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


# `featray.VERB` is the function VERB of the module featray/api/VERB.py.
def __getattr__(name: str) -> Any:
    """Import a function of `featray.api` at its first use."""
    if name not in __all__:
        raise AttributeError(f"module 'featray' has no attribute {name!r}")
    import importlib  # `from featray import api` would call this function again

    return getattr(importlib.import_module("featray.api"), name)


def __dir__() -> list[str]:
    """List all verbs, for `help` and completion, also before they are imported; no module that an import has left."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
