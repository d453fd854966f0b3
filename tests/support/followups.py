"""Follow-ups for tests: findings that want cells, and the sweeps that are proposed for them."""

from pathlib import Path

import pytest

from featray import sweep
from featray.analysis import units
from featray.analysis.advice import followup_file, followups
from featray.analysis.advice.followups import Followup
from featray.analysis.diagnosis import Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import cell
from featray.core.cell import Cell
from featray.core.row import Row
from featray.sweep import expand


def gather_one(row: Row) -> Unit:
    """Gather one row into its unit."""
    (unit,) = units.gather([row])
    return unit


def make_finding(*wanted: WantedCells, kind: FindingKind = FindingKind.HEADROOM) -> Finding:
    """Make a finding that wants cells."""
    return Finding(kind=kind, text="", wanted=wanted)


def propose_for(*findings: Finding, places: tuple[Unit, ...] = ()) -> list[Followup]:
    """Propose sweeps for findings; `places` are units of further targets."""
    sides = [wanted.unit for finding in findings for wanted in finding.wanted]
    return followups.propose(findings, [*sides, *places], name="demo", baseline="before")


def read_back(followup: Followup, folder: Path) -> list[Cell]:
    """Read a follow-up's file as `featray submit` would."""
    path = folder / f"{followup.name}.yaml"
    path.write_text(followup_file.to_yaml(followup), encoding="utf-8")
    return expand(sweep.load(path, probe_clip=lambda clip: pytest.fail(f"{clip} is not to be opened")))


def cell_ids(cells: list[Cell] | tuple[Cell, ...]) -> set[str]:
    """Give the ids of cells."""
    return {cell.cell_id(each) for each in cells}
