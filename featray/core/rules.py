"""Rules: how a cell is measured, warm-up and repeats, and when each stops.

Flow: a sweep's `measure` -> `Rules` -> `Invocation` -> `measurement.protocol`.
Standard library only, like everything the measuring child imports.
"""

import dataclasses

from featray.core.choices import ProtocolName

WARMUP_MIN = 3
"""Fewest untimed calls: with less than three, nothing shows that they agree (`measurement.protocol`)."""

WARMUP_MAX = 8
"""Most untimed calls. A choice: with more, a cell that settles late still settles; with fewer, a cell that never
settles costs less. This many cost as much as the timed calls."""

WARMUP_TOLERANCE = 0.10
"""Share within which the last three untimed calls agree. Three calls of a steady cell lie, in 95 of 100 cases, within
3.31 times their sd (studentized range; Tukey 1953), so that a cell whose calls scatter by 3% passes. A tighter one
would send noisy cells to the maximum; a looser one would time a cell that still speeds up."""

REPEATS_MIN = 3
"""Fewest timed calls: the median of three is not moved by one stray call, and three have quartiles."""

REPEATS_MAX = 8
"""Most timed calls. A choice between calls and processes (Kalibera & Jones 2013): where calls scatter as much as
processes do, the median of 3, 8 and 16 calls leaves an invocation 20, 8 and 4% noisier than endless calls would, so
time beyond 8 is better spent on another invocation."""

MIN_TIME_S = 2.0
"""Timed seconds to reach. A choice: 13 readings of the sampler (every 0.15 s), enough for a median of clock and power;
more would cost every fast cell as much again."""

SPREAD_MAX = 0.05
"""Interquartile range over median to reach. That of normal calls is 1.35 sd, so it is an sd of 3.7%, with which the
median of three calls has a standard error of 2.5%: below the 3% that a verdict calls a difference."""

SLOW_CALL_S = 20.0
"""Seconds above which one untimed call is enough. A choice: start-up took 1.2 s in the report of 2026-05-14, so the
untimed call holds it many times over, and two further ones would add 40 s and more to every invocation of the cell."""

FEW_BATCHES = 4
"""Batches per call, below which the start-up of the first batch is over a quarter of the call."""

TIME_LIMIT_S = 600.0
"""Seconds for one cell. A choice: 8 untimed, 8 timed and 1 profiled call of just below SLOW_CALL_S take 340 s, and a
slower cell's five (1, 3 and 1) fit up to 120 s each. A longer limit lets a hang hold its host for longer."""

LOAD_LIMIT_S = 600.0
"""Seconds for import, weights and load. Measured on two cores: import without bytecode 17 to 50 s, all synthetic
weights 40 s, construction 4 s. The rest is for weights over a network: 1.3 GB in it are 2.6 MB/s."""

SUSTAINED_REST_S = 15.0
"""Seconds without load after a sustained run, so that the next cell does not start on a hot machine. A choice: a GPU's
die follows its power within seconds, its heat sink within tens of seconds."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """How a cell is measured: warm-up and repeats under stop rules.

    A rule that is not reached within its maximum is named in the row's `unmet_rules`. Each default says where it comes
    from or, where it is a choice, what it trades off.
    """

    protocol: ProtocolName = ProtocolName.FEATRAY
    warmup_min: int = WARMUP_MIN
    warmup_max: int = WARMUP_MAX
    warmup_tolerance: float = WARMUP_TOLERANCE  # the last three warm-up calls agree within this share
    repeats_min: int = REPEATS_MIN
    repeats_max: int = REPEATS_MAX
    min_time_s: float = MIN_TIME_S  # timed seconds to reach
    spread_max: float = SPREAD_MAX  # IQR / median to reach
    slow_call_s: float | None = SLOW_CALL_S  # a cell this slow needs one warm-up call only; None: none is
    stages: bool = True  # profile one more call, stage by stage, after the timed ones
    sustained_s: float | None = None  # one continuous run of so many seconds after all other calls; None: none
    time_limit_s: float = TIME_LIMIT_S  # for one cell, warm-up and stages included
    load_limit_s: float = LOAD_LIMIT_S  # for import, weights and load together

    @property
    def sustained_time_s(self) -> float:
        """Seconds of the sustained run and the rest after it; 0 without one."""
        return 0.0 if self.sustained_s is None else self.sustained_s + SUSTAINED_REST_S

    @property
    def cell_limit_s(self) -> float:
        """Seconds that one cell may take in all: `time_limit_s`, and the sustained run on top of it."""
        return self.time_limit_s + self.sustained_time_s
