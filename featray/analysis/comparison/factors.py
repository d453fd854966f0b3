"""Factors: everything but the time in which two units differ, so that a difference is not put down to one of several.

What a side does not tell is unknown, not different: it can be neither blamed nor ruled out.
"""

import dataclasses
from collections.abc import Collection
from enum import StrEnum

from featray.analysis.comparison import keys, work
from featray.analysis.comparison.work import Change
from featray.analysis.units import Unit
from featray.core.choices import Device


class FactorKind(StrEnum):
    """What a factor belongs to."""

    SETTING = "setting"
    WORK = "work"
    CONTEXT = "context"


TELLING = ("gpu_name", "pyfeat", "pyfeat_commit", "torch", "hostname", "cpu_model", "omp_num_threads")


@dataclasses.dataclass(frozen=True)
class Factor:
    """One thing that differs, with the values of all that belongs to it."""

    key: str  # as in --over
    kind: FactorKind
    changes: tuple[Change, ...]

    @property
    def title(self) -> str:
        """Name it for people."""
        return keys.title(self.key)

    @property
    def main(self) -> Change:
        """Give the change that says most: a GPU's name rather than its UUID, a commit rather than its version."""
        by_key = {change.key: change for change in self.changes}
        return next((by_key[key] for key in TELLING if key in by_key), self.changes[0])

    @property
    def gist(self) -> str:
        """Write it shortly, as `gpu (NVIDIA L40S -> NVIDIA L4)`."""
        return f"{self.title} ({self.main.baseline} -> {self.main.candidate})"

    def __str__(self) -> str:
        """Write it in full, as `gpu (gpu_name NVIDIA GeForce RTX 3090 -> NVIDIA L40S)`."""
        return f"{self.title} ({'; '.join(map(str, self.changes))})"


def find_differing(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Factor, ...]:
    """List what differs between two units: settings, then what was varied of the work, then the context."""
    found = _settings(baseline, candidate)
    if keys.detector_parts(over) and "detector" not in over:
        found = [factor for factor in found if factor.key != "detector"]  # a variant's name follows from its part
    found += [Factor(each.key, FactorKind.WORK, (each,)) for each in _of_work(baseline, candidate, over)]
    told = {factor.key for factor in found}
    context = [factor for factor in _context(baseline, candidate) if factor.key not in told]
    if any(factor.key in ("torch", "pyfeat") for factor in context):
        found, context = _without_label(found), _without_label(context)
    return (*found, *context)


def _settings(baseline: Unit, candidate: Unit) -> list[Factor]:
    found = []
    for key in keys.SETTINGS:
        change = _change(key, baseline, candidate)
        if change.baseline != change.candidate and not (
            key == "threads" and None in (change.baseline, change.candidate)
        ):
            found.append(Factor(key, FactorKind.SETTING, (change,)))
    return found


def _change(key: str, baseline: Unit, candidate: Unit) -> Change:
    if key == "environment":
        return Change(key, baseline.row.environment or "host's own", candidate.row.environment or "host's own")
    return Change(key, keys.value(baseline, key), keys.value(candidate, key))


def _of_work(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Change, ...]:
    """List the varied work keys, but those that follow from another detector, which is one difference."""
    if baseline.row.detector != candidate.row.detector and "detector" in over:
        return ()
    return work.varied_changes(baseline, candidate, over)


def _context(baseline: Unit, candidate: Unit) -> list[Factor]:
    found = []
    for key, columns in keys.FACTORS.items():
        if _is_of_device(key) and baseline.row.device != candidate.row.device:
            continue  # it differs because the device does
        known = [(each, *_both(baseline, candidate, each)) for each in columns]
        changes = tuple(Change(*each) for each in known if None not in each and each[1] != each[2])
        if changes and not (key == "host" and _is_renamed(baseline, candidate, changes)):
            found.append(Factor(key, FactorKind.CONTEXT, changes))
    if changes := _variables(baseline, candidate):
        found.append(Factor(keys.VARIABLES, FactorKind.CONTEXT, changes))
    return found


def _variables(baseline: Unit, candidate: Unit) -> tuple[Change, ...]:
    """List the environment variables that the sweeps of both sides set otherwise."""
    ours, theirs = baseline.variables, candidate.variables
    if ours is None or theirs is None:
        return ()
    of_work = {*(baseline.row.work or ()), *(candidate.row.work or ())}  # as are variables that name weights
    names = sorted(name for name in {*ours, *theirs} if f"variable {name}" not in of_work)
    return tuple(
        Change(name, ours.get(name, "unset"), theirs.get(name, "unset"))
        for name in names
        if ours.get(name) != theirs.get(name)
    )


def _is_of_device(key: str) -> bool:
    return key in ("gpu", "driver")


def _is_renamed(baseline: Unit, candidate: Unit, changes: tuple[Change, ...]) -> bool:
    """Tell the same machine under another name: where both sides have a host id, that decides."""
    same = baseline.row.host_id is not None and baseline.row.host_id == candidate.row.host_id
    return same and {change.key for change in changes} == {"hostname"}


def _both(baseline: Unit, candidate: Unit, column: str) -> tuple[str | None, str | None]:
    if column == "delay_s_per_frame":  # none and 0 are the same
        return str(baseline.row.delay_s_per_frame or 0.0), str(candidate.row.delay_s_per_frame or 0.0)
    return keys.as_text(getattr(baseline.row, column)), keys.as_text(getattr(candidate.row, column))


def _without_label(found: list[Factor]) -> list[Factor]:
    """Drop an environment that is only the name under which another torch or py-feat runs."""
    return [factor for factor in found if not (factor.key == "environment" and factor.kind is FactorKind.SETTING)]


def find_unknown(baseline: Unit, candidate: Unit) -> tuple[str, ...]:
    """List the factors of which a side tells nothing, so that they may differ unseen."""
    found = []
    for key, columns in keys.FACTORS.items():
        if key in ("environment", "measuring") or (_is_of_device(key) and baseline.row.device != Device.CUDA):
            continue
        if any(all(getattr(unit.row, each) is None for each in columns) for unit in (baseline, candidate)):
            found.append(key)
    return tuple(found)
