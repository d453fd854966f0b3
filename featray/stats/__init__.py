"""Statistics: what the spread between fresh processes allows to say about a time or a ratio of times.

Flow: a row's repeats -> `log_median` -> `interval` of one unit, `decide` on two -> `comparison`, `plan`, `diagnosis`.
Pure. Times enter as natural logarithms of seconds, one per invocation; ratios leave as plain numbers.

The invocation is the unit of statistics: repeats within a process share its memory layout, its thread placement and its
clocks, so they say nothing about the next process. Pooling all repeats called 39% of identical pairs different, one
timing per side 38%; one median per process under Welch's rule calls 4 to 6%.

Source: Kalibera & Jones, Rigorous Benchmarking in Reasonable Time (2013); Welch (1947); Stein (1945) for `planned`;
Schuirmann (1987) for EQUIVALENT; Benjamini & Hochberg (1995) for `survivors`.

    invocations   one unit: median, interval, how many it takes
    decision      two units: ratio, interval, verdict
    several       many: false discoveries, tied settings
"""

from featray.stats.decision import (
    ASSUMED_SD,
    EQUIVALENCE_CONFIDENCE,
    INVOCATIONS_MIN,
    MARGIN,
    POWER,
    Basis,
    Decision,
    Spread,
    Verdict,
    decide,
    half_width,
    needed_to_decide,
)
from featray.stats.invocations import (
    CONFIDENCE,
    HALF_WIDTH,
    INVOCATIONS_MAX,
    NEEDED_MAX,
    PILOT,
    Interval,
    Logs,
    centre_s,
    interval,
    iqr_share,
    log_median,
    needed_for,
    planned_invocations,
    planned_together,
)
from featray.stats.several import DISCOVERY_RATE, survivors, tied_best

__all__ = [
    "ASSUMED_SD",
    "CONFIDENCE",
    "DISCOVERY_RATE",
    "EQUIVALENCE_CONFIDENCE",
    "HALF_WIDTH",
    "INVOCATIONS_MAX",
    "INVOCATIONS_MIN",
    "MARGIN",
    "NEEDED_MAX",
    "PILOT",
    "POWER",
    "Basis",
    "Decision",
    "Interval",
    "Logs",
    "Spread",
    "Verdict",
    "centre_s",
    "decide",
    "half_width",
    "interval",
    "iqr_share",
    "log_median",
    "needed_for",
    "needed_to_decide",
    "planned_invocations",
    "planned_together",
    "survivors",
    "tied_best",
]
