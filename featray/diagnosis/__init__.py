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

from featray import statistics
from featray.comparison import Calibration, Pair
from featray.diagnosis import against, bounds, curves, quality, regress, rivals, stack, words
from featray.diagnosis.curves import Best, Curve
from featray.diagnosis.findings import Finding, Kind, Role, Wanted
from featray.units import Unit

__all__ = ["Best", "Curve", "Diagnosis", "Finding", "Kind", "Role", "Wanted", "diagnose"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Everything found.

    `pairs` are the best settings against those of the baseline, daggered among themselves; `best` holds every best
    setting, with or without a counterpart. `findings` are in the order of `Kind`, the headline left out.
    """

    headline: Finding | None
    best: tuple[Best, ...]
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...]


def diagnose(
    units: Sequence[Unit],
    baseline: Sequence[Unit] = (),
    *,
    margin: float = statistics.MARGIN,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Diagnosis:
    """Find what there is to say.

    Args:
        units: Of the report.
        baseline: Of what it is compared with; empty without a baseline.
        margin: Least log ratio that counts as a difference.
        calibrations: Target id -> noise floor.
    """
    with words.telling_apart([*units, *baseline]):
        return _diagnosed(units, baseline, margin, calibrations or {})


def _diagnosed(
    units: Sequence[Unit], baseline: Sequence[Unit], margin: float, known: Mapping[str, Calibration]
) -> Diagnosis:
    units, baseline = (sorted(side, key=curves.place_in_tables) for side in (units, baseline))
    best = curves.best(units, margin, known)
    found = against.compare(best, curves.best(baseline, margin, known), margin, known)
    findings = [
        *against.findings(found, units, baseline),
        *rivals.findings(best, margin, known),
        *regress.findings(units, baseline, margin, known),
        *bounds.findings(best, units, margin, known),
        *quality.findings(units, known),
        *stack.findings(units, baseline),
    ]
    order = list(Kind)
    return Diagnosis(
        headline=against.headline(units, found, baseline),
        best=tuple(best),
        pairs=found.pairs,
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.kind))),
    )
