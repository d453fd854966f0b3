"""Own classes: the detector classes of a sweep that are not py-feat's, which a host must be able to import.

Flow: cells -> `list_needed` -> `host.own_classes` on each host -> `inventory.Host.classes` -> `obstacle`. Pure.
"""

import dataclasses
from collections.abc import Iterable

from featray.core import identity
from featray.core.cell import Cell
from featray.planning.inventory import Host

NO_PATH = "there is no "
"""How an answer begins that is about a path in a requirement."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnClass:
    """A class, and the requirements of the environment that is to import it; none: the host's own Python."""

    class_name: str  # package.module:Class
    requirements: tuple[str, ...] = ()

    @property
    def is_pyfeat(self) -> bool:
        """Return True for a class of py-feat, of which only the paths in its requirements are looked for."""
        return ":" not in self.class_name

    @property
    def key(self) -> str:
        """Name it in `Host.classes`: requirements may hold secrets, so that only their digest counts."""
        if not self.requirements:
            return self.class_name
        return f"{self.class_name} {identity.digest({'requirements': sorted(self.requirements)})}"


def of_cell(cell: Cell) -> OwnClass | None:
    """Give the class of a cell; None for py-feat's, unless a requirement is a path that must be there."""
    if cell.detector.is_pyfeat and not any("file://" in requirement for requirement in cell.requirements):
        return None
    return OwnClass(class_name=cell.detector.class_name, requirements=cell.requirements)


def note_unbuilt(cells: Iterable[Cell], hosts: Iterable[Host]) -> str | None:
    """Say of which classes nothing is known, since their environments are not built; None where there are none."""
    looked = [host.classes for host in hosts if host.classes is not None]
    unknown = {
        cell.environment: cell.detector.class_name
        for cell in cells
        if (own := of_cell(cell)) and own.requirements and not own.is_pyfeat
        if any(own.key not in known for known in looked)
    }
    parts = [f"{class_name} (environment {environment})" for environment, class_name in unknown.items()]
    return f"looked for when its environment is built: {', '.join(parts)}" if parts else None


def list_needed(cells: Iterable[Cell]) -> tuple[OwnClass, ...]:
    """List the classes of cells, each once."""
    return tuple(dict.fromkeys(needed for cell in cells if (needed := of_cell(cell)) is not None))
