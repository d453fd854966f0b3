"""Signs: what the rows of a unit show about how it was measured, and the words for it.

Flow: `unit.Unit` -> `Sign.of_unit` for one unit, `Sign.of_units` for the units of a report -> `Caution`. Pure.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from featray.analysis import disturbances, face_counts
from featray.analysis.cautions.caution import Caution, CautionKind, scope
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device, ProtocolName

PROFILED_MAX = 1.05
"""Profiled call over median timed call. Above it, stage times do not describe a timed call: the stage timers, and on a
GPU the waiting at each of them, cost time of their own. 5% is what the repeats of one process may scatter anyway."""

OTHER_MAX = 0.10
"""Share of a call outside every known stage. Above it, the stages hide where the time goes: a tenth is the least gain
that anybody would look for in them."""

WHEN_QUIET = "Measure again while the machine is quiet"

OTHER = "other"  # the stage of everything outside the known stages


def is_throttled(unit: Unit) -> bool:
    """Return True if the GPU was throttled in a timed call that counts."""
    return any(row.throttled for row in unit.measured)


def is_throttling_unknown(unit: Unit) -> bool:
    """Return True if the GPU does not report throttling: an Apple GPU, a part of a GPU, an old driver."""
    rows = unit.measured
    is_gpu = unit.row.device != Device.CPU and not unit.is_imported
    return is_gpu and bool(rows) and all(row.throttled is None and row.protocol == ProtocolName.FEATRAY for row in rows)


def is_shared(unit: Unit) -> bool:
    """Return True if other processes used the GPU during the measurement."""
    return any(row.foreign_gpu_processes for row in unit.measured)


def is_crowded(unit: Unit) -> bool:
    """Return True if other processes took CPUs; where that is unknown, the load average decides."""
    other, load = disturbances.cpu_other(unit.measured), disturbances.load_per_cpu(unit.measured)
    if other is not None:
        return other > disturbances.CPU_OTHER_MAX
    return load is not None and load > disturbances.OWN_LOAD + disturbances.LOAD_MAX


def is_stolen_from(unit: Unit) -> bool:
    """Return True if the hypervisor took processor time."""
    return (disturbances.stolen(unit.measured) or 0.0) > disturbances.STOLEN_MAX


def is_swapping(unit: Unit) -> bool:
    """Return True if memory was moved to swap meanwhile."""
    return (disturbances.swap_growth_b(unit.measured) or 0.0) > disturbances.SWAP_GROWTH_MAX_B


def is_slowed(unit: Unit) -> bool:
    """Return True if profiling cost so much time that the stages are not those of a timed call."""
    return (profiled_ratio(unit) or 0.0) > PROFILED_MAX


def is_opaque(unit: Unit) -> bool:
    """Return True if the stages leave too much of a call unexplained."""
    return (other_share(unit) or 0.0) > OTHER_MAX


def profiled_ratio(unit: Unit) -> float | None:
    """Give the profiled call over the timed calls, the median over invocations; None if none was profiled."""
    ratios = [row.profiled_ratio for row in unit.measured if row.profiled_ratio is not None]
    return median(ratios) if ratios else None


def other_share(unit: Unit) -> float | None:
    """Give the share of a profiled call outside every known stage, the median over invocations."""
    shares = [
        (row.stages_s.get(OTHER) or 0.0) / call_s
        for row in unit.measured
        if row.stages_s and (call_s := sum(stage_s or 0.0 for stage_s in row.stages_s.values())) > 0
    ]
    return median(shares) if shares else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sign:
    """One sign and its words, for one unit and for several; `all_units` has places for `scope` and `detail`."""

    kind: CautionKind
    applies: Callable[[Unit], bool]
    one_unit: Callable[[Unit], str]
    all_units: str
    detail: Callable[[Sequence[Unit]], str] = lambda _: ""
    what_to_do: str | None = None

    def of_unit(self, unit: Unit) -> Iterator[Caution]:
        """Give the caution if the unit shows the sign."""
        if self.applies(unit):
            yield Caution(kind=self.kind, sentence=self.one_unit(unit), what_to_do=self.what_to_do, units=(unit,))

    def of_units(self, units: Sequence[Unit]) -> Iterator[Caution]:
        """Give one caution for all units that show the sign."""
        about = tuple(unit for unit in units if self.applies(unit))
        if about:
            sentence = self.all_units.format(scope=scope(about, len(units)), detail=self.detail(about))
            yield Caution(kind=self.kind, sentence=sentence, what_to_do=self.what_to_do, units=about)


def _throttled_invocations(unit: Unit) -> str:
    throttled = sum(bool(row.throttled) for row in unit.measured)
    return f"throttled in {throttled} of {wording.count(len(unit.measured), 'invocation')}"


def _throttle_reasons(units: Sequence[Unit]) -> str:
    rows = [row for unit in units for row in unit.measured if row.throttled]
    reasons = [wording.short(reason) for row in rows for reason in row.throttle_reasons or ()]
    return f" ({wording.listed(reasons)})" if reasons else ""


def _foreign_processes(unit: Unit) -> str:
    counts = [row.foreign_gpu_processes for row in unit.measured if row.foreign_gpu_processes]
    processes = wording.count(max(counts), "other process", "other processes")
    return f"up to {processes} used the GPU in {len(counts)} of {wording.count(len(unit.measured), 'invocation')}"


def _crowd(unit: Unit) -> str:
    other = disturbances.cpu_other(unit.measured)
    if other is not None:
        return f"other processes took {other:.0%} of the CPUs"
    return f"the load average was {disturbances.load_per_cpu(unit.measured) or 0.0:.1f} per CPU before it"


def _most_crowded(units: Sequence[Unit]) -> str:
    shares = [share for unit in units if (share := disturbances.cpu_other(unit.measured)) is not None]
    return f" (up to {max(shares):.0%} of them)" if shares else ""


def _stolen_time(unit: Unit) -> str:
    share = disturbances.steal_share(unit.measured) or 0.0
    return f"the hypervisor took {disturbances.write_stolen(share)} of the processor time"


def _swap(unit: Unit) -> str:
    return f"swap grew by {wording.size(disturbances.swap_growth_b(unit.measured) or 0.0)} while it was measured"


def _deviating(units: Sequence[Unit]) -> str:
    return wording.percent(max(map(face_counts.deviating_share, units)))


def _profiled(unit: Unit) -> str:
    return f"its profiled call took {wording.times(profiled_ratio(unit) or 0.0)} the time of a timed call"


def _outside_stages(unit: Unit) -> str:
    return f"{wording.percent(other_share(unit) or 0.0)} of its profiled call is in no known stage"


THROTTLED = Sign(
    kind=CautionKind.THROTTLED,
    applies=is_throttled,
    one_unit=_throttled_invocations,
    all_units="throttled despite cool-downs{detail}{scope}; a cooler GPU would be faster",
    detail=_throttle_reasons,
    what_to_do="Improve the cooling, then measure again",
)

THROTTLING_UNKNOWN = Sign(
    kind=CautionKind.THROTTLED,
    applies=is_throttling_unknown,
    one_unit=lambda _: "its GPU does not report throttling; heat may have slowed it",
    all_units="the GPU does not report throttling{scope}; heat may have slowed it",
    what_to_do="Watch the temperature with the vendor's own tool",
)

SHARED = Sign(
    kind=CautionKind.DISTURBED,
    applies=is_shared,
    one_unit=_foreign_processes,
    all_units="another process used the GPU{scope}; the times may be too long",
    what_to_do="Measure again while the GPU is free",
)

CROWDED = Sign(
    kind=CautionKind.DISTURBED,
    applies=is_crowded,
    one_unit=_crowd,
    all_units="other processes used the CPUs{detail}{scope}; the times may be too long",
    detail=_most_crowded,
    what_to_do=WHEN_QUIET,
)

STOLEN = Sign(
    kind=CautionKind.DISTURBED,
    applies=is_stolen_from,
    one_unit=_stolen_time,
    all_units="the hypervisor took processor time{scope}; the times may be too long",
    what_to_do="Measure again while the other virtual machines are quiet",
)

SWAPPING = Sign(
    kind=CautionKind.DISTURBED,
    applies=is_swapping,
    one_unit=_swap,
    all_units="memory was short and moved to swap{scope}; the times may be too long",
    what_to_do="Free memory, then measure again",
)

SLOWED_BY_PROFILING = Sign(
    kind=CautionKind.DISTURBED,
    applies=is_slowed,
    one_unit=_profiled,
    all_units=f"the profiled call took over {wording.times(PROFILED_MAX)} the time of a timed call{{scope}}",
    what_to_do="Compare its stages only with each other",
)

OPAQUE = Sign(
    kind=CautionKind.DISTURBED,
    applies=is_opaque,
    one_unit=_outside_stages,
    all_units=f"over {wording.percent(OTHER_MAX)} of the profiled call is in no known stage{{scope}}",
)

FACES_DIFFER = Sign(
    kind=CautionKind.UNEQUAL,
    applies=lambda unit: face_counts.deviating_share(unit) > 0,
    one_unit=lambda unit: f"its processes found other numbers of faces in up to {_deviating([unit])} of the frames",
    all_units="processes of one setting found other numbers of faces in up to {detail} of the frames{scope}",
    detail=_deviating,
    what_to_do="Compare the faces that `detect()` finds in two processes",
)

OF_STAGES = (SLOWED_BY_PROFILING, OPAQUE)
"""Signs that make the stages doubtful, not the times."""

OF_MACHINE = (SHARED, CROWDED, STOLEN, SWAPPING)
"""Signs that something else used the machine."""

SIGNS = (THROTTLED, THROTTLING_UNKNOWN, *OF_MACHINE, *OF_STAGES)
