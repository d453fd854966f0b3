"""Changes: where a series steps, and what a side-by-side measurement of both versions says about it.

Flow: `Series`, the store's noise -> `find_changes` -> `HistoryChange` -> `rendering`, `advice.confirming_sweeps`. Pure.

A step that is seen in a history is SUSPECTED: the machine, the driver or the room may have changed on the same day. It
is CONFIRMED or REFUTED by a run that measured both versions side by side. Imports never make a step.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum

from featray import stats
from featray.analysis import comparison, sessions
from featray.analysis.comparison import Noise, Pair, state
from featray.analysis.history.series import Point, Series, Software, software
from featray.analysis.unit import Unit
from featray.analysis.units import CONTEXT, gather
from featray.core.row import Row
from featray.stats import Design, SessionSpread, Timing, Verdict, change_points
from featray.stats.change_points import LevelStep


class ChangeState(StrEnum):
    """What is known about a step."""

    SUSPECTED = "SUSPECTED"  # seen in the history alone
    CONFIRMED = "CONFIRMED"  # both versions side by side differ in the same direction
    REFUTED = "REFUTED"  # side by side they are equal, or differ in the other direction


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HistoryChange:
    """A step of a series. `pair` is the side-by-side measurement of both versions, if there is one."""

    series: Series
    step: LevelStep
    before: Point  # the last before the step
    after: Point  # the first after it
    state: ChangeState
    differing: tuple[str, ...]  # what changed there: `torch 2.10.0 -> 2.11.0`
    pair: Pair | None = None
    failures: tuple[str, ...] = ()  # why the sweep that would confirm it has no time: `after: unsupported: no wheel`

    @property
    def can_be_confirmed(self) -> bool:
        """Return True if a sweep could measure both sides: the software differs, is known, has no local changes."""
        sides = (self.before.software, self.after.software)
        return sides[0] != sides[1] and all(side.pyfeat and not side.changes for side in sides)


SHOWN = (
    *(column for column in CONTEXT if column not in ("featray", "exclusive", "protocol")),
    "cpu_governor",
    "boot_id",
)
NAMES = {"pyfeat": "py-feat", "pyfeat_commit": "commit", "pyfeat_dirty": "local changes", "os": "system"}


def find_spreads(rows: Iterable[Row]) -> dict[str, SessionSpread]:
    """Learn how sessions of each target differ, from equal work that was measured there with equal versions."""
    by_work: dict[tuple[object, ...], list[Timing]] = {}
    for unit in gather(row for row in rows if not row.is_replayed and row.source_file is None):
        row = unit.row
        work = (row.target_id, row.cell_id, row.work_id, *(getattr(row, column) for column in CONTEXT))
        by_work.setdefault(work, []).extend(unit.timings)
    return sessions.find_spreads((str(work[0]), timings) for work, timings in by_work.items())


def find_changes(series: Series, noise: Noise, *, margin: float = stats.MARGIN) -> list[HistoryChange]:
    """Find the steps of a series in order; none in imports, and none from fewer than 8 sessions.

    Args:
        series: Its points are searched in their order.
        noise: What the store knows of the target's spread between sessions.
        margin: Least log ratio that counts.
    """
    points = series.steady
    spread = noise.session_spread([series.machine.target_id])
    steps = change_points.find_changes([point.logs for point in points], spread=spread, margin=margin)
    return [_change(series, step, points[step.index - 1], points[step.index], noise, margin) for step in steps]


def _change(series: Series, step: LevelStep, before: Point, after: Point, noise: Noise, margin: float) -> HistoryChange:
    pair = _side_by_side(series, before.software, after.software, noise, margin)
    return HistoryChange(
        series=series,
        step=step,
        before=before,
        after=after,
        state=_state(step, pair),
        differing=(
            *_differing(before.rows[-1], after.rows[0]),
            *_unlike_environments(before, after),
            *_unlike_states(before, after),
        ),
        pair=pair,
    )


def _state(step: LevelStep, pair: Pair | None) -> ChangeState:
    if pair is None or not pair.is_decided:
        return ChangeState.SUSPECTED
    same = Verdict.SLOWER if step.ratio > 1 else Verdict.FASTER
    return ChangeState.CONFIRMED if pair.verdict is same else ChangeState.REFUTED


def _side_by_side(series: Series, before: Software, after: Software, noise: Noise, margin: float) -> Pair | None:
    """Compare both versions in the last run that measured them together; None if no run did."""
    if before == after:
        return None
    is_same_build = _without_build(before) == _without_build(after)
    name = (lambda one: one) if is_same_build else _without_build
    sides = name(before), name(after)
    by_run: dict[str, dict[Software, Unit]] = {}
    for point in series.points:
        for unit in point.units if not point.is_imported else ():
            by_run.setdefault(unit.row.run_id, {})[name(software(unit.row))] = unit
    both = [units for units in by_run.values() if set(sides) <= set(units)]
    if not both:
        return None
    last = max(both, key=lambda units: units[sides[1]].row.started_at)
    return comparison.judge(last[sides[0]], last[sides[1]], ("environment",), margin=margin, noise=noise)


def _without_build(one: Software) -> Software:
    """Leave out torch's build tag, such as +cu128: the sweep that confirms a step cannot ask for it."""
    return dataclasses.replace(one, torch=one.torch.partition("+")[0] if one.torch else None)


def _differing(before: Row, after: Row) -> Sequence[str]:
    """List what is known to differ between two rows: `driver 570.1 -> 580.2`."""
    found = []
    for column in SHOWN:
        old, new = getattr(before, column), getattr(after, column)
        if None not in (old, new) and old != new:
            is_id = column in ("boot_id", "pyfeat_dirty")
            name = "reboot" if column == "boot_id" else NAMES.get(column, column)
            found.append(name if is_id else f"{name} {old} -> {new}")
    return found


def _unlike_environments(before: Point, after: Point) -> list[str]:
    """Name the environments where py-feat and torch are the same on both sides, and so another package may differ."""
    if before.software != after.software or before.requirements == after.requirements:
        return []
    names = (", ".join(point.environments) or "the machine's own" for point in (before, after))
    return [f"environment {' -> '.join(names)}"]


def _unlike_states(before: Point, after: Point) -> list[str]:
    """List the states of the machine in which two sessions were unlike: `other processes 2% -> 50%`."""
    is_same = before.software == after.software
    found = state.find_differences(before.units[-1], after.units[0], () if is_same else ("pyfeat",), Design.SESSIONS)
    return [f"{unlike.name} {unlike.baseline} -> {unlike.candidate}" for unlike in found]
