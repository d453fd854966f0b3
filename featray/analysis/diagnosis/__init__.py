"""Diagnosis: what stored rows say, as findings of one sentence each, with figures and with the cells to measure next.

Flow: units of a report and of its baseline -> `diagnose` -> `Diagnosis` -> `report`, `featray suggest`.
Pure. Nothing here guesses: where the rows cannot tell, the finding says so and names the cells that would.

    findings    the form of a finding
    curves      units along the batch size, best settings
    against     best settings against the baseline: headline, confounders, new ground
    rivals      detector against detector
    regress     larger batches that are slower: one-off cost or rate
    bounds      host-bound or device-bound, headroom
    quality     noise, throttling, failures, holes
    stack       software and drivers, and what changed
"""

import dataclasses
from collections.abc import Mapping, Sequence

from featray import stats
from featray.analysis.comparison import Calibration, Pair
from featray.analysis.diagnosis import (
    against_baseline,
    batch_curves,
    bottlenecks,
    detector_ranking,
    quality,
    regressions,
    software,
)
from featray.analysis.diagnosis.batch_curves import BestBatch, Curve
from featray.analysis.diagnosis.finding import Finding, FindingKind, ComparisonRole, WantedCells
from featray.analysis.units import Unit

__all__ = ["BestBatch", "Curve", "Diagnosis", "Finding", "FindingKind", "ComparisonRole", "WantedCells", "diagnose"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Everything found.

    `pairs` are the best settings against those of the baseline, daggered among themselves; `best` holds every best
    setting, with or without a counterpart. `findings` are in the order of `FindingKind`, the headline left out.
    """

    headline: Finding | None
    best: tuple[BestBatch, ...]
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...]


def diagnose(
    units: Sequence[Unit],
    baseline: Sequence[Unit] = (),
    *,
    margin: float = stats.MARGIN,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Diagnosis:
    """Find what there is to say.

    Args:
        units: Of the report.
        baseline: Of what it is compared with, gathered together with `units`; empty without a baseline.
        margin: Least log ratio that counts as a difference.
        calibrations: Target id -> noise floor.
    """
    known = calibrations or {}
    units, baseline = (sorted(side, key=batch_curves.table_order) for side in (units, baseline))
    best = batch_curves.find_best(units, margin, known)
    found = against_baseline.compare(best, batch_curves.find_best(baseline, margin, known), margin, known)
    findings = [
        *against_baseline.findings(found, units, baseline),
        *detector_ranking.findings(best, margin, known),
        *regressions.findings(units, baseline, margin, known),
        *bottlenecks.findings(best, units, margin, known),
        *quality.findings(units, known),
        *software.findings(units, baseline),
    ]
    order = list(FindingKind)
    return Diagnosis(
        headline=against_baseline.headline(units, found, baseline),
        best=tuple(best),
        pairs=found.pairs,
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.kind))),
    )
