"""featray: how fast py-feat's face detectors are on each of your machines, and which differences are real.

From Python, in notebooks and scripts:

    featray.plan("sweeps/mine.yaml")              what would run where
    featray.submit("sweeps/mine.yaml")            measure what is missing
    featray.measure(cell_id="...", sweep="...")   one cell, once, without Ray
    featray.calibrate()                           how noisy this machine is
    featray.load("results", sweep="blackwell")    rows as a pandas DataFrame
    featray.report("blackwell", form="html")      what was found, as a document
    featray.compare("a", "b", over=["gpu"])       a verdict per matching pair
    featray.recommend(detector="retinaface")      the setting to use
    featray.suggest("blackwell")                  what to measure next
    featray.hosts()                               what each machine is and has
    featray.import_reports("report.md")           py-feat's own reports into the store
    featray.export("csv")                         rows for other tools

`help(featray.load)` lists every column with its unit.

`import featray` imports nothing heavy: each function is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from featray.core.version import __version__

if TYPE_CHECKING:
    from featray.api import (
        calibrate,
        compare,
        export,
        hosts,
        import_reports,
        load,
        measure,
        plan,
        recommend,
        report,
        submit,
        suggest,
    )

__all__ = [
    "__version__",
    "calibrate",
    "compare",
    "export",
    "hosts",
    "import_reports",
    "load",
    "measure",
    "plan",
    "recommend",
    "report",
    "submit",
    "suggest",
]


def __getattr__(name: str) -> Any:
    """Fetch a function of `featray.api` when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'featray' has no attribute {name!r}")
    import importlib  # not `from featray import api`: that would ask here again

    return getattr(importlib.import_module("featray.api"), name)


def __dir__() -> list[str]:
    """List the verbs, also those that are not imported yet: for `help` and completion."""
    return sorted({*globals(), *__all__})
