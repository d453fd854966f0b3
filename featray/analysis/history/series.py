"""Series: one setting of one detector on one input and one machine, as points over time.

Flow: all rows of a store -> `gather` -> `Series` -> `changes`, `rendering`. Pure.

A point is what one session measured with one software. What a report says is a point of its own, with one figure and
no interval. A run may measure several versions side by side. Then only the newest of them goes on with the history, and
the others are points beside it; none goes on if all of them are older than what was measured before, or if several
environments have the same software.
"""

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping, Sequence

from featray import stats
from featray.analysis import unit_cell, unit_wording, units
from featray.analysis.history import machines
from featray.analysis.unit import Unit
from featray.core import cell
from featray.core.row import Row
from featray.core.targets import NamedTarget
from featray.planning import releases

ORDERS = ("date", "version")
"""What the points of a series are ordered by. Equal versions, and commits of one version, are ordered by date."""


@dataclasses.dataclass(frozen=True)
class Software:
    """The versions that a history is about: None where a row does not say."""

    pyfeat: str | None
    commit: str | None
    changes: str | None  # digest of uncommitted changes
    torch: str | None

    @property
    def text(self) -> str:
        """Write it for people: `py-feat 2.1.5, torch 2.11.0`."""
        name = f"py-feat {self.pyfeat}" if self.pyfeat else "unknown py-feat"
        name += f" @ {self.commit[:7]}" if self.commit else ""
        name += " with changes" if self.changes else ""
        return f"{name}, torch {self.torch}" if self.torch else name


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """One session's measurement with one software."""

    units: tuple[Unit, ...]  # of one or several runs
    rows: tuple[Row, ...]  # those of the session
    logs: tuple[float, ...]  # of seconds per call, one per process
    software: Software
    is_imported: bool
    is_beside: bool = False  # measured beside other versions, and not the one that goes on with the history
    is_compared: bool = False  # one of several environments of a run that have the same software

    @property
    def moment(self) -> str:
        """Give when its first row began."""
        return self.rows[0].started_at

    @property
    def environments(self) -> tuple[str, ...]:
        """List the environments that its rows were measured in: names of sweeps, empty for the machine's own."""
        return tuple(dict.fromkeys(row.environment for row in self.rows if row.environment is not None))

    def place(self, run_id: str | None = None) -> int:
        """Give the place of its environment in the list of a run's sweep, from 0; 0 where there is no list.

        Args:
            run_id: One of its runs; None is the first.
        """
        row = next((row for row in self.rows if row.run_id == run_id), self.rows[0])
        names = row.environments or []
        return names.index(row.environment) if row.environment in names else 0

    @functools.cached_property
    def requirements(self) -> tuple[str, ...]:
        """List what its last environment was installed with; empty for the machine's own, and where it is unknown."""
        asked = unit_cell.of_unit(self.units[-1])
        return asked.requirements if asked else ()

    @functools.cached_property
    def call_s(self) -> float:
        """Give the seconds per call."""
        return math.exp(math.fsum(self.logs) / len(self.logs))

    @functools.cached_property
    def interval_s(self) -> tuple[float, float] | None:
        """Give the 95% interval for processes of this session, in seconds per call; None from too few processes."""
        found = stats.interval(self.logs) if len(self.logs) >= stats.INVOCATIONS_MIN else None
        return (found.low_s, found.high_s) if found else None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """The history of one setting on one machine; its points are in order, and it has at least one."""

    machine: NamedTarget
    points: tuple[Point, ...]

    @property
    def unit(self) -> Unit:
        """Give a unit whose labels describe the series: the last measured one, or the last import."""
        measured = [point for point in self.points if not point.is_imported]
        return (measured or self.points)[-1].units[-1]

    @functools.cached_property
    def steady(self) -> tuple[Point, ...]:
        """List the points in which steps are looked for: no imports, and no older version beside a newer one."""
        return tuple(point for point in self.points if not point.is_imported and not point.is_beside)

    @property
    def name(self) -> str:
        """Name the setting: `retinaface, short (72 frames), b=16`."""
        unit, row = self.unit, self.unit.row
        parts = [unit_wording.detector_and_clip(row), f"b={row.batch_size}"]
        parts += [f"w={row.num_workers}"] if row.num_workers else []
        parts += [f"t={unit.asked_threads}"] if unit.asked_threads else []
        parts += [f"p={unit.processes}"] if unit.processes > 1 else []
        parts += ["all GPUs"] if unit.is_whole else []
        parts += [f"{key}={value}" for key, value in (unit.variables or {}).items()]
        parts += ["GPU shared"] if row.exclusive == "gpu" else []
        return ", ".join(parts + (["synthetic weights"] if row.weights == "synthetic" else []))


def gather(rows: Iterable[Row], *, order: str = "date") -> list[Series]:
    """Gather all rows of a store into series, machine by machine.

    Args:
        rows: Of any runs; replays and rows without a time are left out.
        order: One of `ORDERS`.
    """
    rows = [row for row in rows if not row.is_replayed]
    found = machines.find_machines(rows)
    by_setting: dict[tuple[str, ...], list[Unit]] = {}
    for unit in units.gather(rows):
        if unit.logs and unit.row.target_id in found:
            machine = found[unit.row.target_id]
            by_setting.setdefault((machine.target_id, *_setting(unit)), []).append(unit)
    groups = _with_imports(by_setting)
    series = [
        Series(machine=found[members[0].row.target_id], points=_points(members, order)) for members in groups.values()
    ]
    return sorted(series, key=lambda one: (one.machine.host_name, one.machine.name))


