"""Rivals: detectors on the same input and target, each at its best setting."""

from collections.abc import Iterator, Mapping, Sequence

from featray import comparison
from featray.comparison import Calibration, Pair
from featray.diagnosis import curves, words
from featray.diagnosis.curves import Best
from featray.diagnosis.findings import Finding, Kind
from featray.statistics import Verdict

OVER = ("detector", "batch_size", "num_workers", "threads", "environment")


def findings(best: Sequence[Best], margin: float, known: Mapping[str, Calibration]) -> Iterator[Finding]:
    """Rank the detectors of each input and target; a single one has no rival."""
    for members in curves.grouped(best).values():
        if len({each.unit.row.detector for each in members}) > 1:
            yield _ranked(sorted(members, key=lambda each: -words.throughput(each.unit)), margin, known)


def _ranked(members: Sequence[Best], margin: float, known: Mapping[str, Calibration]) -> Finding:
    first, last = members[0].unit, members[-1].unit
    pairs = [
        comparison.judge(first, each.unit, OVER, margin=margin, calibrations=known, best_of=OVER)
        for each in members[1:]
    ]
    names = [
        f"{words.detector(each.unit.row)} {words.rate(each.unit)} (b={each.unit.row.batch_size})" for each in members
    ]
    ratio = words.throughput(first) / words.throughput(last)
    text = (
        f"On {words.clip(first.row)}, {words.target(first.row)}: {words.listed(names)}; "
        f"{words.detector(first.row)} is {ratio:.1f}x {words.detector(last.row)}{_doubts(pairs)}."
    )
    return Finding(
        kind=Kind.DETECTORS,
        text=text,
        figures={"ratio": ratio, "detectors": len(members)},
        units=tuple(each.unit.key for each in members),
    )


def _doubts(pairs: Sequence[Pair]) -> str:
    """Name the rivals from which the first is not told apart."""
    open_ = [pair for pair in pairs if pair.verdict is not Verdict.SLOWER]
    if not open_:
        return ""
    if len(open_) == len(pairs) and len({pair.verdict for pair in open_}) == 1:
        return f" ({open_[0].verdict}{': ' + open_[0].reasons[-1] if open_[0].reasons else ''})"
    return f" ({words.listed(f'{words.detector(pair.candidate.row)} {pair.verdict}' for pair in open_)})"
