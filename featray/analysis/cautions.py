"""Cautions: what makes a unit's figures worth less than they look.

Flow: `units.Unit` -> `of_unit` -> a pair's cautions, a report's remarks. Pure.
"""

from collections.abc import Iterator
from statistics import median

from featray.analysis.units import Unit

PROFILED_MAX = 1.05
"""A profiled call over the median timed one, above which stages do not tell of the timed calls: timers and, on a GPU,
waiting for it at each of them cost time of their own. 5% is what the repeats of one process may scatter anyway."""

OTHER_MAX = 0.10
"""Share of a call that no stage holds, above which stages hide where the time goes: a tenth is the least gain that
anybody would look for in them."""

OTHER = "other"


def of_unit(unit: Unit) -> Iterator[str]:
    """List a unit's cautions, each as the end of a sentence about it."""
    measured = unit.measured
    throttled = sum(bool(row.throttled) for row in measured)
    if throttled:
        yield f"throttled in {throttled} of {len(measured)} invocations"
    if unit.failed and measured:
        statuses = ", ".join(dict.fromkeys(str(row.status) for row in unit.failed))
        yield f"failed in {len(unit.failed)} of {len(unit.rows)} invocations ({statuses})"
    if unit.stale:
        yield f"has {len(unit.stale)} stale rows, of other work or versions than its latest"
    if unit.row.delay_s_per_frame:
        yield f"has an injected delay of {1000 * unit.row.delay_s_per_frame:g} ms per frame"
    yield from disturbances(unit)


def disturbances(unit: Unit) -> Iterator[str]:
    """List what disturbed the measuring itself: other people's work on the GPU, and stages that cannot be believed."""
    if is_shared(unit):
        foreign = [row.foreign_gpu_processes for row in unit.measured if row.foreign_gpu_processes]
        yield f"shared its GPU with up to {max(foreign)} other processes in {len(foreign)} invocations"
    if is_slowed(unit):
        ratio = profiled_ratio(unit) or 0.0
        yield f"took {ratio:.2f} times as long while its stages were profiled, so they are not those of a timed call"
    if is_opaque(unit):
        yield f"spent {100 * (other_share(unit) or 0.0):.0f}% of its profiled call outside every known stage"


def is_untold(unit: Unit) -> bool:
    """Tell whether nothing could say if a GPU was held back: an Apple GPU, a part of a GPU, an old driver."""
    rows = unit.measured
    own = unit.row.device != "cpu" and not unit.is_imported
    return own and bool(rows) and all(row.throttled is None and row.protocol == "featray" for row in rows)


def is_shared(unit: Unit) -> bool:
    """Tell whether others used the GPU meanwhile."""
    return any(row.foreign_gpu_processes for row in unit.measured)


def is_slowed(unit: Unit) -> bool:
    """Tell whether profiling took so much that the stages are not those of a timed call."""
    return (profiled_ratio(unit) or 0.0) > PROFILED_MAX


def is_opaque(unit: Unit) -> bool:
    """Tell whether the stages leave too much of a call unexplained."""
    return (other_share(unit) or 0.0) > OTHER_MAX


def profiled_ratio(unit: Unit) -> float | None:
    """Give the profiled call over the timed ones, the median over invocations; None where none was profiled."""
    known = [row.profiled_ratio for row in unit.measured if row.profiled_ratio is not None]
    return median(known) if known else None


def other_share(unit: Unit) -> float | None:
    """Give the share of a profiled call that no stage holds, the median over invocations."""
    shares = [
        (row.stages_s.get(OTHER) or 0.0) / whole
        for row in unit.measured
        if row.stages_s and (whole := sum(each or 0.0 for each in row.stages_s.values())) > 0
    ]
    return median(shares) if shares else None
