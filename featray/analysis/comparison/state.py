"""State: whether the machine was in the same state while the two sides of a comparison were measured.

Flow: two units, the factors that differ -> `find_differences` -> reasons of `pairs.judge` for INCONCLUSIVE. Pure.
A ratio between unlike states may come from the states alone (`StateDifference.may_decide`). `disturbances` has the
figures and the thresholds. A figure that a side does not store is unknown, not different. Settings of a machine, such
as a power limit, are factors.
"""

import dataclasses
import math
from collections.abc import Callable, Collection, Sequence

from featray.analysis import disturbances
from featray.analysis.cautions import signs
from featray.analysis.cautions.signs import Sign
from featray.analysis.cautions.unmet_rules import RULES
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.row import Row
from featray.stats import Decision, Design, Verdict

WARMUP_RULES = ("warmup_min", "warmup_shapes", "warmup_trend")
"""Rules of the protocol without which the timed calls may hold first-time costs."""

SCATTER_RULES = ("warmup_steady", "spread")
"""Rules that calls do not meet if they scatter, which short calls or another program may do on a quiet machine."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateDifference:
    """A state in which the two sides are unlike; `sentence` says all of it."""

    name: str
    baseline: str
    candidate: str
    sentence: str
    what_to_do: str
    explains: float | None  # log ratio of candidate over baseline time that it can explain at most; None: any

    def may_decide(self, decision: Decision) -> bool:
        """Return True if the verdict of the times may come from this state alone.

        A verdict stands where it also holds of the times without all that the state can explain, or where the state
        speaks against it.
        """
        if self.explains is None or decision.low is None or decision.high is None:
            return True
        bounds = [math.log(value) - self.explains for value in (decision.low, decision.ratio, decision.high)]
        if decision.verdict is Verdict.SLOWER:
            return self.explains > 0 and not (bounds[0] > 0 and bounds[1] >= decision.margin)
        if decision.verdict is Verdict.FASTER:
            return self.explains < 0 and not (bounds[2] < 0 and bounds[1] <= -decision.margin)
        return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class _State:
    """A figure of the machine's state, and when two sides are unlike in it.

    `sentence` has places for the side with more of it and the other (`more`, `less`), and for both figures (`high`,
    `low`).
    """

    name: str
    read: Callable[[Sequence[Row]], float | None]
    allowed: float  # difference between two sides up to which they are alike, on `scale`
    write: Callable[[float], str]
    sentence: str
    scale: Callable[[float], float] = float
    slows: float | None = None  # log time for each unit of `scale`, at most; None: not known
    sign: Sign | None = None  # whose caution says the same of one side
    what_to_do: str = signs.WHEN_QUIET  # where there is no sign
    instead_of: str | None = None  # counts only where the state of this name is unknown on a side
    follows: bool = False  # from what is run on which GPU: counts only where no factor differs


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _degrees(temperature_c: float) -> str:
    return f"{temperature_c:.0f} °C"


def _number(value: float) -> str:
    return f"{value:g}"


def _rule(rule: str, *, follows: bool = False) -> _State:
    """Make the state of not meeting a rule, in the words of its caution."""
    where = " in {high} of the {more}'s invocations, in {low} of the {less}'s"
    return _State(
        name=f"rule {rule}",
        read=disturbances.unmet(rule),
        allowed=disturbances.MOST,
        write=_percent,
        sentence=RULES[rule][0].format(scope=where),
        what_to_do=f"{RULES[rule][1]}, then measure again",
        follows=follows,
    )


STATES = (
    _State(
        name="other processes",
        read=disturbances.cpu_other,
        allowed=-disturbances.log_left(disturbances.CPU_OTHER_MAX),
        scale=disturbances.log_left,
        slows=-disturbances.CONTENTION,
        write=_percent,
        sentence="other processes took {high} of the CPUs beside the {more}, {low} beside the {less}",
        sign=signs.CROWDED,
    ),
    _State(
        name="load",
        read=disturbances.load_per_cpu,
        allowed=disturbances.LOAD_MAX,
        write=lambda load: f"{load:.1f}",
        sentence="the load average was {high} per CPU before the {more}, {low} before the {less}",
        sign=signs.CROWDED,
        instead_of="other processes",
    ),
    _State(
        name="steal",
        read=disturbances.stolen,
        allowed=-disturbances.log_left(disturbances.STOLEN_MAX),
        scale=disturbances.log_left,
        slows=-disturbances.CONTENTION,
        write=_percent,
        sentence="the hypervisor took {high} of the processor time beside the {more}, {low} beside the {less}",
        sign=signs.STOLEN,
    ),
    _State(
        name="swap",
        read=disturbances.swap_growth_b,
        allowed=disturbances.SWAP_GROWTH_MAX_B,
        write=wording.size,
        sentence="swap grew by {high} while the {more} was measured, by {low} while the {less} was",
        sign=signs.SWAPPING,
    ),
    _State(
        name="throttling",
        read=disturbances.throttled,
        allowed=disturbances.SOME,
        write=_percent,
        sentence="the GPU was throttled in {high} of the {more}'s invocations, in {low} of the {less}'s",
        sign=signs.THROTTLED,
    ),
    _State(
        name="GPU processes",
        read=disturbances.foreign_gpu_processes,
        allowed=disturbances.SOME,
        write=_number,
        sentence="other processes on the GPU: {high} beside the {more}, {low} beside the {less}",
        sign=signs.SHARED,
    ),
    _State(
        name="GPU clock",
        read=disturbances.relative_clock,
        allowed=disturbances.CLOCK_MAX,
        scale=math.log,
        slows=-1.0,
        write=_percent,
        sentence="the GPU ran at {low} of its highest clock for the {less}, at {high} for the {more}",
        follows=True,
    ),
    _State(
        name="temperature",
        read=disturbances.temperature_c,
        allowed=disturbances.TEMPERATURE_MAX_C,
        write=_degrees,
        sentence="the GPU reached {high} for the {more}, {low} for the {less}",
        instead_of="GPU clock",  # heat slows a GPU by its clock
        follows=True,
    ),
    *(_rule(rule) for rule in WARMUP_RULES),
    *(_rule(rule, follows=True) for rule in SCATTER_RULES),
)
"""What is compared, in the order in which it is told."""


def find_differences(
    baseline: Unit, candidate: Unit, differing: Collection[str], design: Design
) -> tuple[StateDifference, ...]:
    """List the states in which two sides are unlike.

    Args:
        baseline: One unit, measured by featray.
        candidate: The other.
        differing: Keys of the factors that differ. A GPU's clock and heat and the scatter of the calls follow from the
            program, the settings and the device, so they count only where there are none.
        design: How the two were measured. Blocks that both sides have shared their disturbances: only those count.
    """
    before, after = _compared_rows(baseline, candidate, design)
    figures = {state.name: (state.read(before), state.read(after)) for state in STATES}
    unlike = []
    for state in STATES:
        is_replaced = state.instead_of is not None and None not in figures[state.instead_of]
        if is_replaced or (state.follows and differing):
            continue
        difference = _difference(state, *figures[state.name])
        if difference is not None:
            unlike.append(difference)
    return tuple(unlike)


def _difference(state: _State, before: float | None, after: float | None) -> StateDifference | None:
    if before is None or after is None:
        return None
    change = state.scale(after) - state.scale(before)
    if abs(change) <= state.allowed:
        return None
    texts = state.write(before), state.write(after)
    ascending = (("baseline", texts[0]), ("candidate", texts[1]))
    (less, low), (more, high) = ascending if before < after else ascending[::-1]
    sentence = state.sentence.format(more=more, less=less, high=high, low=low)
    what_to_do = (state.sign and state.sign.what_to_do) or state.what_to_do
    return StateDifference(
        name=state.name,
        baseline=texts[0],
        candidate=texts[1],
        sentence=sentence,
        what_to_do=f"{what_to_do[:1].lower()}{what_to_do[1:]}",
        explains=None if state.slows is None else state.slows * change,
    )


def _compared_rows(baseline: Unit, candidate: Unit, design: Design) -> tuple[Sequence[Row], Sequence[Row]]:
    sides = _rows(baseline), _rows(candidate)
    if design is Design.SESSIONS:
        return sides
    shared = {_block(baseline, row) for row in sides[0]} & {_block(candidate, row) for row in sides[1]}
    before, after = (
        [row for row in rows if _block(unit, row) in shared]
        for unit, rows in zip((baseline, candidate), sides, strict=True)
    )
    return before, after


def _rows(unit: Unit) -> list[Row]:
    return [*(row for earlier in unit.earlier for row in earlier.measured), *unit.measured]


def _block(unit: Unit, row: Row) -> tuple[str, int]:
    """Name the block of a stretch, as `Unit.timings` does."""
    return unit.occasion(row).stretch, row.invocation


def find_repeated_cautions(unit: Unit, differences: Collection[StateDifference]) -> set[str]:
    """List the cautions about one side that differences of state say already."""
    names = {difference.name for difference in differences}
    told = dict.fromkeys(state.sign for state in STATES if state.sign and state.name in names)
    return {caution.sentence for sign in told for caution in sign.of_unit(unit)}
