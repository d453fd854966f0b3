"""Statistics: what the spread between fresh processes and between sessions allows to say about times and their ratios.

Flow: a row's repeats -> `log_median` -> `interval` of one unit, `decide` on two -> `analysis`, `planning`.
Pure. Times enter as natural logarithms of seconds, one per invocation; ratios leave as plain numbers.

The invocation is the unit of statistics: repeats within a process share its memory layout, its thread placement and its
clocks, so they say nothing about the next process. Pooling all repeats called 39% of identical pairs different, one
timing per side 38%; one median per process calls 4 to 6%. The session is the level above it (`sessions`).

Source: Kalibera & Jones, Rigorous Benchmarking in Reasonable Time (2013); Welch (1947); Stein (1945) for `planned`;
Schuirmann (1987) for EQUIVALENT; Benjamini & Hochberg (1995) for `survivors`; Matteson & James (2014) for
`change_points`.

    students       Student's t
    invocations    one unit: median, interval, how many invocations it takes
    prediction     between which times the next process lies
    pairing        how two sides were measured beside each other
    sessions       how far sessions of one target lie apart
    estimates      the difference of two sides and its error
    power          how many invocations would decide a pair
    decision       two units: ratio, interval, verdict
    several        many: false discoveries, tied settings
    sequential     versions side by side, block by block, until they are decided
    steps          every pair of settings of a curve, as arrays
    apart          pairs of settings that were measured in other blocks
    curves         settings of many curves: which take longer, corrected for the number of pairs
    break_even     from how much work on a slow start pays
    growth         time and memory against the length of the input
    change_points  a history of sessions: where its level steps
"""

from featray.stats.decision import ASSUMED_SD, MARGIN, Decision, Spread, Verdict, decide
from featray.stats.estimates import PAIRED_BLOCKS, interval_over_sessions
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
from featray.stats.pairing import INVOCATIONS_MIN, Design, Timing, average
from featray.stats.power import EQUIVALENCE_CONFIDENCE, POWER, half_width, needed_to_decide
from featray.stats.sessions import (
    ASSUMED,
    SESSION_SD_ASSUMED,
    SESSIONS_MIN,
    Basis,
    SessionSpread,
    by_session,
    spread_of,
    wider,
)
from featray.stats.several import DISCOVERY_RATE, survivors, tied_best

__all__ = [
    "ASSUMED",
    "ASSUMED_SD",
    "CONFIDENCE",
    "DISCOVERY_RATE",
    "EQUIVALENCE_CONFIDENCE",
    "HALF_WIDTH",
    "INVOCATIONS_MAX",
    "INVOCATIONS_MIN",
    "MARGIN",
    "NEEDED_MAX",
    "PAIRED_BLOCKS",
    "PILOT",
    "POWER",
    "SESSIONS_MIN",
    "SESSION_SD_ASSUMED",
    "Basis",
    "Decision",
    "Design",
    "Interval",
    "Logs",
    "SessionSpread",
    "Spread",
    "Timing",
    "Verdict",
    "average",
    "by_session",
    "centre_s",
    "decide",
    "half_width",
    "interval",
    "interval_over_sessions",
    "iqr_share",
    "log_median",
    "needed_for",
    "needed_to_decide",
    "planned_invocations",
    "planned_together",
    "spread_of",
    "survivors",
    "tied_best",
    "wider",
]
