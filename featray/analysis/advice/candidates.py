"""Candidates: the settings that may be recommended, each with what speaks against it.

Flow: units of any runs -> `gather` -> `Candidate` -> `constraints`, `settings`. Pure.

What was measured of one detector on one target is split into contexts: the same software, driver, way of measuring and
so on (`units.CONTEXT`). Only settings of one context have comparable times. The newest context counts; what only an
older one has is named as older.
"""

import dataclasses
import functools
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis.comparison import Change
from featray.analysis.unit import Unit, UnitKey
from featray.analysis.units import CONTEXT, is_other
from featray.core.choices import ProtocolName
from featray.core.row import Row
from featray.core.status import Status

FAILURES = (Status.OOM, Status.TIMEOUT, Status.CRASHED, Status.FAILED, Status.WRONG_WORK, Status.SKIPPED)
"""Statuses that count against a setting. A lost host or a cancelled sweep says nothing about it."""

OF_SETTINGS = ("omp_num_threads", "torch_threads", "protocol")
"""Columns of CONTEXT that settings of one context may differ in: threads are varied, and a protocol is ranked."""

SETTINGS = ("batch_size", "num_workers", "threads", "env", "processes", "mps_daemon")
"""Parts of a cell that are settings of one detector; `Candidate.size` orders them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Candidate:
    """One setting of a detector on one target in one context."""

    unit: Unit  # the best measured of the setting; others of its context are its `earlier` sessions
    failures: tuple[Row, ...]  # attempts in this context that failed, also where a later one succeeded
    invocations: int  # attempts in this context, failed ones included
    older: tuple[Change, ...] = ()  # context that changed since: this one's value, and the newest; empty for the newest

    @property
    def is_timed(self) -> bool:
        """Return True if it has a speed: a time, a number of frames, and no injected delay."""
        return bool(self.unit.logs and self.unit.row.frames and not self.unit.row.delay_s_per_frame)

    @property
    def is_few(self) -> bool:
        """Return True if there are too few invocations for an interval."""
        return len(self.unit.logs) < stats.INVOCATIONS_MIN

    @property
    def is_pyfeat_protocol(self) -> bool:
        """Return True if it was measured as py-feat's own script does: one warm-up call and one timed call."""
        return self.unit.row.protocol == ProtocolName.PYFEAT

    @property
    def rank(self) -> tuple[bool, ...]:
        """Order candidates by how far they can be trusted, the most trusted first. Speed decides only within a rank."""
        return bool(self.failures), self.unit.is_imported, self.is_few, self.is_pyfeat_protocol, bool(self.older)

    @property
    def size(self) -> tuple[int, int, int, int, int]:
        """Order settings by size: the smallest needs the least memory, answers first, and sets the fewest variables."""
        row, threads = self.unit.row, self.unit.threads or ""
        variables = len(self.unit.variables or ())
        number = int(threads) if threads.isdigit() else 1
        return self.unit.processes, row.batch_size, row.num_workers, number, variables

    @property
    def detector(self) -> Hashable:
        """Identify what is run where: detector, target and everything that was asked, without settings and input."""
        row = self.unit.row
        return row.detector, row.target_id, row.environment, row.weights, _asked(self.unit, (*SETTINGS, "input"))

    @property
    def lineup(self) -> Hashable:
        """Identify the candidates of which one is chosen: the same as `detector`, on one input."""
        return (*_input(self.unit), self.detector, _asked(self.unit, SETTINGS))


def gather(units: Iterable[Unit]) -> list[Candidate]:
    """Make a candidate of each setting in each context; settings that only failed have no time.

    Args:
        units: Of any runs.
    """
    families: dict[Hashable, list[Unit]] = {}
    for unit in units:
        families.setdefault(_family(unit), []).append(unit)
    return [candidate for members in families.values() for candidate in _candidates(members)]


def gather_in_runs(units: Iterable[Unit]) -> list[list[Candidate]]:
    """Make the candidates of each run on its own, as reports show them; each has the figures of its unit alone."""
    by_run: dict[str, dict[UnitKey, Unit]] = {}
    for unit in units:
        by_run.setdefault(unit.key[0], {})[unit.key] = unit
    return [
        [dataclasses.replace(candidate, unit=own[candidate.unit.key]) for candidate in gather(own.values())]
        for own in by_run.values()
    ]


def find_superseded(units: Iterable[Unit]) -> set[UnitKey]:
    """Find the units with a time whose cell a later run measured again on the same target."""
    last: dict[tuple[str, ...], UnitKey] = {}
    superseded: set[UnitKey] = set()
    for unit in sorted((unit for unit in units if unit.logs), key=_recency):
        if (before := last.get(unit.key[1:])) is not None:
            superseded.add(before)
        last[unit.key[1:]] = unit.key
    return superseded


