"""Unit drifts: what changes from one setting to another, for every unit of a report that has a kept output.

Flow: units, `Outputs` -> `find` -> `UnitDrift` -> the report's table and plot of what changes. Pure.
The reference of a unit is of the same models on the same input. It is the setting that a sweep names in `reference`, or
that a report is asked for; where none is named, or no output of it was kept, it is the most exact and plainest unit: in
float32 before anything else, then on a CPU, then at the smallest batch. A baseline's units come before a report's own.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from featray.analysis.comparison import Pair
from featray.analysis.drift import Drift
from featray.analysis.outputs import Outputs
from featray.analysis.unit import Unit, UnitKey
from featray.core import identity, reference
from featray.core.choices import Device
from featray.core.reference import Reference

FLOAT32 = "float32"
MODEL = "_model"  # end of the keywords that name a model: another model is another result


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitDrift:
    """How far a unit's output lies from its reference's."""

    unit: Unit
    reference: Unit
    drift: Drift
    named: Reference | None = None  # by the sweep, or by who asked for the report

    @property
    def lacks_named(self) -> bool:
        """Return True if no output of the named reference was kept: another unit is the reference instead."""
        return self.named is not None and not _is(self.reference, self.named)


DriftOf = Callable[[Unit], float | None]
"""Gives how far a unit's output lies from its reference's, as a share of the tolerance; None if unknown."""


def find(
    units: Sequence[Unit], baseline: Sequence[Unit], outputs: Outputs, named: Reference | None = None
) -> tuple[UnitDrift, ...]:
    """Measure the drift of every unit that has an output and a reference other than itself.

    Args:
        units: Of a report.
        baseline: Units of what the report is compared with; empty without one.
        outputs: The kept outputs.
        named: The reference, instead of those that the units' sweeps name.
    """
    lookup = DriftLookup(units, baseline, outputs, named)
    found = (lookup.drift_of(unit) for unit in units)
    return tuple(change for change in found if change is not None)


class DriftLookup:
    """The reference of each unit; outputs are read when a drift is asked for."""

    def __init__(
        self, units: Sequence[Unit], baseline: Sequence[Unit], outputs: Outputs, named: Reference | None = None
    ) -> None:
        """Group what should give one result; the arguments are those of `find`."""
        self._groups: dict[str, list[Unit]] = {}
        for unit in (*baseline, *units):
            if unit.measured:
                self._groups.setdefault(_same_result(unit), []).append(unit)
        self._outputs, self._named, self._by_run = outputs, named, _list_named(units)
        self._of_baseline = {id(unit) for unit in baseline}
        self._references: dict[tuple[str, Reference | None], Unit | None] = {}

    def drift_of(self, unit: Unit) -> UnitDrift | None:
        """Measure how far a unit's output lies from its reference's; None for the reference, and without an output."""
        chosen = self._reference(unit)
        if chosen is None or chosen.key == unit.key or not unit.measured:
            return None
        drift = self._outputs.between(chosen, unit)
        return None if drift is None else UnitDrift(unit=unit, reference=chosen, drift=drift, named=self._wanted(unit))

    def share_of(self, unit: Unit) -> float | None:
        """Give a unit's drift as a share of the tolerance; 0 for the reference, None without an output."""
        chosen = self._reference(unit)
        if chosen is not None and chosen.key == unit.key:
            return 0.0
        change = self.drift_of(unit)
        return None if change is None else change.drift.share_of_tolerance

    def _wanted(self, unit: Unit) -> Reference | None:
        return self._named or self._by_run.get(unit.row.run_id)

    def _reference(self, unit: Unit) -> Unit | None:
        key = _same_result(unit), self._wanted(unit)
        if key not in self._references:
            # Only here, since a store far away is asked once for each run that has such a unit.
            members = [member for member in self._groups.get(key[0], ()) if self._outputs.has(member)]
            self._references[key] = _choose(members, key[1], self._of_baseline)
        return self._references[key]


def shares(changes: Iterable[UnitDrift]) -> DriftOf:
    """Give the drift of the units of a report from what was found, first of all against their own references."""
    changes, known = list(changes), dict[UnitKey, float]()
    for change in changes:
        known.setdefault(change.unit.key, change.drift.share_of_tolerance)
    for change in changes:
        known.setdefault(change.reference.key, 0.0)
    return lambda unit: known.get(unit.key)


def of_pairs(pairs: Iterable[Pair], known: Iterable[UnitDrift] = ()) -> tuple[UnitDrift, ...]:
    """List the drift of pairs with a baseline, without those that are known already."""
    told = {(id(change.unit), id(change.reference)) for change in known}
    return tuple(
        UnitDrift(unit=pair.candidate, reference=pair.baseline, drift=pair.drift)
        for pair in pairs
        if pair.drift is not None and (id(pair.candidate), id(pair.baseline)) not in told
    )


def _list_named(units: Iterable[Unit]) -> dict[str, Reference | None]:
    """List the reference of each run, as its latest row has it: whoever goes on with a sweep may have changed it."""
    latest = {unit.row.run_id: unit.row for unit in sorted(units, key=lambda unit: unit.row.started_at)}
    return {run_id: reference.read(row.reference) for run_id, row in latest.items()}


def _choose(members: Sequence[Unit], wanted: Reference | None, of_baseline: set[int]) -> Unit | None:
    """Choose the reference among the units of one result."""

    def rank(unit: Unit) -> tuple[object, ...]:
        is_wanted = wanted is not None and _is(unit, wanted)
        return not is_wanted, id(unit) not in of_baseline, *_plainness(unit)

    return min(members, key=rank, default=None)


def _plainness(unit: Unit) -> tuple[object, ...]:
    row = unit.row
    is_exact = _precision(unit) in (FLOAT32, None)
    return not is_exact, row.device != Device.CPU, row.environment or "", row.batch_size, row.started_at


def _precision(unit: Unit) -> str | None:
    text = (unit.row.work or {}).get("precision")
    return None if text is None else text.strip('"')


def _is(unit: Unit, wanted: Reference) -> bool:
    """Return True if a unit has every setting that a reference names."""
    row = unit.row
    threads = unit.asked_threads
    settings = {
        **{name: getattr(row, name) for name in ("detector", "device", "batch_size", "num_workers", "environment")},
        "threads": int(threads) if threads and threads.isdecimal() else None,
        "precision": _precision(unit),
    }
    return all(settings[name] == value for name, value in wanted.settings.items())


def _same_result(unit: Unit) -> str:
    """Name what should give one result: the input, the detector's class and models, and the kind of weights."""
    row, asked = unit.row, unit.asked.get("detector")
    keywords = asked.get("keywords", {}) if isinstance(asked, dict) else {}
    models = {key: value for key, value in keywords.items() if key.endswith(MODEL)}
    name = asked.get("class_name") if isinstance(asked, dict) else row.detector
    return identity.canonical([name, models, row.section_kind, row.input, row.section_label, row.weights])
