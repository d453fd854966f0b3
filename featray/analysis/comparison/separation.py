"""Separation: the fewest further measurements that tell apart several factors that changed at once.

From k things that changed together to one at a time takes a chain of k - 1 cells between the two sides, each differing
from its neighbours in one thing. What comes with a machine (GPU, driver, host) changes as one: no sweep can part it.
"""

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence

from featray.analysis.comparison import keys
from featray.analysis.comparison.factors import Factor, FactorKind
from featray.analysis.comparison.work import Change
from featray.analysis.units import Unit
from featray.core import gpus
from featray.core.row import Row

MACHINE = "machine"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeparatingCell:
    """One cell to measure: which side each thing is taken from, and so what it separates.

    `hardware` is the side's row that tells where to run; `requirements` is what to install, in pip's words.
    """

    takes: Mapping[str, str]  # factor -> baseline or candidate
    hardware: Row
    settings: Mapping[str, str]  # setting or work key -> value
    requirements: tuple[str, ...]
    isolates: str  # the factor in which it differs from the cell before it
    text: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeparationPlan:
    """The cells that separate a pair's factors, starting beside `start`, and what they cannot."""

    start: str  # baseline or candidate: the side that the first cell differs from in one thing
    steps: tuple[SeparatingCell, ...]
    together: tuple[str, ...]  # hardware factors that no cell can part
    why: str | None = None  # why the chain starts at that side


def separate(baseline: Unit, candidate: Unit, factors: Sequence[Factor]) -> SeparationPlan | None:
    """Plan the cells that separate what differs; None when one thing at the most differs."""
    hardware = [factor.key for factor in factors if factor.key in keys.HARDWARE]
    things = ([MACHINE] if hardware else []) + [factor.key for factor in factors if factor.key not in keys.HARDWARE]
    if len(factors) < 2:
        return None
    together = tuple(hardware) if len(hardware) > 1 else ()
    start, why = _start(baseline.row, candidate.row, things)
    flipped = _order(things, start)[:-1]
    sides = {"baseline": baseline.row, "candidate": candidate.row}
    takes = dict.fromkeys(things, start)
    other = "baseline" if start == "candidate" else "candidate"
    steps = []
    for thing in flipped:
        takes = takes | {thing: other}
        steps.append(_step(thing, takes, sides, factors, hardware))
    return SeparationPlan(start=start, steps=tuple(steps), together=together, why=why)


def _start(baseline: Row, candidate: Row, things: Collection[str]) -> tuple[str, str | None]:
    """Choose the side whose software runs on the other's hardware; the candidate's, which is the newer, if both do."""
    if MACHINE not in things or "torch" not in things:
        return "candidate", None
    back = gpus.too_old_torch(candidate.torch, _capability(baseline))
    forth = gpus.too_old_torch(baseline.torch, _capability(candidate))
    if back and not forth:
        return "baseline", f"{back} for {baseline.gpu_name}"
    return "candidate", f"{forth} for {candidate.gpu_name}" if forth else None


def _capability(row: Row) -> str | None:
    known = gpus.model(row.gpu_name)
    return row.compute_capability or (known.compute_capability if known else None)


def _order(things: Sequence[str], start: str) -> list[str]:
    """Change the machine first: the rest of the chain then runs where both torches do."""
    rest = [each for each in things if each != MACHINE]
    return ([MACHINE] if MACHINE in things else []) + (rest if start == "candidate" else rest[::-1])


def _step(
    thing: str, takes: Mapping[str, str], sides: Mapping[str, Row], factors: Sequence[Factor], hardware: Sequence[str]
) -> SeparatingCell:
    each_takes = {key: side for name, side in takes.items() for key in (hardware if name == MACHINE else [name])}
    rows = {key: sides[side] for key, side in each_takes.items()}
    default = sides["candidate"]
    place = rows.get(hardware[0], default) if hardware else default
    settings = {
        factor.key: str(_side(factor, each_takes[factor.key]))
        for factor in factors
        if factor.kind is not FactorKind.CONTEXT
    }
    installed = requirements(rows.get("torch", default), rows.get("pyfeat", default))
    return SeparatingCell(
        takes=each_takes,
        hardware=place,
        settings=settings,
        requirements=installed if {"torch", "pyfeat"} & set(each_takes) else (),
        isolates=", ".join(keys.title(key) for key in (hardware if thing == MACHINE else [thing])),
        text=_text(place, each_takes, rows, factors),
    )


def _side(factor: Factor, side: str) -> str | None:
    return _value(factor.changes[0], side)


def _value(change: Change, side: str) -> str | None:
    return change.baseline if side == "baseline" else change.candidate


PYFEAT_SOURCE = "https://github.com/cosanlab/py-feat"


def requirements(torch: Row, pyfeat: Row) -> tuple[str, ...]:
    """Write what has to be installed: a build tag such as +cu128 names an index, not a version."""
    found = [
        f"{name}=={version.partition('+')[0]}"
        for name, version in (
            ("torch", torch.torch),
            ("torchvision", torch.torchvision),
            ("torchcodec", torch.torchcodec),
        )
        if version
    ]
    if pyfeat.pyfeat_commit:
        found.append(f"py-feat @ git+{PYFEAT_SOURCE}@{pyfeat.pyfeat_commit}")
    elif pyfeat.pyfeat:
        found.append(f"py-feat=={pyfeat.pyfeat}")
    return tuple(found)


def _text(place: Row, takes: Mapping[str, str], rows: Mapping[str, Row], factors: Sequence[Factor]) -> str:
    """Describe a cell by what varies: `RTX 3090 with torch 2.11.0+cu128 and py-feat commit c716340`."""
    parts = []
    for factor in factors:
        if factor.key in keys.HARDWARE:
            continue
        row = rows[factor.key]
        if factor.key == "torch":
            parts.append(f"torch {row.torch}")
        elif factor.key == "pyfeat":
            parts.append(f"py-feat commit {row.pyfeat_commit}" if row.pyfeat_commit else f"py-feat {row.pyfeat}")
        elif factor.key == keys.VARIABLES:
            parts += [f"{each.key}={_value(each, takes[factor.key])}" for each in factor.changes]
        else:
            parts.append(f"{factor.title} {_side(factor, takes[factor.key])}")
    where = _where(place)
    return f"{where} with {_and(parts)}" if parts else where


def _where(row: Row) -> str:
    name = re.sub(r"^NVIDIA (GeForce )?", "", row.gpu_name) if row.gpu_name else row.device.upper()
    return f"{name} of {row.hostname}" if row.hostname else name


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