def _setting(unit: Unit) -> tuple[str, ...]:
    """Identify what is measured and how, without the software; that is what varies along a history."""
    own = None if unit.is_imported else unit_cell.of_unit(unit)
    asked = dataclasses.replace(own, environment=None, requirements=()) if own else None
    return (cell.cell_id(asked) if asked else unit.row.cell_id, unit.row.exclusive or "")


def _with_imports(by_setting: dict[tuple[str, ...], list[Unit]]) -> dict[tuple[str, ...], list[Unit]]:
    """Add the imports of a machine to the measured series of the same labels, where there is exactly one."""
    groups = dict(by_setting)
    measured: dict[tuple[object, ...], list[tuple[str, ...]]] = {}
    for key, members in by_setting.items():
        if not members[0].is_imported:
            measured.setdefault((key[0], *_labels(members[0].row)), []).append(key)
    for key, members in by_setting.items():
        homes = measured.get((key[0], *_labels(members[0].row)), []) if members[0].is_imported else []
        if len(homes) == 1:
            groups[homes[0]] = [*groups[homes[0]], *groups.pop(key)]
    return groups


def _labels(row: Row) -> tuple[object, ...]:
    return row.detector, row.section_label, row.device, row.batch_size, row.num_workers, row.weights


def software(row: Row) -> Software:
    """Read the software of a row."""
    return Software(row.pyfeat, row.pyfeat_commit, row.pyfeat_dirty, row.torch)


TimedRow = tuple[Unit, Row, float]
"""A unit, one of its rows, and the log of the row's time."""


def _points(members: Sequence[Unit], order: str) -> tuple[Point, ...]:
    groups: dict[tuple[object, ...], list[TimedRow]] = {}
    apart = _find_alike(members)
    for unit in members:
        timed = (row for row, median_s in zip(unit.measured, unit.medians_s, strict=True) if median_s > 0)
        for row, log in zip(timed, unit.logs, strict=True):
            occasion = row.run_id if unit.is_imported else unit.occasion(row).session
            own = row.cell_id if (row.run_id, software(row)) in apart else None
            groups.setdefault((unit.is_imported, occasion, software(row), own), []).append((unit, row, log))
    points = [_point(entries, is_compared=key[-1] is not None) for key, entries in groups.items()]
    return tuple(_ordered(_mark_beside(points), order))


def _find_alike(members: Sequence[Unit]) -> set[tuple[str, Software]]:
    """Find the runs of which several environments have the same software: a history does not show what they compare."""
    cell_ids: dict[tuple[str, Software], set[str]] = {}
    for unit in members:
        if not unit.is_imported:  # members differ in nothing but the environment
            cell_ids.setdefault((unit.row.run_id, software(unit.row)), set()).add(unit.row.cell_id)
    return {key for key, found in cell_ids.items() if len(found) > 1}


def _point(entries: Sequence[TimedRow], *, is_compared: bool) -> Point:
    ordered = sorted(entries, key=lambda entry: entry[1].started_at)
    return Point(
        units=tuple(dict.fromkeys(unit for unit, _, _ in ordered)),
        rows=tuple(row for _, row, _ in ordered),
        logs=tuple(log for _, _, log in ordered),
        software=software(ordered[0][1]),
        is_imported=ordered[0][0].is_imported,
        is_beside=is_compared,
        is_compared=is_compared,
    )


def _mark_beside(points: Sequence[Point]) -> list[Point]:
    """Mark the points that do not go on with the history; newer is what was first measured later.

    Which of one run was measured first is chance: there the order of the sweep's environments counts.
    """
    first: dict[Software, Point] = {}
    for point in sorted(points, key=lambda point: point.moment):
        first.setdefault(point.software, point)
    first_seen = {one: point.moment for one, point in first.items()}
    age = {
        one: (moment[:DAY], releases.order(one.pyfeat), releases.order(one.torch), first[one].place(), moment)
        for one, moment in first_seen.items()
    }
    measured: dict[str, dict[Software, str]] = {}  # run -> what it measured, and since when
    for point in points:
        for row in point.rows:
            measured.setdefault(row.run_id, {}).setdefault(point.software, row.started_at)
    goes_on: dict[str, Software] = {}
    for run_id, versions in measured.items():
        newest = max(versions, key=age.__getitem__)
        earlier = [age[one] for one, moment in first_seen.items() if moment <= min(versions.values())]
        if len(versions) == 1 or age[newest] >= max(earlier):
            goes_on[run_id] = newest
    return [
        point
        if point.is_imported or any(goes_on.get(row.run_id) == point.software for row in point.rows)
        else dataclasses.replace(point, is_beside=True)
        for point in points
    ]


DAY = len("2026-05-14")  # characters of a moment: versions that are first measured on one day are told by their numbers


def _run_moment(point: Point, began: Mapping[str, str]) -> str:
    """Give when a point was measured; where versions were side by side, when their run began.

    Which version of a block starts first is chance: the newest of a run comes after those beside it.
    """
    return min(began[row.run_id] for row in point.rows)


def _ordered(points: Sequence[Point], order: str) -> list[Point]:
    began: dict[str, str] = {}
    for point in points:
        for row in point.rows:
            began[row.run_id] = min(began.get(row.run_id, point.moment), point.moment)
    by_date = sorted(
        points, key=lambda point: (_run_moment(point, began), not point.is_beside, point.place(), point.moment)
    )
    if order == "date":
        return by_date
    first_seen: dict[Software, int] = {}
    for point in by_date:
        first_seen.setdefault(point.software, len(first_seen))
    return sorted(
        by_date,
        key=lambda point: (
            releases.order(point.software.pyfeat),
            releases.order(point.software.torch),
            first_seen[point.software],
            releases.order(point.environments[0] if point.is_compared and point.environments else None),
            point.place() if point.is_compared else 0,
        ),
    )
