"""featray from Python: plan, submit, load, compare, recommend. The commands call these too.

Everything heavy is imported when a function is called, so that `import featray` costs nothing.

    planning    what would run where: sweeps and hosts
    measuring   submit, calibrate, measure: what puts rows in a store
    reading     load, report, compare, suggest, recommend: what reads them
"""

from featray.api.measuring import Submitted, calibrate, measure, submit
from featray.api.planning import check, hosts, load_sweep, plan
from featray.api.reading import compare, load, recommend, report, suggest

__all__ = [
    "Submitted",
    "calibrate",
    "check",
    "compare",
    "hosts",
    "load",
    "load_sweep",
    "measure",
    "plan",
    "recommend",
    "report",
    "submit",
    "suggest",
]
