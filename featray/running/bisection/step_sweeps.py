"""Step sweeps: one step of a bisection as a sweep, with an environment for each version.

Flow: a sweep, the chosen cell, versions -> `StepSweeps.make` -> `Sweep` -> a submit. Pure.
A step's sweep is named after what it measures, so the same question finds the rows of an earlier try.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from featray.analysis.bisection import BisectionStep
from featray.core import cell, identity
from featray.core.argument_names import argument
from featray.core.cell import Cell
from featray.core.package_version import PackageVersion
from featray.errors import BadInput, NothingMatches, suggest
from featray.planning.inventory import Target
from featray.sweep import Axes, Invocations, Sweep, expand

NAME_LENGTH = 8  # hex digits: a store has some hundreds of steps, and a collision would mix two of them

STACK = ("torch", "torchvision", "torchcodec")
"""Packages that stay as they are on the machine while another one is bisected, if the sweep does not say otherwise."""


def choose_cell(sweep: Sweep, cell_id: str | None) -> Cell:
    """Choose the cell whose time is bisected, without any environment.

    Args:
        sweep: At most one environment, which all versions are added to.
        cell_id: Id or its beginning; None takes the only cell.

    Raises:
        BadInput: the sweep has several environments, or several cells and none is named.
        NothingMatches: no cell, or several, have this id.
    """
    if len(sweep.environments) > 1:
        raise BadInput(
            f"{sweep.name}: has environments {', '.join(sweep.environments)}; a bisection makes its own, so keep at "
            "most one, with what all versions need beside the package"
        )
    cells = {cell.cell_id(known): known for known in expand(dataclasses.replace(sweep, environments={}))}
    chosen = [known for known_id, known in cells.items() if cell_id is None or known_id.startswith(cell_id)]
    if len(chosen) == 1:
        return chosen[0]
    listed = [f"{known_id} ({known.label})" for known_id, known in cells.items()]
    if cell_id is None:
        raise BadInput(f"{sweep.name}: has {len(cells)} cells; choose one with {argument('cell')}: {', '.join(listed)}")
    raise NothingMatches(f"{sweep.name}: {len(chosen) or 'no'} cells with id {cell_id!r}{suggest(cell_id, cells)}")


def find_base(sweep: Sweep, chosen: Cell, package: str, installed: Mapping[str, str]) -> tuple[str, ...]:
    """List what each version is installed with.

    The sweep's environment, if it has one. Else, for a class of py-feat, the machine's own torch and what belongs to
    it, so that nothing but the package changes.

    Args:
        sweep: The sweep.
        chosen: Its cell.
        package: Name of the package that is bisected.
        installed: Package -> version on the machine that measures.
    """
    if sweep.environments:
        (requirements,) = sweep.environments.values()
        return tuple(text for text in requirements if _name(text) != _name(package))
    if not chosen.detector.is_pyfeat:
        return ()
    kept = ("py-feat",) if _name(package) in STACK else (*STACK, "py-feat")
    return tuple(
        f"{name}=={installed[name].partition('+')[0]}"
        for name in kept
        if name in installed and _name(name) != _name(package)
    )


def _name(requirement: str) -> str:
    """Read the name of a package from a requirement, in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepSweeps:
    """Makes the sweeps of a bisection's steps."""

    sweep: Sweep
    chosen: Cell
    versions: Sequence[PackageVersion]
    base: tuple[str, ...]
    target: Target

    def make(self, step: BisectionStep, blocks: int) -> Sweep:
        """Make the sweep that measures a step with so many processes per version."""
        members = [self.versions[number] for number in step.versions]
        chosen = self.chosen
        axes = Axes(**{field.name: (getattr(chosen, field.name),) for field in dataclasses.fields(Axes)})
        return dataclasses.replace(
            self.sweep,
            name=self.name(step),
            description=f"Bisection from {self.versions[0].name} to {self.versions[-1].name}",
            detectors=(chosen.detector,),
            inputs=(chosen.input,),
            axes=axes,
            include=(),
            exclude=(),
            hosts=dataclasses.replace(self.sweep.hosts, target_id=self.target.target_id),
            invocations=Invocations(pilot=blocks, max=blocks),
            budget_s=None,
            environments={member.name: (*self.base, member.requirement) for member in members},
            baseline=None,
            reference=None,
            interchangeable=False,
        )

    def name(self, step: BisectionStep) -> str:
        """Name a step's sweep after what it measures."""
        asked = [cell.cell_id(known) for known in self.cells(step).values()]
        return f"bisect-{identity.digest({'target': self.target.target_id, 'cells': sorted(asked)})[:NAME_LENGTH]}"

    def cells(self, step: BisectionStep) -> dict[int, Cell]:
        """Give the cell of each version of a step."""
        return {
            number: dataclasses.replace(
                self.chosen,
                environment=self.versions[number].name,
                requirements=(*self.base, self.versions[number].requirement),
            )
            for number in step.versions
        }
