"""Factors: everything except the time in which two units differ.

If several things differ, the ratio cannot be put down to one of them. What a side does not store is unknown, not
different: it can be neither the cause nor ruled out.
"""

import dataclasses
import math
from collections.abc import Collection
from enum import StrEnum
from weakref import WeakKeyDictionary

from featray.analysis.comparison import keys, machine_settings, part_of_whole, work
from featray.analysis.comparison.work import Change
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device


class FactorKind(StrEnum):
    """What a factor belongs to."""

    SETTING = "setting"
    WORK = "work"
    CONTEXT = "context"


MOST_INFORMATIVE = ("gpu_name", "pyfeat", "pyfeat_commit", "torch", "hostname", "cpu_model", "omp_num_threads")
"""Columns that represent their factor in a sentence, the best first."""


@dataclasses.dataclass(frozen=True)
class Factor:
    """One thing that differs, with the values of everything that belongs to it."""

    key: str  # as in --over
    kind: FactorKind
    changes: tuple[Change, ...]
    names: tuple[str, str] | None = None  # what sentences call the two sides; None: the values of `main`

    @property
    def title(self) -> str:
        """Name it in a sentence."""
        return keys.title(self.key)

    @property
    def main(self) -> Change:
        """Give the most informative change: a GPU's name rather than its UUID, a commit rather than its version."""
        by_key = {change.key: change for change in self.changes}
        return next((by_key[key] for key in MOST_INFORMATIVE if key in by_key), self.changes[0])

    @property
    def gist(self) -> str:
        """Write it in short, as `gpu (RTX 3090 -> L40S)`, `rules (warmup_max 8 -> 12)`."""
        if self.key in keys.ITEMISED:
            return f"{self.title} ({wording.phrases(list(map(_named, self.changes)))})"
        if self.names:
            return f"{self.title} ({' -> '.join(self.names)})"
        is_title = self.main.key in (self.key, *MOST_INFORMATIVE)
        change = f"{self.main.baseline} -> {self.main.candidate}" if is_title else _named(self.main)
        return f"{self.title} ({change})"

    def __str__(self) -> str:
        """Write it in full, as `torch stack (torch 2.5.1 -> 2.11.0; cuda 12.4 -> 12.8)`."""
        return f"{self.title} ({'; '.join(map(_named, self.changes))})"


def _named(change: Change) -> str:
    return f"{machine_settings.name(change.key)} {change.baseline} -> {change.candidate}"


def find_differing(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Factor, ...]:
    """List what differs between two units: settings, then what was varied of the work, then the context."""
    factors = _settings(baseline, candidate)
    if (keys.detector_parts(over) or {*keys.CALL} & {*over}) and "detector" not in over:
        factors = [factor for factor in factors if factor.key != "detector"]  # a variant's name follows from its part
    changes = _work_changes(baseline, candidate, over)
    factors += [Factor(change.key, FactorKind.WORK, (change,)) for change in changes]
    listed = {factor.key for factor in factors}
    context = [factor for factor in _context(baseline, candidate) if factor.key not in listed]
    context = _without_consequences(context, listed)
    if any(factor.key in ("torch", "pyfeat") for factor in context):
        factors, context = _without_environment_label(factors), _without_environment_label(context)
    return (*factors, *context)


def _settings(baseline: Unit, candidate: Unit) -> list[Factor]:
    factors = []
    for key in keys.SETTINGS:
        change = _setting_change(key, baseline, candidate)
        is_unknown = key == "threads" and None in (change.baseline, change.candidate)
        if change.baseline != change.candidate and not is_unknown:
            factors.append(Factor(key, FactorKind.SETTING, (change,)))
    return factors


def _setting_change(key: str, baseline: Unit, candidate: Unit) -> Change:
    if key == "environment":
        return Change(key, baseline.row.environment or "host's own", candidate.row.environment or "host's own")
    return Change(key, keys.value(baseline, key), keys.value(candidate, key))


def _work_changes(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Change, ...]:
    """List the varied work keys; none for another detector, which is one difference."""
    if baseline.row.detector != candidate.row.detector and "detector" in over:
        return ()
    return work.varied_changes(baseline, candidate, over)


def _context(baseline: Unit, candidate: Unit) -> list[Factor]:
    if _all_context(baseline) == _all_context(candidate):
        return []
    factors = []
    for key, columns in keys.FACTORS.items():
        if _is_of_device(key) and baseline.row.device != candidate.row.device:
            continue  # it differs because the device does
        if key == "gpu" and part_of_whole.is_part(baseline, candidate):
            continue  # it differs because `targets` does
        changes = _changes(baseline, candidate, key, columns)
        if changes and not (key == "host" and _is_renamed(baseline, candidate, changes)):
            names = (baseline.target.name, candidate.target.name) if key == "gpu" else None
            factors.append(Factor(key, FactorKind.CONTEXT, changes, names))
    factors += [Factor(change.key, FactorKind.CONTEXT, (change,)) for change in _call_changes(baseline, candidate)]
    if changes := _variables(baseline, candidate):
        factors.append(Factor(keys.VARIABLES, FactorKind.CONTEXT, changes))
    return factors


_ALL_CONTEXT: WeakKeyDictionary[Unit, tuple[object, ...]] = WeakKeyDictionary()


