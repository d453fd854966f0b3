"""State: whether the machine was in the same state while the two sides of a comparison were measured.

Flow: two units, the factors that differ -> `find_differences` -> reasons of `pairs.judge` for INCONCLUSIVE. Pure.
A ratio between unlike states may come from the states alone (`StateDifference.may_decide`). `disturbances` has the
figures and the thresholds. A figure that one side does not store is taken to be quiet there, so that what disturbed the
other side counts. A figure that neither stores is unknown, not different. Settings of a machine, such as a power limit,
are factors.
"""

import dataclasses
import math
from collections.abc import Callable, Collection, Sequence
from statistics import median

from featray.analysis import disturbances
from featray.analysis.cautions import signs
from featray.analysis.cautions.signs import Sign
from featray.analysis.cautions.unmet_rules import RULES
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.row import Row, RowKey
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
        if self.speaks_against(decision):
            return False
        bounds = [math.log(value) - self.explains for value in (decision.low, decision.ratio, decision.high)]
        if decision.verdict is Verdict.SLOWER:
            return not (bounds[0] > 0 and bounds[1] >= decision.margin)
        if decision.verdict is Verdict.FASTER:
            return not (bounds[2] < 0 and bounds[1] <= -decision.margin)
        return True

    def speaks_against(self, decision: Decision) -> bool:
        """Return True if the state slowed the side that is faster all the same."""
        explains = self.explains or 0.0
        if decision.verdict is Verdict.SLOWER:
            return explains < 0
        return decision.verdict is Verdict.FASTER and explains > 0


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
    quiet: float | None = 0.0  # figure of a side that does not store it; None: no figure is bad by itself
    is_bad: Callable[[float], bool] = lambda _: True  # of a figure that differs from the quiet one
    unknown: str = "an unknown share"  # what `sentence` says of that side
    show: Callable[[Sequence[Row]], float | None] | None = None  # what `write` gets; None: what `read` gives
    scale: Callable[[float], float] = float
    slows: float | None = None  # log time for each unit of `scale`, at most; None: not known
    sign: Sign | None = None  # whose caution says the same of one side
    what_to_do: str = signs.WHEN_QUIET  # where there is no sign
    instead_of: str | None = None  # counts only where the state of this name is unknown on a side
    follows: bool = False  # from what is run on which GPU: counts only where no factor differs
    of_gpu: bool = False  # what one side does not store counts only if both are on one kind of device


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
        quiet=disturbances.OWN_LOAD,
        is_bad=lambda load: load > disturbances.OWN_LOAD,
        unknown="unknown",
        sign=signs.CROWDED,
        instead_of="other processes",
    ),
    _State(
        name="steal",
        read=disturbances.stolen,
        allowed=-disturbances.log_left(disturbances.STOLEN_MAX),
        scale=disturbances.log_left,
        slows=-disturbances.CONTENTION,
        write=disturbances.write_stolen,
        show=disturbances.steal_share,
        sentence="the hypervisor took {high} of the processor time beside the {more}, {low} beside the {less}",
        sign=signs.STOLEN,
    ),
    _State(
        name="swap",
        read=disturbances.swap_growth_b,
        allowed=disturbances.SWAP_GROWTH_MAX_B,
        write=wording.size,
        sentence="swap grew by {high} while the {more} was measured, by {low} while the {less} was",
        unknown="an unknown size",
        sign=signs.SWAPPING,
    ),
    _State(
        name="throttling",
        of_gpu=True,
        read=disturbances.throttled,
        allowed=disturbances.SOME,
        write=_percent,
        sentence="the GPU was throttled in {high} of the {more}'s invocations, in {low} of the {less}'s",
        sign=signs.THROTTLED,
    ),
    _State(
        name="GPU processes",
        of_gpu=True,
        read=disturbances.foreign_gpu_processes,
        allowed=disturbances.SOME,
        write=_number,
        sentence="other processes on the GPU: {high} beside the {more}, {low} beside the {less}",
        unknown="an unknown number",
        sign=signs.SHARED,
    ),
    _State(
        name="GPU clock",
        of_gpu=True,
        read=disturbances.relative_clock,
        allowed=disturbances.CLOCK_MAX,
        scale=math.log,
        slows=-1.0,
        write=_percent,
        sentence="the GPU ran at {low} of its highest clock for the {less}, at {high} for the {more}",
        quiet=1.0,
        is_bad=lambda clock: clock < disturbances.CLOCK_LOW,
        follows=True,
    ),
    _State(
        name="temperature",
        read=disturbances.temperature_c,
        allowed=disturbances.TEMPERATURE_MAX_C,
        write=_degrees,
        sentence="the GPU reached {high} for the {more}, {low} for the {less}",
        quiet=None,  # what is hot depends on the model; where heat slows a GPU, it reports throttling
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
    devices = len({baseline.row.device, candidate.row.device})
    unlike: dict[str, StateDifference] = {}
    for state in STATES:
        other = state.instead_of
        is_replaced = other is not None and (None not in figures[other] or other in unlike)
        is_of_other_device = state.of_gpu and devices > 1 and None in figures[state.name]
        if is_replaced or is_of_other_device or (state.follows and differing):
            continue
        difference = _difference(state, before, after)
        if difference is not None:
            unlike[state.name] = difference
    return tuple(unlike.values())


def _difference(state: _State, before: Sequence[Row], after: Sequence[Row]) -> StateDifference | None:
    figures = _figures(state, before, after)
    if figures is None:
        return None
    change = state.scale(figures[1]) - state.scale(figures[0])
    if abs(change) <= state.allowed:
        return None
    shown = [(state.show or state.read)(rows) for rows in (before, after)]
    texts = ["unknown" if figure is None else state.write(figure) for figure in shown]
    told = [state.unknown if figure is None else text for figure, text in zip(shown, texts, strict=True)]
    ascending = (("baseline", told[0]), ("candidate", told[1]))
    (less, low), (more, high) = ascending if figures[0] < figures[1] else ascending[::-1]
    what_to_do = (state.sign and state.sign.what_to_do) or state.what_to_do
    return StateDifference(
        name=state.name,
        baseline=texts[0],
        candidate=texts[1],
        sentence=state.sentence.format(more=more, less=less, high=high, low=low),
        what_to_do=f"{what_to_do[:1].lower()}{what_to_do[1:]}",
        explains=None if state.slows is None else state.slows * change,
    )


def _figures(state: _State, before: Sequence[Row], after: Sequence[Row]) -> tuple[float, float] | None:
    """Read a figure of both sides; a side that does not store it is quiet if the other's is bad."""
    known = state.read(before), state.read(after)
    figures = [state.quiet if figure is None else figure for figure in known]
    first, second = figures
    if first is None or second is None or known == (None, None):
        return None
    if None in known and not state.is_bad(first if known[1] is None else second):
        return None
    return first, second


def find_disturbed(baseline: Unit, candidate: Unit, names: Collection[str], design: Design) -> set[RowKey]:
    """List the invocations that had one of these states although most of both sides did not have it.

    Swap grows over a whole run, so that no invocation has it alone.
    """
    rows = [row for side in _compared_rows(baseline, candidate, design) for row in side]
    disturbed: set[RowKey] = set()
    for state in (state for state in STATES if state.name in names):
        scaled = {row.key(): state.scale(figure) for row in rows if (figure := state.read([row])) is not None}
        usual = median(scaled.values())
        disturbed |= {key for key, figure in scaled.items() if abs(figure - usual) > state.allowed}
    return disturbed


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
