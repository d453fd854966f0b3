"""Placement: which cells run on which targets, and why the others do not.

Flow: `sweep.expand`, an inventory and the sweep's selector -> `match` -> `plan`.
Pure: everything known about a host is in the inventory; nothing here asks a machine.
"""

import dataclasses
from collections.abc import Callable, Collection, Hashable, Sequence

from featray.core.cell import Cell, cell_id
from featray.planning import target_selection
from featray.planning.inventory import Inventory, Target
from featray.planning.obstacle import Obstacle, ObstacleCause, deciding, find_obstacle
from featray.sweep import Selector


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlacedUnit:
    """A cell on a target; where the sweep calls targets interchangeable, `alternatives` are the others."""

    cell: Cell
    cell_id: str
    target: Target
    alternatives: tuple[Target, ...] = ()
    is_interchangeable: bool = False
    was_measured_here: bool = False
    """The cell was measured on `target` before; its other invocations belong there, to be evidence together."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """List every target that it may run on, the preferred one first."""
        return (self.target, *self.alternatives)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """A cell that cannot run: on one target (which can never run it), or anywhere (`target` is None)."""

    cell: Cell
    cell_id: str
    target: Target | None
    cause: ObstacleCause
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Placement:
    """Every cell's targets, in sweep order, and every refusal."""

    units: tuple[PlacedUnit, ...]
    refusals: tuple[Refusal, ...]

    def __repr__(self) -> str:
        """Count the units and the refusals."""
        return f"Placement({len(self.units)} units, {len(self.refusals)} refusals)"

    @property
    def targets(self) -> dict[str, Target]:
        """Map the id of each target that a unit may run on to the target."""
        return {target.target_id: target for unit in self.units for target in unit.targets}

    @property
    def has_many_targets(self) -> bool:
        """Return True where units may run on several targets; a thousand targets take no longer than two."""
        ids = (target.target_id for unit in self.units for target in unit.targets)
        first = next(ids, None)
        return any(target_id != first for target_id in ids)

    def on(self, target_ids: Collection[str]) -> "Placement":
        """Keep the units of some targets, and those that may run on several."""
        kept = (unit for unit in self.units if unit.alternatives or unit.target.target_id in target_ids)
        return dataclasses.replace(self, units=tuple(kept))


def match(
    cells: Sequence[Cell], inventory: Inventory, selector: Selector, *, interchangeable: bool = False
) -> Placement:
    """Put each cell on every target that the selector picks and that can run it.

    Of interchangeable targets, those that cannot run a cell are no refusal as long as another one can.

    Raises:
        NothingMatches: the selector picks no host or GPU at all; the message lists what exists.
    """
    picked = target_selection.select(inventory, selector)
    units: list[PlacedUnit] = []
    refusals: list[Refusal] = []
    places = target_selection.Places(picked)
    known: dict[Hashable, dict[str, Obstacle | None]] = {}  # by what of a cell decides
    for cell in cells:
        targets = places.of(cell)
        if not targets:
            reason = f"no {cell.device} device among {target_selection.describe(inventory.hosts)}"
            refusals.append(refuse(cell, None, Obstacle(cause=ObstacleCause.NO_DEVICE, reason=reason)))
        obstacles = known.setdefault(deciding(cell), {})
        obstacles |= {
            target.target_id: find_obstacle(cell, target) for target in targets if target.target_id not in obstacles
        }
        able = [target for target in targets if obstacles[target.target_id] is None]
        if not (interchangeable and able):  # any one target is enough
            refusals += _refusals(cell, targets, obstacles)
        units += _units(cell, able, interchangeable=interchangeable)
    return Placement(units=tuple(units), refusals=tuple(refusals))


def _units(cell: Cell, targets: Sequence[Target], *, interchangeable: bool) -> list[PlacedUnit]:
    name = cell_id(cell)
    if interchangeable and targets:
        first, *others = targets
        return [PlacedUnit(cell=cell, cell_id=name, target=first, alternatives=tuple(others), is_interchangeable=True)]
    return [PlacedUnit(cell=cell, cell_id=name, target=target) for target in targets]


def exclude(placement: Placement, find: Callable[[Cell, Target], Obstacle | None]) -> Placement:
    """Refuse what a later look at the hosts rules out; interchangeable cells keep the targets that are left.

    Args:
        placement: As matched.
        find: Finds why a target cannot run a cell after all, or returns None.
    """
    units: list[PlacedUnit] = []
    refusals = list(placement.refusals)
    for unit in placement.units:
        obstacles = {target.target_id: find(unit.cell, target) for target in unit.targets}
        able = [target for target in unit.targets if obstacles[target.target_id] is None]
        if not (unit.is_interchangeable and able):
            refusals += _refusals(unit.cell, unit.targets, obstacles)
        if able:
            units.append(
                dataclasses.replace(
                    unit,
                    target=able[0],
                    alternatives=tuple(able[1:]),
                    was_measured_here=unit.was_measured_here and able[0] is unit.target,
                )
            )
    return Placement(units=tuple(units), refusals=tuple(refusals))


def _refusals(cell: Cell, targets: Sequence[Target], obstacles: dict[str, Obstacle | None]) -> list[Refusal]:
    pairs = ((target, obstacles[target.target_id]) for target in targets)
    return [refuse(cell, target, obstacle) for target, obstacle in pairs if obstacle is not None]


def refuse(cell: Cell, target: Target | None, obstacle: Obstacle) -> Refusal:
    """Refuse a cell on a target, or anywhere."""
    return Refusal(cell=cell, cell_id=cell_id(cell), target=target, cause=obstacle.cause, reason=obstacle.reason)
