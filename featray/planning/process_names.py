"""Process names: which units one process can measure.

Flow: `plan`, `invocations_per_unit` -> `ProcessNames`; `analysis.advice.drafts` -> `process_key`. Pure.
Apart from `plan`, so that a report, which proposes runs, need not import all that planning takes.
"""

from collections.abc import Callable, Hashable

from featray.core import identity
from featray.core.cell import Cell


def process_key(cell: Cell, target_id: str) -> str:
    """Name the process, or the processes side by side, that a unit needs.

    Units of one name can be measured by the same.
    """
    return _prepare(cell, cell.requirements)(target_id)


def _prepare(cell: Cell, requirements: tuple[str, ...]) -> Callable[[object], str]:
    """Make what names a cell's process on each target."""
    together = {"processes": cell.processes, "mps_daemon": cell.mps_daemon} if cell.processes > 1 else {}
    parts = {
        "class": cell.detector.class_name,
        "keywords": dict(cell.detector.keywords),
        "weights": cell.weights,
        "requirements": list(requirements),
        "env": cell.environment_variables(),
        **together,
    }
    return identity.prepare_digest(parts, "target")


class ProcessNames:
    """Names the processes of many units, as `process_key` does; what units share is written once."""

    def __init__(self, *, all_environments: bool = False) -> None:
        """Know none yet; `all_environments` gives the processes of all environments one name."""
        self._all_environments = all_environments
        self._by_cell: dict[int, tuple[_NamesByTarget, Cell]] = {}  # the cell is kept, so that no other one gets its id
        self._alike: dict[Hashable, _NamesByTarget] = {}

    def of(self, cell: Cell, target_id: str) -> str:
        """Name the process of a unit."""
        known = self._by_cell.get(id(cell))
        if known is None:
            self._by_cell[id(cell)] = known = self._names(cell), cell
        return known[0][target_id]

    def _names(self, cell: Cell) -> "_NamesByTarget":
        requirements = () if self._all_environments else cell.requirements
        # Detectors go by their identity: the cells of a sweep share theirs.
        variables, together = tuple(cell.env.items()), (cell.processes, cell.mps_daemon)
        alike = (id(cell.detector), cell.weights, requirements, variables, cell.threads, together)
        if alike not in self._alike:
            self._alike[alike] = _NamesByTarget(_prepare(cell, requirements))
        return self._alike[alike]


class _NamesByTarget(dict[str, str]):
    """Target id -> name of the process there."""

    def __init__(self, name: Callable[[object], str]) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, target_id: str) -> str:
        self[target_id] = name = self._name(target_id)
        return name
