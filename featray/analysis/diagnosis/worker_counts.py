"""Worker counts: whether workers of the data loader make a detector faster, over all cells that differ in nothing else.

Flow: units -> `findings`. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from featray.analysis import unit_wording
from featray.analysis.comparison import Pair, matching
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis import judged_pairs
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.diagnosis.judged_pairs import JudgedPairs
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import Verdict

OVER = ("num_workers",)


def findings(units: Iterable[Unit], margin: float, noise: Noise) -> Iterator[Finding]:
    """Compare the fewest workers of each cell with every larger number of them."""
    groups: dict[tuple[int, int], list[tuple[Unit, Unit]]] = {}
    for pair in matching.match_within([unit for unit in units if unit.logs], OVER).pairs:
        groups.setdefault((pair[0].row.num_workers, pair[1].row.num_workers), []).append(pair)
    for (fewest, more), pairs in judged_pairs.judge_groups(groups, OVER, margin, noise).items():
        if pairs.told:
            yield _finding(fewest, more, pairs)


def _finding(fewest: int, more: int, pairs: JudgedPairs) -> Finding:
    helped = [pair for pair in pairs.told if _is_faster(pair)]
    others = [pair for pair in pairs.told if not _is_faster(pair)]
    text = (
        _decided(fewest, more, helped, others, pairs.total)
        if pairs.decided
        else _measured(fewest, more, helped, others)
    )
    ratios = judged_pairs.speedups(pairs.told)
    return Finding(
        kind=FindingKind.WORKERS,
        text=f"{text}{judged_pairs.remarks(pairs, 'cell')}",
        figures={
            "faster": len(helped),
            "ratio_low": min(ratios),
            "ratio_high": max(ratios),
            **judged_pairs.counts(pairs),
        },
        units=tuple(pair.candidate.key for pair in pairs.told),
    )


def _is_faster(pair: Pair) -> bool:
    """Return True if the larger number of workers is faster; without a verdict, if it took less time."""
    if pair.is_decided:
        return pair.verdict is Verdict.FASTER
    return fmean(pair.candidate.logs) < fmean(pair.baseline.logs)


def _decided(fewest: int, more: int, helped: Sequence[Pair], others: Sequence[Pair], total: int) -> str:
    if helped:
        text = f"{_workers_are(more)} faster than {fewest} in {len(helped)} of {wording.count(total, 'cell')}"
        rest = f" In {len(others)} others, {_workers_are(fewest)} at least as fast." if others else ""
        return f"{text} ({_gains(helped)}).{rest}"
    every = "every cell" if len(others) == total else "every decided cell"
    text = f"{_workers_are(fewest)} at least as fast as {more} in {every} ({len(others)} of {total})."
    slowest = _slowest(others)
    return (
        f"{text} {wording.count(more, 'worker')} {'takes' if more == 1 else 'take'} up to {slowest}."
        if slowest
        else text
    )


def _measured(fewest: int, more: int, helped: Sequence[Pair], others: Sequence[Pair]) -> str:
    total = wording.count(len(helped) + len(others), "cell")
    text = f"With {wording.count(more, 'worker')} instead of {fewest}, {len(others)} of {total} took longer"
    slowest = _slowest(others)
    text += f", up to {slowest}" if slowest else ""
    text += f", and {len(helped)} took less time ({_gains(helped)})" if helped else ""
    return f"{text}; not decided{judged_pairs.why_undecided([*helped, *others])}."


def _workers_are(number: int) -> str:
    return f"{wording.count(number, 'worker')} {'is' if number == 1 else 'are'}"


def _gains(helped: Sequence[Pair]) -> str:
    names = wording.phrases([unit_wording.unit(pair.candidate) for pair in helped])
    return f"{judged_pairs.span(judged_pairs.speedups(helped))} as fast: {names}"


def _slowest(others: Sequence[Pair]) -> str:
    """Write the largest loss: `34x as long (retinaface, short (72 frames), b=1, w=2, CPU)`; empty without one."""
    losses = [
        (1 / pair.decision.speedup, pair) for pair in others if pair.decision and pair.verdict is not Verdict.EQUIVALENT
    ]
    if not losses:
        return ""
    loss, pair = max(losses, key=lambda entry: entry[0])
    return f"{judged_pairs.times(loss)} as long ({unit_wording.unit(pair.candidate)})"
