"""Protocol: how often a cell is called, and which of those calls count.

Flow: `bench` passes an untimed and a timed call of one cell -> `measure` -> `Timings`.
Pure except for those callables: clock and sleep are arguments, so every stop rule is tested with an artificial clock.

Rules that were not met are named in the row:
    warmup_min      fewer untimed calls than asked for
    warmup_shapes   not every batch shape was seen SHAPE_CALLS times before the timed calls
    warmup_steady   the last three untimed calls did not agree
    warmup_trend    the calls were still getting faster, within warm-up or from its end to the last timed call
    repeats_min     fewer timed calls than asked for
    min_time        fewer timed seconds than asked for
    spread          the timed calls scatter more than asked for, or are too few to know
    time_limit      another call might have passed the cell's time limit
    few_batches     a call has so few batches that one-off costs of each call weigh in its rate
    stages          the profiled pass was left out or failed
    sustained       the sustained run was left out or failed
    together        a process was timed while another of its joint run did not work (`joint_row`)
"""

import dataclasses
import statistics
from collections.abc import Callable, Sequence
from typing import Protocol

from featray.core.choices import ProtocolName
from featray.core.rules import FEW_BATCHES, Rules
from featray.measurement import repeats, trend
from featray.measurement.telemetry import TelemetryWindow

SHAPE_CALLS = 3  # a backend may tune a shape on its first call and settle on the second; the third shows that it has
STEADY_CALLS = 3  # untimed calls in a row that must agree
COOL_DOWN_S = 15.0  # a GPU's die follows its power within seconds, its heat sink within tens of seconds
MAX_COOL_DOWNS = 3  # per cell; a GPU that is still throttled after three runs that way
SLACK = 1.2
"""How much longer than the longest call so far the next call may last. Calls within 10% of each other count as steady;
this allows twice that. A choice: with more, a cell near its limit stops too early; with less, one slow call runs into
the limit, and the cell loses all its calls."""

WARMUP_MIN, WARMUP_SHAPES = "warmup_min", "warmup_shapes"
WARMUP_STEADY, WARMUP_TREND = "warmup_steady", "warmup_trend"
REPEATS_MIN, MIN_TIME, SPREAD = "repeats_min", "min_time", "spread"
TIME_LIMIT, FEW = "time_limit", "few_batches"
STAGES, SUSTAINED, TOGETHER = "stages", "sustained", "together"

UNMET_RULES = (
    *(WARMUP_MIN, WARMUP_SHAPES, WARMUP_STEADY, WARMUP_TREND),
    *(REPEATS_MIN, MIN_TIME, SPREAD, TIME_LIMIT, FEW, STAGES, SUSTAINED, TOGETHER),
)
"""Every rule that a row may name as unmet."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repeat:
    """One timed call, or a loop of short ones: seconds per call, whether the GPU was throttled, and readings."""

    seconds: float
    throttled: bool = False
    window: TelemetryWindow | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timings:
    """A cell's calls in order, and the rules they do not meet."""

    warmup_s: tuple[float, ...]
    repeats: tuple[Repeat, ...]
    unmet_rules: tuple[str, ...]
    measured_again: int = 0  # throttled repeats that were replaced after a cool-down
    calls_per_repeat: int = 1

    @property
    def timed_s(self) -> list[float]:
        """Seconds per call of each repeat."""
        return [repeat.seconds for repeat in self.repeats]

    @property
    def throttled(self) -> bool:
        """True if a throttled repeat was kept."""
        return any(repeat.throttled for repeat in self.repeats)


