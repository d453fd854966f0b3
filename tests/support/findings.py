"""Findings for tests: rows that call for a finding, and rows that nearly do.

Rows are those of `builders`: retinaface on the short clip (72 frames), b=16, on the RTX 3090 of `box`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.diagnosis import Diagnosis, Finding, FindingKind, diagnose
from featray.core.row import Row
from tests.support.builders import BLACKWELL, BOX, RTX3090, SHELF, make_rows

STEADY = (0.99, 1.0, 1.0, 1.0, 1.01)
"""Five invocations with a half-width of 0.9%."""

SHAKY = (0.94, 0.97, 1.0, 1.03, 1.06)
"""Five invocations with a sd of 4.7%, and so a half-width of 5.9%."""

IMAGES: dict[str, Any] = {"input": "multi-face"}
BEFORE: dict[str, Any] = {"run_id": "before-1", "sweep": "before"}
IMPORTED: dict[str, Any] = {"source_file": "old.md", "work": None, "asked": None}

FOUR_TARGETS = [
    {**host, **gpu, "target_id": f"GPU-{host['hostname']}-{name}", "gpu_uuid": f"GPU-{host['hostname']}-{name}"}
    for host in (BOX, SHELF)
    for name, gpu in (("old", RTX3090), ("new", BLACKWELL))
]
"""An RTX 3090 and a Blackwell on each of two hosts."""


def make_unit_rows(seconds: float, spread: Sequence[float] = STEADY, **changes: Any) -> list[Row]:
    """Make a unit of five invocations whose call lasts so many seconds."""
    return make_rows([seconds * share for share in spread], **changes)


def make_curve(*seconds: float, batches: Sequence[int] = (1, 4, 16), **changes: Any) -> list[Row]:
    """Make a unit per batch size."""
    calls = zip(batches, seconds, strict=False)
    return [row for batch, call_s in calls for row in make_unit_rows(call_s, batch_size=batch, **changes)]


def diagnose_rows(rows: Sequence[Row], baseline: Sequence[Row] = (), **options: Any) -> Diagnosis:
    """Diagnose the units of rows."""
    return diagnose(*units.gather_sides(rows, baseline), **options)


def find(kind: FindingKind, rows: Sequence[Row], baseline: Sequence[Row] = ()) -> list[Finding]:
    """List the findings of a kind."""
    return [finding for finding in diagnose_rows(rows, baseline).findings if finding.kind is kind]


@dataclasses.dataclass(frozen=True)
class FindingCase:
    """A kind of finding, the rows that call for it, and rows that nearly do; each with the baseline's rows."""

    kind: FindingKind
    rows: tuple[Sequence[Row], Sequence[Row]]
    near_miss: tuple[Sequence[Row], Sequence[Row]]
    words: str
    wants_cells: bool


def make_case(
    kind: FindingKind,
    rows: Sequence[Row],
    near_miss: Sequence[Row],
    words: str,
    *,
    baseline: Sequence[Row] = (),
    near_miss_baseline: Sequence[Row] | None = None,
    wants_cells: bool = False,
) -> Any:
    """Make a parameter of `check_given` and `check_not_given`."""
    other = baseline if near_miss_baseline is None else near_miss_baseline
    case = FindingCase(kind, (rows, baseline), (near_miss, other), words, wants_cells)
    return pytest.param(case, id=f"{kind}: {words[:40]}")


def check_given(case: FindingCase) -> None:
    """Check that the finding is given, in one line with the words, and wants cells or not."""
    (finding,) = find(case.kind, *case.rows)
    assert case.words in finding.text, finding.text
    assert finding.text.endswith(".")
    assert "\n" not in finding.text
    assert bool(finding.wanted) is case.wants_cells, finding.wanted


def check_not_given(case: FindingCase) -> None:
    """Check that the near miss has no finding of the kind."""
    assert find(case.kind, *case.near_miss) == []
