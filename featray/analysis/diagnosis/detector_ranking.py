"""Rivals: detectors on the same input and target, each at its best setting."""

from collections.abc import Iterator, Mapping, Sequence

from featray.analysis import comparison, unit_wording
from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis import batch_curves
from featray.analysis.diagnosis.batch_curves import BestBatch
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import Verdict

OVER = ("detector", "batch_size", "num_workers", "threads", "environment")


def findings(best: Sequence[BestBatch], margin: float, known: Mapping[str, Calibration]) -> Iterator[Finding]:
    """Rank the detectors of each input, target by target; a single one has no rival."""
    inputs: dict[tuple[str, str], list[list[Unit]]] = {}
    for (kind, label, _), members in batch_curves.group_by_input_and_target(best).items():
        ranked = [each.unit for each in sorted(members, key=lambda each: -each.unit.throughput_hz)]
        if len({unit.row.detector for unit in ranked}) > 1:
            inputs.setdefault((kind, label), []).append(ranked)
    for rankings in inputs.values():
        yield _one_place(rankings[0], margin, known) if len(rankings) == 1 else _many_places(rankings, margin, known)


def _one_place(ranked: Sequence[Unit], margin: float, known: Mapping[str, Calibration]) -> Finding:
    first, last = ranked[0], ranked[-1]
    names = [
        f"{unit_wording.detector(unit.row)} {unit_wording.rate(unit)} (b={unit.row.batch_size})" for unit in ranked
    ]
    text = (
        f"On {unit_wording.clip(first.row)}, {first.target.name}: {wording.listed(names)}; "
        f"{unit_wording.detector(first.row)} is {_ratio(ranked):.1f}x as fast as {unit_wording.detector(last.row)}"
    )
    return _finding(text + _doubts(ranked, margin, known), [ranked])


def _many_places(rankings: Sequence[Sequence[Unit]], margin: float, known: Mapping[str, Calibration]) -> Finding:
    """Tell the order of the detectors once for all targets that have the same."""
    orders: dict[tuple[str, ...], list[Sequence[Unit]]] = {}
    for ranked in rankings:
        orders.setdefault(tuple(unit_wording.detector(unit.row) for unit in ranked), []).append(ranked)
    parts = [_order(names, same, len(rankings), margin, known) for names, same in orders.items()]
    return _finding(f"On {unit_wording.clip(rankings[0][0].row)}: {wording.phrases(parts)}", rankings)


def _order(
    names: Sequence[str],
    same: Sequence[Sequence[Unit]],
    places: int,
    margin: float,
    known: Mapping[str, Calibration],
) -> str:
    everywhere = "both targets" if places == 2 else f"all {places} targets"
    where = everywhere if len(same) == places else wording.listed(each[0].target.name for each in same)
    ratios = [_ratio(ranked) for ranked in same]
    span = " to ".join(dict.fromkeys(f"{ratio:.1f}x" for ratio in (min(ratios), max(ratios))))
    doubts = dict.fromkeys(_doubts(ranked, margin, known) for ranked in same)
    doubt = next(iter(doubts)) if len(doubts) == 1 else " (not decided on every target)"
    return f"{', then '.join(names)} on {where}, {names[0]} {span} as fast as {names[-1]}{doubt}"


def _finding(text: str, rankings: Sequence[Sequence[Unit]]) -> Finding:
    return Finding(
        kind=FindingKind.DETECTORS,
        text=f"{text}.",
        figures={
            "ratio": max(map(_ratio, rankings)),
            "detectors": max(map(len, rankings)),
            "targets": len(rankings),
        },
        units=tuple(unit.key for ranked in rankings for unit in ranked),
    )


def _ratio(ranked: Sequence[Unit]) -> float:
    return ranked[0].throughput_hz / ranked[-1].throughput_hz


def _doubts(ranked: Sequence[Unit], margin: float, known: Mapping[str, Calibration]) -> str:
    """Name the rivals from which the first is not told apart. Why not holds for many: other findings say it once."""
    pairs = [
        comparison.judge(ranked[0], unit, OVER, margin=margin, calibrations=known, best_of=OVER) for unit in ranked[1:]
    ]
    open_ = [pair for pair in pairs if pair.verdict is not Verdict.SLOWER]
    if not open_:
        return ""
    if len(open_) == len(pairs) and len({pair.verdict for pair in open_}) == 1:
        return f" ({open_[0].verdict})"
    return f" ({wording.listed(f'{unit_wording.detector(pair.candidate.row)} {pair.verdict}' for pair in open_)})"
