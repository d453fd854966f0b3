"""Diagnosis: what stored rows show, as findings with figures and with the cells to measure next.

Flow: units of a report and of its baseline -> `diagnose` -> `Diagnosis` -> `rendering`, `featray suggest`.
Pure. Nothing is guessed: if the rows do not show something, the finding says so and names the cells that would.

    finding            the form of a finding
    batch_curves       units along the batch size, best settings
    batch_steps        which batches differ, corrected for how many were looked at
    against_baseline   best settings compared with the baseline's; the headline
    ratios             what qualifies those ratios: unproven work, open verdicts, confounders
    coverage           what only the report or only the baseline measured
    file_names         reports that are named after another GPU
    judged_pairs       what sentences may say about ratios
    device_ratios      device against device on one host
    detector_ranking   detector against detector
    model_choices      detectors that differ in one part
    slow_starts        from where on a slower start pays
    worker_counts      workers of the data loader, processes side by side
    gpu_scaling        all GPUs of a host at the same time against one
    length_growth      time per frame and memory that grow with the length of the clip
    batch_patterns     what larger batches do on each device
    jumps              more speed than fewer batches can bring
    slowdowns          larger batches that are slower
    slowdown_evidence  what speaks for a one-off cost or a rate
    slowdown_wording   the sentences about slowdowns
    regressions        findings about slowdowns: one-off cost or rate
    bottlenecks        limited by the host or by the device
    headroom           larger batches to try
    quality            noise, throttling, failures, holes
    software           software and drivers, and what changed
"""

import dataclasses
from collections.abc import Sequence

from featray import stats
from featray.analysis.comparison import Pair, keys
from featray.analysis.comparison.noise import NO_NOISE, Noise
from featray.analysis.diagnosis import (
    against_baseline,
    batch_curves,
    batch_patterns,
    batch_steps,
    bottlenecks,
    coverage,
    detector_ranking,
    device_ratios,
    file_names,
    gpu_scaling,
    headroom,
    jumps,
    length_growth,
    model_choices,
    quality,
    ratios,
    regressions,
    slow_starts,
    software,
    worker_counts,
)
from featray.analysis.diagnosis.batch_curves import BestBatch, Curve
from featray.analysis.diagnosis.finding import ComparisonRole, Finding, FindingKind, WantedCells
from featray.analysis.outputs import NO_OUTPUTS, Outputs
from featray.analysis.unit import Unit

__all__ = ["BestBatch", "ComparisonRole", "Curve", "Diagnosis", "Finding", "FindingKind", "WantedCells", "diagnose"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Everything found.

    `pairs` are the best settings and the baseline's, with daggers for their number; `best` holds every best setting,
    with or without a counterpart. `findings` are in the order of `FindingKind`, without the headline.
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
    noise: Noise = NO_NOISE,
    outputs: Outputs = NO_OUTPUTS,
    over: Sequence[str] = (),
) -> Diagnosis:
    """Make all findings.

    Args:
        units: Of the report.
        baseline: Of what it is compared with, gathered together with `units`; empty without a baseline.
        margin: Least log ratio that counts as a difference.
        noise: What is known of the targets' spread between processes and sessions.
        outputs: The kept outputs, to say how far those of the pairs with the baseline lie apart.
        over: Keys that are meant to differ from the baseline.

    Raises:
        BadInput: `over` names an unknown key, or a key of the input.
    """
    over = keys.resolve(over, [*units, *baseline])
    units, baseline = (sorted(side, key=batch_curves.table_order) for side in (units, baseline))
    best, curves = batch_curves.find_best(units, margin), batch_steps.compare(batch_curves.gather(units))
    compared = against_baseline.compare(
        best, batch_curves.find_best(baseline, margin), margin, noise, outputs=outputs, over=over
    )
    findings = [
        *ratios.findings(compared.pairs, [*units, *baseline]),
        *(coverage.findings(compared.only_report, compared.only_baseline, units, baseline) if baseline else ()),
        *file_names.findings([*units, *baseline]),
        *device_ratios.findings(best, units, margin, noise),
        *detector_ranking.findings(best, margin, noise),
        *model_choices.findings(best, margin, noise),
        *slow_starts.findings(best),
        *worker_counts.findings(units, margin, noise),
        *worker_counts.findings(units, margin, noise, worker_counts.PROCESSES),
        *gpu_scaling.findings(units, margin, noise),
        *length_growth.findings(units, margin),
        *batch_patterns.findings(curves, margin),
        *jumps.findings(curves),
        *regressions.findings(curves, batch_curves.gather(baseline), margin),
        *bottlenecks.findings(best),
        *headroom.findings(best, units, curves, margin),
        *quality.findings(units, noise),
        *software.findings(units, baseline),
    ]
    order = list(FindingKind)
    return Diagnosis(
        headline=against_baseline.headline(units, compared.pairs, baseline),
        best=tuple(best),
        pairs=compared.pairs,
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.kind))),
    )
