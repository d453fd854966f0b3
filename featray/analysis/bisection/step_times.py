"""Step times: what the rows of one step say, as log times of its versions block by block.

Flow: rows of a step's run -> `gather` -> `StepTimes` -> `judging`. Pure.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from featray.analysis import unit_wording, units
from featray.analysis.unit import Unit
from featray.core.row import Row
from featray.stats import pairing


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Log times of the versions of a step. Versions are numbers in the list that is bisected."""

    times: Mapping[int, tuple[float, ...]]  # one per block in which every measured version has a time
    unmeasured: Mapping[int, str] = dataclasses.field(default_factory=dict)  # version -> why it has no times
    units: Mapping[int, Unit] = dataclasses.field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """Count the blocks."""
        return min(map(len, self.times.values()), default=0)


def gather(rows: Iterable[Row], versions: Mapping[str, int], *, target_id: str, blocks: int) -> StepTimes:
    """Gather the first blocks of a step.

    Args:
        rows: Of the step's run.
        versions: Id of each cell -> its version.
        target_id: The device that counts.
        blocks: How many to take. A version that has a time in less than half of them counts as not measured.
    """
    wanted = [row for row in rows if row.target_id == target_id and row.cell_id in versions]
    found = {
        versions[unit.row.cell_id]: unit for unit in units.gather(row for row in wanted if row.invocation <= blocks)
    }
    unmeasured = {
        version: _why(found.get(version))
        for version in versions.values()
        if version not in found or len(found[version].logs) * 2 < blocks
    }
    sides = {version: unit.timings for version, unit in found.items() if version not in unmeasured}
    shared = pairing.find_shared_blocks(list(sides.values())) if sides else []
    by_place = {version: {timing.place: timing.log for timing in timings} for version, timings in sides.items()}
    return StepTimes(
        times={version: tuple(logs[place] for place in shared) for version, logs in by_place.items()},
        unmeasured=unmeasured,
        units={version: unit for version, unit in found.items() if version not in unmeasured},
    )


def _why(unit: Unit | None) -> str:
    if unit is None:
        return "not measured"
    failed = unit.failed[-1] if unit.failed else unit.rows[-1]
    return unit_wording.status(failed)