def _all_context(unit: Unit) -> tuple[object, ...]:
    """Give everything of a unit that `_context` compares; a report compares each unit with many that are alike."""
    if unit not in _ALL_CONTEXT:
        columns = [column for columns in keys.FACTORS.values() for column in columns]
        _ALL_CONTEXT[unit] = (
            *(machine_settings.text(unit, column) for column in columns if column in machine_settings.NAMES),
            *(keys.as_text(getattr(unit.row, column)) for column in columns if column not in machine_settings.NAMES),
            *(keys.value(unit, name) for name in (*keys.CALL, keys.VARIABLES)),
        )
    return _ALL_CONTEXT[unit]


def _changes(baseline: Unit, candidate: Unit, key: str, columns: Collection[str]) -> tuple[Change, ...]:
    if key == "rules":
        return machine_settings.rule_changes(baseline, candidate)
    values = {column: _column_values(baseline, candidate, column) for column in columns}
    return tuple(
        Change(column, before, after)
        for column, (before, after) in values.items()
        if None not in (before, after) and before != after
    )


def _without_consequences(context: list[Factor], listed: Collection[str]) -> list[Factor]:
    """Drop settings that differ because the machine or the GPU does, and CPUs that were allowed for other threads."""
    present = {*listed, *(factor.key for factor in context)}
    columns = {change.key for factor in context for change in factor.changes}
    dropped = {"cpu_settings"} if columns & {"host_id", "cpu_model"} else set()
    dropped |= {"gpu_settings"} if present & {"gpu", "device", "targets"} else set()
    kept = [factor for factor in context if factor.key not in dropped]
    if "threads" not in present:
        return kept
    changes = [tuple(change for change in factor.changes if change.key != "cpu_affinity") for factor in kept]
    pairs = zip(kept, changes, strict=True)
    return [dataclasses.replace(factor, changes=remaining) for factor, remaining in pairs if remaining]


def _variables(baseline: Unit, candidate: Unit) -> tuple[Change, ...]:
    """List the environment variables that the sweeps of both sides set to different values."""
    before, after = baseline.variables, candidate.variables
    if before is None or after is None:
        return ()
    work_keys = {*(baseline.row.work or ()), *(candidate.row.work or ())}  # variables that name weights are work
    names = sorted(name for name in {*before, *after} if f"variable {name}" not in work_keys)
    return tuple(
        Change(name, before.get(name, "unset"), after.get(name, "unset"))
        for name in names
        if before.get(name) != after.get(name)
    )


def _call_changes(baseline: Unit, candidate: Unit) -> tuple[Change, ...]:
    """List the keywords of `detect()` that do not change its result and have different values."""
    changes = [Change(name, keys.value(baseline, name), keys.value(candidate, name)) for name in keys.CALL]
    return tuple(
        change
        for change in changes
        if None not in (change.baseline, change.candidate) and change.baseline != change.candidate
    )


def _is_of_device(key: str) -> bool:
    return key in ("gpu", "driver")


def _is_renamed(baseline: Unit, candidate: Unit, changes: tuple[Change, ...]) -> bool:
    """Return True for the same machine under another name: where both sides have a host id, the id decides."""
    is_same = baseline.row.host_id is not None and baseline.row.host_id == candidate.row.host_id
    return is_same and {change.key for change in changes} == {"hostname"}


def _column_values(baseline: Unit, candidate: Unit, column: str) -> tuple[str | None, str | None]:
    if column == "delay_s_per_frame":  # none and 0 are the same
        return str(baseline.row.delay_s_per_frame or 0.0), str(candidate.row.delay_s_per_frame or 0.0)
    if column == "calls_per_repeat":
        return _calls_per_repeat(baseline, candidate)
    if column in machine_settings.NAMES:
        return machine_settings.values(baseline, candidate, column)
    return keys.as_text(getattr(baseline.row, column)), keys.as_text(getattr(candidate.row, column))


def _calls_per_repeat(baseline: Unit, candidate: Unit) -> tuple[str | None, str | None]:
    """Give the calls of a repeat if one side timed single calls although the other would time them many at a time.

    The other side's repeat is about as long as a single call must be to be timed alone.
    """
    one, many = sorted((baseline, candidate), key=lambda unit: unit.row.calls_per_repeat or 1)
    calls = [unit.row.calls_per_repeat or 1 for unit in (one, many)]
    is_short = 2 * (one.call_s or math.inf) < calls[1] * (many.call_s or 0.0)
    if one.is_imported or calls[0] > 1 or not is_short:
        return None, None
    return str(baseline.row.calls_per_repeat or 1), str(candidate.row.calls_per_repeat or 1)


def _without_environment_label(factors: list[Factor]) -> list[Factor]:
    """Drop an environment that is only a name for another torch or py-feat."""
    return [factor for factor in factors if not (factor.key == "environment" and factor.kind is FactorKind.SETTING)]


def find_unknown(baseline: Unit, candidate: Unit) -> tuple[str, ...]:
    """List the factors that a side does not store: they may differ unseen.

    Settings are left out: stores of featray 0.1.0 have none of them, and every pair would list them all.
    """
    unknown = []
    for key, columns in keys.FACTORS.items():
        if key in ("environment", "measuring", "mps_daemon", *keys.ITEMISED) or (
            _is_of_device(key) and baseline.row.device != Device.CUDA
        ):
            continue
        if any(all(getattr(unit.row, column) is None for column in columns) for unit in (baseline, candidate)):
            unknown.append(key)
    return tuple(unknown)
