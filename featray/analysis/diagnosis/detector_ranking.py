"""Detector ranking: detectors on the same input and target, each at its best setting."""

from collections.abc import Iterator, Sequence

from featray.analysis import comparison, unit_wording
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis import batch_curves
from featray.analysis.diagnosis.batch_curves import BestBatch
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import Verdict

OVER = ("detector", "batch_size", "num_workers", "threads", "environment")

Ranking = Sequence[Unit]
"""Units of one input and target, one for each detector, the fastest first."""


def findings(best: Sequence[BestBatch], margin: float, noise: Noise) -> Iterator[Finding]:
    """Rank the detectors of each input, target by target; a single detector has no ranking."""
    by_input: dict[tuple[str, str], list[Ranking]] = {}
    for (kind, label, _), members in batch_curves.group_by_input_and_target(best).items():
        ranking = [batch.unit for batch in sorted(members, key=lambda batch: -batch.unit.throughput_hz)]
        if len({unit.row.detector for unit in ranking}) > 1:
            by_input.setdefault((kind, label), []).append(ranking)
    for rankings in by_input.values():
        if len(rankings) == 1:
            yield _one_target(rankings[0], margin, noise)
        else:
            yield _several_targets(rankings, margin, noise)


def _one_target(ranking: Ranking, margin: float, noise: Noise) -> Finding:
    first, last = ranking[0], ranking[-1]
    speeds = wording.listed(map(unit_wording.detector_speed, ranking))
    ratio = f"{unit_wording.detector(first.row)} is {_times(_ratio(ranking))} as fast as"
    text = (
        f"On {unit_wording.clip(first.row)}, {first.target.name}: {speeds}; "
        f"{ratio} {unit_wording.detector(last.row)}{_open_verdicts(ranking, margin, noise)}"
    )
    return _finding(text, [ranking])


def _several_targets(rankings: Sequence[Ranking], margin: float, noise: Noise) -> Finding:
    """Say each order of the detectors once, for all targets that have it."""
    by_order: dict[tuple[str, ...], list[Ranking]] = {}
    for ranking in rankings:
        by_order.setdefault(tuple(unit_wording.detector(unit.row) for unit in ranking), []).append(ranking)
    orders = [_order(names, same, len(rankings), margin, noise) for names, same in by_order.items()]
    text = f"On {unit_wording.clip(rankings[0][0].row)}, from fastest to slowest: {wording.phrases(orders)}"
    return _finding(text, rankings)


def _order(
    names: Sequence[str],
    rankings: Sequence[Ranking],
    targets: int,
    margin: float,
    noise: Noise,
) -> str:
    """Write one order of the detectors: `a, b on all 4 targets (a is 2.0x as fast as b)`."""
    all_targets = "both targets" if targets == 2 else f"all {targets} targets"
    where = all_targets if len(rankings) == targets else wording.listed(ranking[0].target.name for ranking in rankings)
    ratios = [_ratio(ranking) for ranking in rankings]
    span = " to ".join(dict.fromkeys(map(_times, (min(ratios), max(ratios)))))
    remarks = {_open_verdicts(ranking, margin, noise) for ranking in rankings}
    remark = remarks.pop() if len(remarks) == 1 else " (not decided on every target)"
    return f"{', '.join(names)} on {where} ({names[0]} is {span} as fast as {names[-1]}){remark}"


def _finding(text: str, rankings: Sequence[Ranking]) -> Finding:
    return Finding(
        kind=FindingKind.DETECTORS,
        text=f"{text}.",
        figures={
            "ratio": max(map(_ratio, rankings)),
            "detectors": max(map(len, rankings)),
            "targets": len(rankings),
        },
        units=tuple(unit.key for ranking in rankings for unit in ranking),
    )


def _ratio(ranking: Ranking) -> float:
    return ranking[0].throughput_hz / ranking[-1].throughput_hz


def _times(ratio: float) -> str:
    return f"{wording.digits(ratio)}x"


def _open_verdicts(ranking: Ranking, margin: float, noise: Noise) -> str:
    """Name the detectors that are not proven slower than the first, with their verdicts.

    The reasons hold for many pairs: other findings give them once.
    """
    pairs = [comparison.judge(ranking[0], unit, OVER, margin=margin, noise=noise, best_of=OVER) for unit in ranking[1:]]
    undecided = [pair for pair in pairs if pair.verdict is not Verdict.SLOWER]
    if not undecided:
        return ""
    if len(undecided) == len(pairs) and len({pair.verdict for pair in undecided}) == 1:
        return f" ({undecided[0].verdict})"
    return f" ({wording.listed(f'{unit_wording.detector(pair.candidate.row)} {pair.verdict}' for pair in undecided)})"
