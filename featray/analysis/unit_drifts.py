"""Unit drifts: what changes from one setting to another, for every unit of a report that has a kept output.

Flow: units, `Outputs` -> `find` -> `UnitDrift` -> the report's table and plot of what changes. Pure.
The reference of a unit is the most exact and plainest one of the same models on the same input: in float32 before
anything else, then on a CPU, then at the smallest batch. A baseline's units come first, where there is a baseline.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from featray.analysis.drift import Drift
from featray.analysis.outputs import Outputs
from featray.analysis.units import Unit
from featray.core import identity
from featray.core.choices import Device

FLOAT32 = '"float32"'  # as the work of a row has it
MODEL = "_model"  # end of the keywords that name a model: another model is another result


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitDrift:
    """How far a unit's output lies from its reference's."""

    unit: Unit
    reference: Unit
    drift: Drift


def find(units: Sequence[Unit], baseline: Sequence[Unit], outputs: Outputs) -> tuple[UnitDrift, ...]:
    """Measure the drift of every unit that has an output and a reference other than itself.

    Args:
        units: Of a report.
        baseline: Units of what the report is compared with; empty without one.
        outputs: The kept outputs.
    """
    groups: dict[str, list[Unit]] = {}
    for unit in (*baseline, *units):
        if unit.measured and outputs.has(unit):
            groups.setdefault(_same_result(unit), []).append(unit)
    references = {key: min(_earliest(members, baseline), key=_rank) for key, members in groups.items()}
    found = []
    for unit in units:
        reference = references.get(_same_result(unit))
        if reference is None or reference is unit or not unit.measured:
            continue
        drift = outputs.between(reference, unit)
        if drift is not None:
            found.append(UnitDrift(unit=unit, reference=reference, drift=drift))
    return tuple(found)


def _earliest(members: Sequence[Unit], baseline: Iterable[Unit]) -> Sequence[Unit]:
    """Choose among the units of the baseline, where it has any of these."""
    of_baseline = {id(unit) for unit in baseline}
    return [unit for unit in members if id(unit) in of_baseline] or members


def _rank(unit: Unit) -> tuple[object, ...]:
    row = unit.row
    precision = (row.work or {}).get("precision", FLOAT32)
    return precision != FLOAT32, row.device != Device.CPU, row.environment or "", row.batch_size, row.started_at


def _same_result(unit: Unit) -> str:
    """Name what should give one result: the input, the detector's class and models, and the kind of weights."""
    row, asked = unit.row, unit.asked.get("detector")
    keywords = asked.get("keywords", {}) if isinstance(asked, dict) else {}
    models = {key: value for key, value in keywords.items() if key.endswith(MODEL)}
    name = asked.get("class_name") if isinstance(asked, dict) else row.detector
    return identity.canonical([name, models, row.section_kind, row.input, row.section_label, row.weights])
