"""Separation: the fewest further cells to measure so that several factors that changed at once can be separated.

Flow: a pair's factors -> `separate` -> `SeparationPlan` -> the pair's next step, cells to measure.
Pure. If k things changed together, a chain of k - 1 cells between the two sides changes one thing at a time. What
belongs to a machine (GPU, driver, host) changes as one thing: no sweep can separate it.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from featray.analysis.comparison import keys, machine_settings
from featray.analysis.comparison.factors import Factor
from featray.analysis.comparison.work import Change
from featray.analysis.unit import Unit
from featray.core import gpus
from featray.core.row import Row
from featray.core.targets import NamedTarget
from featray.planning import releases

MACHINE = "machine"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeparatingCell:
    """One cell to measure: from which side each thing is taken, and what it therefore separates."""

    takes: Mapping[str, str]  # factor -> baseline or candidate
    target: NamedTarget  # where to measure it
    requirements: tuple[str, ...]  # what to install, in pip's words
    isolates: str  # the factor in which it differs from the cell before it
    text: str  # `RTX 3090 of box with torch 2.11.0+cu128`


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeparationPlan:
    """The cells that separate a pair's factors: a chain that begins next to the side `start`."""

    start: str  # baseline or candidate: the first cell differs from this side in one thing
    cells: tuple[SeparatingCell, ...]
    inseparable: tuple[str, ...]  # hardware factors that no cell can separate
    why: str | None = None  # why the chain begins at that side


def separate(baseline: Unit, candidate: Unit, factors: Sequence[Factor]) -> SeparationPlan | None:
    """Plan the cells that separate what differs; None if at most one thing differs."""
    if len(factors) < 2:
        return None
    hardware = [factor.key for factor in factors if factor.key in keys.HARDWARE]
    things = ([MACHINE] if hardware else []) + [factor.key for factor in factors if factor.key not in keys.HARDWARE]
    start, why = _start(baseline, candidate, things)
    other = "baseline" if start == "candidate" else "candidate"
    sides = {"baseline": baseline, "candidate": candidate}
    takes = dict.fromkeys(things, start)
    cells = []
    for thing in _order(things, start)[:-1]:
        takes = takes | {thing: other}
        cells.append(_cell(thing, takes, sides, factors, hardware))
    inseparable = tuple(hardware) if len(hardware) > 1 else ()
    return SeparationPlan(start=start, cells=tuple(cells), inseparable=inseparable, why=why)


def _start(baseline: Unit, candidate: Unit, things: Collection[str]) -> tuple[str, str | None]:
    """Choose the side whose software runs on the other's hardware; if both do, the candidate's, which is newer."""
    if MACHINE not in things or "torch" not in things:
        return "candidate", None
    new_on_old = releases.why_torch_is_too_old(candidate.row.torch, _capability(baseline.row))
    old_on_new = releases.why_torch_is_too_old(baseline.row.torch, _capability(candidate.row))
    if new_on_old and not old_on_new:
        return "baseline", f"{new_on_old} for {baseline.target.device_name}"
    return "candidate", f"{old_on_new} for {candidate.target.device_name}" if old_on_new else None


def _capability(row: Row) -> str | None:
    model = gpus.find_model(row.gpu_name)
    return row.compute_capability or (model.compute_capability if model else None)


def _order(things: Sequence[str], start: str) -> list[str]:
    """Change the machine first: the rest of the chain then runs where both torches do."""
    rest = [thing for thing in things if thing != MACHINE]
    return ([MACHINE] if MACHINE in things else []) + (rest if start == "candidate" else rest[::-1])


def _cell(
    thing: str, takes: Mapping[str, str], sides: Mapping[str, Unit], factors: Sequence[Factor], hardware: Sequence[str]
) -> SeparatingCell:
    """Describe the cell that takes each thing from a side; `thing` was flipped last."""
    side_of = {key: side for name, side in takes.items() for key in (hardware if name == MACHINE else [name])}
    units = {key: sides[side] for key, side in side_of.items()}
    default = sides["candidate"]
    place = units[hardware[0]] if hardware else default
    installed = requirements(units.get("torch", default).row, units.get("pyfeat", default).row)
    return SeparatingCell(
        takes=side_of,
        target=place.target,
        requirements=installed if {"torch", "pyfeat"} & set(side_of) else (),
        isolates=", ".join(keys.title(key) for key in (hardware if thing == MACHINE else [thing])),
        text=_text(place.target, side_of, units, factors),
    )


def _value(change: Change, side: str) -> str | None:
    return change.baseline if side == "baseline" else change.candidate


PYFEAT_SOURCE = "https://github.com/cosanlab/py-feat"


def requirements(torch: Row, pyfeat: Row) -> tuple[str, ...]:
    """Write what must be installed for the torch of one row and the py-feat of another.

    A build tag such as +cu128 is left out: it names a wheel index, not a version.
    """
    versions = {"torch": torch.torch, "torchvision": torch.torchvision, "torchcodec": torch.torchcodec}
    pins = [f"{name}=={version.partition('+')[0]}" for name, version in versions.items() if version]
    if pyfeat.pyfeat_commit:
        pins.append(f"py-feat @ git+{PYFEAT_SOURCE}@{pyfeat.pyfeat_commit}")
    elif pyfeat.pyfeat:
        pins.append(f"py-feat=={pyfeat.pyfeat}")
    return tuple(pins)


def _text(target: NamedTarget, takes: Mapping[str, str], units: Mapping[str, Unit], factors: Sequence[Factor]) -> str:
    """Describe a cell by what varies: `RTX 3090 of box with torch 2.11.0+cu128 and py-feat commit c716340`."""
    parts: list[str] = []
    for factor in factors:
        if factor.key not in keys.HARDWARE:
            parts += _parts(factor, units[factor.key].row, takes[factor.key])
    return f"{target.place} with {_and(parts)}" if parts else target.place


def _parts(factor: Factor, row: Row, side: str) -> list[str]:
    if factor.key == "torch":
        return [f"torch {row.torch}"]
    if factor.key == "pyfeat":
        return [f"py-feat commit {row.pyfeat_commit}" if row.pyfeat_commit else f"py-feat {row.pyfeat}"]
    if factor.key == keys.VARIABLES:
        return [f"{change.key}={_value(change, side)}" for change in factor.changes]
    if factor.key in keys.ITEMISED:
        return [f"{machine_settings.name(change.key)} {_value(change, side)}" for change in factor.changes]
    return [f"{factor.title} {_value(factor.changes[0], side)}"]


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