def _family(unit: Unit) -> Hashable:
    """Give what has one newest context. Named environments differ in software on purpose, so that each has its own."""
    row = unit.row
    requirements = json.dumps(unit.asked.get("requirements") or [])
    return (*_input(unit), row.detector, row.target_id, row.environment, requirements, unit.is_imported)


def _input(unit: Unit) -> tuple[str, str]:
    return unit.row.input, unit.row.section_label


def _asked(unit: Unit, without: tuple[str, ...]) -> str:
    return _without(unit.row.asked, without)


@functools.lru_cache(maxsize=4096)  # the same cells are on many targets and in many runs
def _without(asked: str | None, names: tuple[str, ...]) -> str:
    try:
        value = json.loads(asked or "{}")
    except ValueError:
        return ""
    kept = {key: part for key, part in value.items() if key not in names} if isinstance(value, dict) else None
    return json.dumps(kept, sort_keys=True)


def _candidates(family: Sequence[Unit]) -> Iterator[Candidate]:
    newest, *others = _contexts(family)
    for context in (newest, *others):
        settings: dict[Hashable, list[Unit]] = {}
        for unit in context.units:
            key = unit.row.batch_size, unit.row.num_workers, unit.threads, _asked(unit, SETTINGS[:3])
            settings.setdefault(key, []).append(unit)
        older = () if context is newest else _changes(context.columns, newest.columns)
        yield from (candidate for units in settings.values() for candidate in _of_setting(units, older))


@dataclasses.dataclass
class _Context:
    """Units of one context, the newest first, and the columns that are known of it."""

    units: list[Unit]
    columns: dict[str, str]
    run_ids: set[str]

    def includes(self, columns: Mapping[str, str]) -> bool:
        return all(self.columns.get(name, value) == value for name, value in columns.items())

    def add(self, unit: Unit, columns: Mapping[str, str]) -> None:
        self.units.append(unit)
        self.columns = {**columns, **self.columns}
        self.run_ids.add(unit.key[0])


def _contexts(units: Iterable[Unit]) -> list[_Context]:
    """Split units into contexts, the newest first; units without a time join what was measured in the same run."""
    contexts: list[_Context] = []
    for unit in sorted(units, key=_recency, reverse=True):
        columns = _columns(unit)
        possible = [context for context in contexts if context.includes(columns)]
        of_run = [context for context in possible if unit.key[0] in context.run_ids]
        if not possible:
            possible = [_Context([], {}, set())]
            contexts += possible
        (of_run or possible)[0].add(unit, columns)
    return contexts


def _recency(unit: Unit) -> tuple[bool, str, str]:
    return bool(unit.logs), unit.row.started_at, unit.row.run_id


def _columns(unit: Unit) -> dict[str, str]:
    """Give what is known of a unit's context; imports of two reports are never one context."""
    values = {name: getattr(unit.row, name) for name in CONTEXT if name not in OF_SETTINGS}
    if unit.is_imported:
        values["run_id"] = unit.row.run_id
    return {name: str(value) for name, value in values.items() if value is not None}


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    values = [(name, value, after.get(name, value)) for name, value in before.items()]
    return tuple(Change(name, own, new) for name, own, new in values if own != new)


def context_changes(before: Unit, after: Unit) -> tuple[Change, ...]:
    """List what is known to differ between the contexts of two units of one target."""
    return _changes(_columns(before), _columns(after))


def _of_setting(units: Sequence[Unit], older: tuple[Change, ...]) -> Iterator[Candidate]:
    """Make the candidates of one setting in one context: one for each protocol."""
    rows = [row for unit in units for row in (*unit.rows, *unit.replaced)]
    failures = tuple(row for row in rows if row.status in FAILURES)
    by_protocol: dict[str | None, list[Unit]] = {}
    for unit in units:
        if unit.logs:
            by_protocol.setdefault(unit.row.protocol, []).append(unit)
    for members in by_protocol.values() or [list(units[:1])]:
        best, *others = sorted(members, key=_trust, reverse=True)
        sessions = [unit for unit in others if not (unit.is_imported or is_other(unit.row, best.row))]
        unit = dataclasses.replace(best, earlier=tuple(sessions)) if sessions else best
        yield Candidate(unit, failures, len(rows), older)


def _trust(unit: Unit) -> tuple[bool, bool, str, str]:
    return len(unit.logs) >= stats.INVOCATIONS_MIN, *_recency(unit)


def group_by_lineup(candidates: Iterable[Candidate]) -> Mapping[Hashable, list[Candidate]]:
    """Group the candidates of which one is chosen."""
    groups: dict[Hashable, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(candidate.lineup, []).append(candidate)
    return groups


def too_few(lineup: Sequence[Candidate]) -> list[Candidate]:
    """List those of one lineup that are left out only because others have enough invocations, the smallest first."""
    if all(candidate.is_few for candidate in lineup):
        return []
    few = [each for each in lineup if each.is_few and not (each.failures or each.older or each.unit.is_imported)]
    return sorted(few, key=lambda candidate: candidate.size)
