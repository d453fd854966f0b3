"""Search results: what a search found: the value to use, those that are equally good, and what ended it.

Flow: units of one run and the sweep's search -> `find` -> `SearchResult` -> `rendering.search_text`. Pure.

The value is chosen by the rule of `recommend`, among the values that meet the limits of the search. Values that were
measured once, on the way, count only where nothing was measured further.
"""

import dataclasses
import itertools
import math
from collections.abc import Hashable, Iterable, Sequence

from featray import stats
from featray.analysis.advice import candidates, memory_use, objectives, settings
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.memory_use import MemoryScope
from featray.analysis.advice.settings import Setting
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.status import Status
from featray.sweep import Axes, Search


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SearchResult:
    """What the search of one detector on one input and target found."""

    search: Search
    units: tuple[Unit, ...]  # of every value that was tried, in rising order
    best: Setting | None  # None: no value has a time and meets the limits
    tied: tuple[int, ...]  # values that are equally good, in rising order, the best one included
    end: str  # why no larger value was tried

    @property
    def value(self) -> int | None:
        """Give the value to use."""
        return None if self.best is None else value_of(self.best.unit, self.search.axis)

    @property
    def is_confirmed(self) -> bool:
        """Return True if the value was measured often enough for an interval."""
        return self.best is not None and not self.best.candidate.is_few


def find(units: Iterable[Unit], search: Search) -> list[SearchResult]:
    """Find the result of each search of a run.

    Args:
        units: Of one run, those without a time included.
        search: Of its sweep.
    """
    ladders: dict[Hashable, list[Unit]] = {}
    for unit in units:
        if unit.asked:
            ladders.setdefault(_others(unit, search.axis), []).append(unit)
    return [
        _result(sorted(members, key=lambda unit: value_of(unit, search.axis)), search) for members in ladders.values()
    ]


def value_of(unit: Unit, axis: str) -> int:
    """Give a unit's value of an axis; a cell does not write what is the usual value, 1."""
    value = unit.asked.get(axis)
    return value if isinstance(value, int) else 1


def _others(unit: Unit, axis: str) -> Hashable:
    row = unit.row
    axes = (field.name for field in dataclasses.fields(Axes) if field.name != axis)
    return (row.target_id, row.detector, row.input, row.environment, *(unit.asked.get(name) for name in axes))


def _result(units: Sequence[Unit], search: Search) -> SearchResult:
    timed = [candidate for candidate in candidates.gather(units) if candidate.is_timed]
    fitting = [candidate for candidate in timed if why_unfit(candidate.unit, search) is None]
    best = settings.choose(fitting) if fitting else None
    return SearchResult(
        search=search,
        units=tuple(units),
        best=best,
        tied=_tied(best, search.axis) if best else (),
        end=_end(units, timed, search),
    )


def _tied(best: Setting, axis: str) -> tuple[int, ...]:
    equals = [best.fastest, *(pair.candidate for pair in best.equals)]
    return tuple(sorted({value_of(unit, axis) for unit in equals}))


def why_unfit(unit: Unit, search: Search) -> str | None:
    """Say which limit a unit does not meet; None if it meets all, as far as is known."""
    use, limit_b, limit_s = memory_use.of_unit(unit), search.memory_limit_b, search.latency_limit_s
    if limit_b is not None and use is not None and use.scope is not MemoryScope.SHARED and use.size_b > limit_b:
        whose = f" by its {unit.processes} processes together" if unit.processes > 1 else ""
        return f"takes {wording.size(use.size_b)} of memory{whose}, above {wording.size(limit_b)}"
    if limit_s is not None and objectives.batch_s(unit) > limit_s:
        return f"takes {objectives.per_batch(unit)}, above {wording.milliseconds(limit_s)} ms"
    return None


def _first_unfit(units: Sequence[Unit], timed: Sequence[Candidate], search: Search) -> Unit | None:
    """Give the first value above all that may be used; None if it has no time, so that no limit excludes it."""
    measured = {candidate.unit.key for candidate in timed}
    usable = [place for place, unit in enumerate(units) if unit.key in measured and why_unfit(unit, search) is None]
    first = units[max(usable, default=-1) + 1 :][:1]
    return next((unit for unit in first if unit.key in measured), None)


def _end(units: Sequence[Unit], timed: Sequence[Candidate], search: Search) -> str:
    """Say why no larger value was tried."""
    last = units[-1]
    value = value_of(last, search.axis)
    if unfit := _first_unfit(units, timed, search):
        return f"{value_of(unfit, search.axis)} {why_unfit(unfit, search)}"
    exhausted = [unit for unit in units if any(row.status in (Status.OOM, Status.SKIPPED) for row in unit.rows)]
    if exhausted:
        return f"{value_of(exhausted[0], search.axis)} ran out of memory"
    if last not in [candidate.unit for candidate in timed]:
        return f"{value} has no time ({wording.listed(row.status for row in last.failed)})"
    if last.row.batches == 1 and search.axis == "batch_size":
        return f"{value} takes all {last.row.frames} frames at once"
    if value == search.values[-1]:
        return f"{value} is the largest value of the sweep"
    return f"from {_first_idle(units, search.axis)} on it is not faster by {wording.margin(stats.MARGIN)}"


def _first_idle(units: Sequence[Unit], axis: str) -> int:
    """Give the first value from which on no invocation of the climb, the first of each value, was faster."""
    fastest, first = math.inf, value_of(units[-1], axis)
    for unit, following in itertools.pairwise(units):
        log_s = min(
            (stats.log_median(row.timed_s) for row in unit.measured if row.timed_s and row.invocation == 1),
            default=math.inf,
        )
        if log_s < fastest - stats.MARGIN:
            fastest, first = log_s, value_of(following, axis)
    return first