class JointRun(Protocol):
    """The other processes that run side by side with this one: `channel.Channel`."""

    def assemble(self) -> None:
        """Wait until all of them are here."""

    def announce_timed(self) -> None:
        """Say that this process has timed its calls."""

    def is_stopped(self, wait_s: float = 0.0) -> bool:
        """Return True once all of them have timed their calls."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calls:
    """What `measure` acts through: an untimed call, a repeat, the seconds since the cell began, and a sleep."""

    warm: Callable[[], float]
    time: Callable[[int], Repeat]  # takes the number of calls in the repeat
    elapsed: Callable[[], float]
    sleep: Callable[[float], None]
    others: JointRun | None = None  # None: this process is alone
    accompany: Callable[[], object] | None = None  # makes a call while others time theirs; None: `warm` does


STOP_S = 0.05  # in which the answer to the last process comes, so that it makes no further call


def measure(calls: Calls, rules: Rules, *, frames: int, batch_size: int) -> Timings:
    """Warm a cell up and time it, until the rules are met or their maxima are reached.

    Args:
        calls: How to call the cell.
        rules: When to stop.
        frames: Frames, or images, of one call.
        batch_size: Frames of a batch; the last one may be smaller.
    """
    few = (FEW,) if -(-frames // batch_size) < FEW_BATCHES else ()
    if rules.protocol == ProtocolName.PYFEAT:
        return Timings(warmup_s=(calls.warm(),), repeats=(calls.time(1),), unmet_rules=few)
    run = _TimedRun(calls, rules, calls_to_show_every_shape(frames, batch_size))
    first = run.warm_up()
    if calls.others is not None:
        calls.others.assemble()
    run.repeat(first)
    if calls.others is not None:
        keep_company(calls, calls.others)
    cold = () if run.is_slow else (*run.unmet_warmup(), *run.late_trend())
    late = (TIME_LIMIT,) if run.is_hurried else ()
    return Timings(
        warmup_s=tuple(run.warmup_s),
        repeats=tuple(run.repeats),
        unmet_rules=(*cold, *run.unmet_repeats(), *late, *few),
        measured_again=run.measured_again,
        calls_per_repeat=run.calls_per_repeat,
    )


def keep_company(calls: Calls, others: JointRun) -> None:
    """Go on calling until every process has timed its calls: none of them may be timed with fewer beside it."""
    others.announce_timed()
    wait_s = STOP_S
    while not others.is_stopped(wait_s):
        (calls.accompany or calls.warm)()
        wait_s = 0.0


class _TimedRun:
    """One cell's calls so far."""

    def __init__(self, calls: Calls, rules: Rules, shape_calls: int) -> None:
        """`shape_calls` is the number of calls that show every batch shape often enough."""
        self.calls, self.rules, self.shape_calls = calls, rules, shape_calls
        self.warmup_s: list[float] = []
        self.repeats: list[Repeat] = []
        self.measured_again = 0
        self.calls_per_repeat = 1
        self.is_hurried = False
        self.is_slow = False  # so that one untimed call is enough

    def warm_up(self) -> Repeat | None:
        """Make the untimed calls; a slow cell's second call is timed already and returned.

        Beside other processes no call is timed before all are ready, so the first call decides there.
        """
        self.warmup_s.append(self.calls.warm())
        slow_s = self.rules.slow_call_s
        if slow_s is not None and self.warmup_s[0] > slow_s:
            self.is_slow = True
            if self.calls.others is not None:
                return None
            second = self.calls.time(1)
            if second.seconds > slow_s:
                return second
            self.is_slow = False
            self.warmup_s.append(second.seconds)  # only the first call was slow: warm up as usual
        while len(self.warmup_s) < self.rules.warmup_max and self.unmet_warmup():
            if not self._fits(2 * self.warmup_s[-1]):  # this one, and a timed one after it
                break
            self.warmup_s.append(self.calls.warm())
        return None

    def repeat(self, first: Repeat | None) -> None:
        """Make the timed calls; `first` is one that `warm_up` made."""
        if first is None:
            self.calls_per_repeat = self._choose_calls_per_repeat()
        while True:
            repeat = first or self.calls.time(self.calls_per_repeat)
            first = None
            if repeat.throttled and self._cool_down(repeat.seconds * self.calls_per_repeat):
                continue
            self.repeats.append(repeat)
            if len(self.repeats) >= self.rules.repeats_max or not self.unmet_repeats():
                return
            if not self._fits(max(repeat.seconds for repeat in self.repeats) * self.calls_per_repeat):
                return

    def _choose_calls_per_repeat(self) -> int:
        """Choose how many calls a repeat makes, as many as fit into the cell's time limit."""
        call_s = statistics.median(self.warmup_s[-STEADY_CALLS:])
        factor = 1 if self.calls.others is None else repeats.JOINT_FACTOR
        calls = repeats.choose_calls(call_s, self.rules, factor=factor)
        if calls == 1 or self._fits(calls * call_s):
            return calls
        return max(1, int((self.rules.time_limit_s - self.calls.elapsed()) / SLACK / call_s))

    def unmet_warmup(self) -> list[str]:
        """List the rules that the untimed calls do not meet yet."""
        count = len(self.warmup_s)
        unmet = [WARMUP_MIN] if count < self.rules.warmup_min else []
        if count < self.shape_calls:
            unmet.append(WARMUP_SHAPES)
        if not is_steady(self.warmup_s, self.rules.warmup_tolerance):
            unmet.append(WARMUP_STEADY)
        if trend.is_falling(self.warmup_s):
            unmet.append(WARMUP_TREND)
        return unmet

    def late_trend(self) -> list[str]:
        """Name the trend that only the timed calls show: a slow fall is lost in the scatter of a few untimed calls."""
        last_s = self.warmup_s[-STEADY_CALLS:]
        if len(last_s) < STEADY_CALLS or trend.is_falling(self.warmup_s):
            return []
        timed_s = [repeat.seconds for repeat in self.repeats]
        return [WARMUP_TREND] if trend.is_still_falling([*last_s, *timed_s]) else []

    def unmet_repeats(self) -> list[str]:
        """List the rules that the timed calls do not meet yet."""
        timed_s = [repeat.seconds for repeat in self.repeats]
        unmet = [REPEATS_MIN] if len(timed_s) < self.rules.repeats_min else []
        if sum(timed_s) * self.calls_per_repeat < self.rules.min_time_s:
            unmet.append(MIN_TIME)
        scatter = spread(timed_s)
        if scatter is None or scatter >= self.rules.spread_max:
            unmet.append(SPREAD)
        return unmet

    def _cool_down(self, seconds: float) -> bool:
        """Wait for the GPU to cool and make an untimed repeat, if another try is allowed; a repeat lasts `seconds`.

        While it waits, the GPU's clocks fall to idle: a timed call right after would be slow and look throttled again.
        A process beside others never waits: they would be timed without it.
        """
        if (
            self.calls.others is not None
            or self.measured_again >= MAX_COOL_DOWNS
            or not self._fits(2 * seconds, wait_s=COOL_DOWN_S)
        ):
            return False
        self.measured_again += 1
        self.calls.sleep(COOL_DOWN_S)
        for _ in range(self.calls_per_repeat):
            self.calls.warm()
        return True

    def _fits(self, seconds: float, wait_s: float = 0.0) -> bool:
        """Return True if calls of `seconds` in all would end within the cell's time limit."""
        fits = self.calls.elapsed() + wait_s + seconds * SLACK <= self.rules.time_limit_s
        self.is_hurried = self.is_hurried or not fits
        return fits


def calls_to_show_every_shape(frames: int, batch_size: int) -> int:
    """Count the calls after which every batch shape was seen `SHAPE_CALLS` times.

    A call shows the full shape once per full batch, and a smaller last batch once.
    """
    full, rest = divmod(frames, batch_size)
    return SHAPE_CALLS if rest else -(-SHAPE_CALLS // full)


def is_steady(seconds: Sequence[float], tolerance: float) -> bool:
    """Return True if the last `STEADY_CALLS` calls agree: the longest is at most `tolerance` over the shortest."""
    last = seconds[-STEADY_CALLS:]
    return len(last) == STEADY_CALLS and max(last) <= min(last) * (1 + tolerance)


def spread(seconds: Sequence[float]) -> float | None:
    """Compute the interquartile range over the median; None for fewer than two calls.

    Source:
        Quartiles by linear interpolation, Hyndman & Fan (1996) definition 7.
    """
    if len(seconds) < 2:
        return None
    low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive")
    if middle == 0:  # calls too short for the clock
        return 0.0 if high == low else float("inf")
    return (high - low) / middle
