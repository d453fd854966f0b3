"""Detector ranking: detectors on the same input and target, each at its best setting.

Flow: best settings -> `findings`. Pure. Only a decided ratio is a fact: of the others a sentence says so.
"""

from collections.abc import Iterator, Mapping, Sequence

from featray.analysis import unit_wording
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis import judged_pairs
from featray.analysis.diagnosis.batch_curves import BestBatch, group_by_input_and_target
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.diagnosis.judged_pairs import CHOSEN, JudgedPairs
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import Verdict

Ranking = Sequence[Unit]
"""Units of one input and target, one for each detector, the fastest first."""

RankingKey = tuple[str, str, str]
"""Kind and label of the input, target."""

Verdicts = Mapping[RankingKey, JudgedPairs]
"""The fastest detector of each ranking against each of the others."""


def findings(best: Sequence[BestBatch], margin: float, noise: Noise) -> Iterator[Finding]:
    """Rank the detectors of each input, target by target; a single detector has no ranking."""
    rankings: dict[RankingKey, Ranking] = {}
    for key, members in group_by_input_and_target(best).items():
        ranking = [batch.unit for batch in sorted(members, key=lambda batch: -batch.unit.throughput_hz)]
        if len({unit.row.detector for unit in ranking}) > 1:
            rankings[key] = ranking
    pairs = {key: [(ranking[0], unit) for unit in ranking[1:]] for key, ranking in rankings.items()}
    verdicts = judged_pairs.judge_groups(pairs, ("detector", *CHOSEN), margin, noise, best_of=CHOSEN)
    for section in dict.fromkeys(key[:2] for key in rankings):
        own = {key: ranking for key, ranking in rankings.items() if key[:2] == section}
        yield _one_target(own, verdicts) if len(own) == 1 else _several_targets(own, verdicts)


def _one_target(rankings: Mapping[RankingKey, Ranking], verdicts: Verdicts) -> Finding:
    ((key, ranking),) = rankings.items()
    speeds = wording.listed(map(unit_wording.detector_speed, ranking))
    ratio = _ratio_text("is", ranking) if _is_ratio_decided(ranking, verdicts[key]) else ""
    remarks = [part for part in (ratio, _undecided(ranking, verdicts[key])) if part]
    text = f"On {unit_wording.clip(ranking[0].row)}, {ranking[0].target.name}: {'; '.join([speeds, *remarks])}"
    return _finding(text, rankings, verdicts)


def _several_targets(rankings: Mapping[RankingKey, Ranking], verdicts: Verdicts) -> Finding:
    """Say each order of the detectors once, for all targets that have it."""
    by_order: dict[tuple[str, ...], list[RankingKey]] = {}
    for key, ranking in rankings.items():
        by_order.setdefault(tuple(unit_wording.detector(unit.row) for unit in ranking), []).append(key)
    remarks = {_undecided(ranking, verdicts[key]) for key, ranking in rankings.items()}
    shared = remarks.pop() if len(remarks) == 1 else None
    orders = []
    for names, keys in by_order.items():
        own = {key: rankings[key] for key in keys}
        orders.append(f"{', '.join(names)} {_where(own, len(rankings))} ({_order_remark(own, verdicts, shared)})")
    clip = unit_wording.clip(next(iter(rankings.values()))[0].row)
    is_decided = all(len(verdicts[key].decided) == verdicts[key].total for key in rankings)
    order = "from fastest to slowest" if is_decided else "in the order of measured throughput"
    text = f"On {clip}, {order}: {wording.phrases(orders)}"
    return _finding(f"{text}; {shared}" if shared else text, rankings, verdicts)


def _where(own: Mapping[RankingKey, Ranking], total: int) -> str:
    """Name the targets that have an order of the detectors."""
    if len(own) == total:
        return "on both targets" if total == 2 else f"on all {total} targets"
    return f"on {wording.listed(ranking[0].target.name for ranking in own.values())}"


def _order_remark(own: Mapping[RankingKey, Ranking], verdicts: Verdicts, shared: str | None) -> str:
    """Write the ratio of an order, and what is not decided unless all orders share it."""
    is_decided = all(_is_ratio_decided(ranking, verdicts[key]) for key, ranking in own.items())
    ratio = _ratio_text("is" if is_decided else "measured", *own.values())
    undecided = dict.fromkeys(_undecided(ranking, verdicts[key]) for key, ranking in own.items())
    remark = next(iter(undecided)) if len(undecided) == 1 else "not decided on every target"
    return f"{ratio}; {remark}" if remark and shared is None else ratio


def _is_ratio_decided(ranking: Ranking, pairs: JudgedPairs) -> bool:
    """Return True if the fastest detector is proven faster than the slowest."""
    return any(pair.candidate is ranking[-1] and pair.verdict is Verdict.SLOWER for pair in pairs.decided)


def _ratio_text(verb: str, *rankings: Ranking) -> str:
    first, last = (unit_wording.detector(rankings[0][place].row) for place in (0, -1))
    span = judged_pairs.span(_ratio(ranking) for ranking in rankings)
    return f"{first} {verb} {span} {'as fast as' if verb == 'is' else 'the speed of'} {last}"


def _ratio(ranking: Ranking) -> float:
    return ranking[0].throughput_hz / ranking[-1].throughput_hz


def _undecided(ranking: Ranking, pairs: JudgedPairs) -> str:
    """Name the detectors that are not proven slower than the fastest; empty if all are."""
    first = unit_wording.detector(ranking[0].row)
    slower = [pair for pair in pairs.decided if pair.verdict is Verdict.SLOWER]
    if not slower and len(pairs.undecided) == pairs.total:
        return f"the order is not decided{judged_pairs.why_undecided(pairs.undecided)}"
    equal = [unit_wording.detector(pair.candidate.row) for pair in pairs.decided if pair.verdict is Verdict.EQUIVALENT]
    open_ones = [unit_wording.detector(pair.candidate.row) for pair in pairs.undecided]
    unlike = [unit_wording.detector(pair.candidate.row) for pair in pairs.not_comparable]
    parts = [f"{wording.listed(equal)} as fast as {first}"] if equal else []
    parts += [f"{wording.listed(open_ones)} against {first} not decided"] if open_ones else []
    parts += [f"{wording.listed(unlike)} not comparable with {first}"] if unlike else []
    return "; ".join(parts)


def _finding(text: str, rankings: Mapping[RankingKey, Ranking], verdicts: Verdicts) -> Finding:
    decided = [ranking for key, ranking in rankings.items() if _is_ratio_decided(ranking, verdicts[key])]
    return Finding(
        kind=FindingKind.DETECTORS,
        text=f"{text}.",
        figures={
            "ratio": max(map(_ratio, decided), default=None),
            "measured_ratio": max(map(_ratio, rankings.values())),
            "detectors": max(map(len, rankings.values())),
            "targets": len(rankings),
        },
        units=tuple(unit.key for ranking in rankings.values() for unit in ranking),
    )
