"""Constraints: what the caller of `recommend` fixes, and which candidates meet it.

Flow: `Constraints`, `candidates.Candidate` -> `select`, `within_memory` -> `settings`. Pure. Every refusal names the
constraint that nothing meets, what exists, and what to do.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from featray.analysis.advice import memory_use, objectives
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.memory_use import MemoryScope, MemoryUse
from featray.analysis.advice.objectives import Objective
from featray.analysis.unit import Unit
from featray.core import host_names, wording
from featray.errors import NothingMatches, suggest


@dataclasses.dataclass(frozen=True, kw_only=True)
class Constraints:
    """What the caller fixes; None leaves it open. `memory_limit_b` is memory of the device, in bytes."""

    detector: str | None = None
    host: str | None = None
    input: str | None = None
    device: str | None = None
    memory_limit_b: int | None = None
    max_latency_s: float | None = None  # of a batch
    max_energy_j: float | None = None  # per frame
    max_drift: float | None = None  # share of the tolerance
    prefer: Objective = Objective.THROUGHPUT


NO_CONSTRAINTS = Constraints()
"""Everything is open."""

_VALUES: Mapping[str, Callable[[Unit], tuple[str | None, ...]]] = {
    "detector": lambda unit: (unit.row.detector,),
    "input": lambda unit: (unit.row.input,),
    "device": lambda unit: (unit.row.device,),
    "host": lambda unit: (unit.target.host_name, unit.row.hostname, unit.row.host_id, unit.target.host_id),
}
"""Constraint -> what may be named in it; a message lists the first."""


def select(candidates: Sequence[Candidate], constraints: Constraints) -> list[Candidate]:
    """Select by everything except the memory.

    Raises:
        NothingMatches: nothing is left.
    """
    chosen, fixed = list(candidates), ""
    for name, values in _VALUES.items():
        wanted = getattr(constraints, name)
        if wanted is not None:
            measured = [values(candidate.unit)[0] for candidate in chosen]
            chosen = [candidate for candidate in chosen if _has(name, wanted, values(candidate.unit))]
            if not chosen:
                raise NothingMatches(_nothing(name, wanted, fixed, measured))
            fixed += f"{' and' if fixed else ' with'} {name} {wanted!r}"
    return chosen


def _has(name: str, wanted: str, values: tuple[str | None, ...]) -> bool:
    return host_names.is_called(wanted, values) if name == "host" else wanted in values


def _nothing(name: str, wanted: str, fixed: str, measured: Sequence[str | None]) -> str:
    existing = suggest(wanted, dict.fromkeys(value for value in measured if value))
    end = "" if existing.endswith("?") else "."
    return (
        f"nothing was measured for {name} {wanted!r}{fixed}{existing}{end} "
        f"Name another {name}, or submit a sweep that measures this one"
    )


def within_memory(candidates: Sequence[Candidate], limit_b: int | None) -> tuple[list[Candidate], list[Candidate]]:
    """Split candidates into those that fit into the memory, and those of which it is unknown.

    A figure that includes other processes can show that a setting fits, never that it does not.

    Raises:
        NothingMatches: none is known to fit.
    """
    if limit_b is None:
        return list(candidates), []
    uses = {candidate: memory_use.of_unit(candidate.unit) for candidate in candidates}
    known = {candidate: use for candidate, use in uses.items() if use and _is_known(use, limit_b)}
    fitting = [candidate for candidate, use in known.items() if use.size_b <= limit_b]
    unknown = [candidate for candidate in candidates if candidate not in known]
    if not fitting:
        raise NothingMatches(f"no measured setting is known to fit into {wording.size(limit_b)}{_remedy(known)}")
    return fitting, unknown


def _is_known(use: MemoryUse, limit_b: int) -> bool:
    return use.size_b <= limit_b or use.scope is not MemoryScope.SHARED


def _remedy(known: Mapping[Candidate, MemoryUse]) -> str:
    """Say which setting needs the least, and what to do."""
    if not known:
        return "; what they need is unknown. Measure them while nobody else uses the GPU, or leave out the limit"
    smallest = min(known, key=lambda candidate: known[candidate].size_b)
    row, size = smallest.unit.row, wording.size(known[smallest].size_b)
    remedy = objectives.smaller_batch(smallest.unit)
    return (
        f"; the smallest needs {size} ({wording.short(row.detector)}, batch {row.batch_size}). "
        f"Raise the limit, or {remedy}"
    )
