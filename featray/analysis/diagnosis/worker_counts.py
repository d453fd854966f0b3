"""Worker counts: whether workers of the data loader, or processes side by side, make a detector faster.

Flow: units -> `findings`, over all cells that differ in nothing else. Pure. The times of processes side by side are
those of all together.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import fmean

from featray.analysis import unit_wording
from featray.analysis.comparison import Pair, matching
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis import judged_pairs
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.diagnosis.judged_pairs import JudgedPairs
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import Verdict


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountedThing:
    """What is counted: the setting that holds the number, and the words for one and for several."""

    kind: FindingKind
    setting: str
    number: Callable[[Unit], int]
    one: str
    several: str

    def count(self, number: int) -> str:
        """Write a number of them."""
        return wording.count(number, self.one, self.several)

    def are(self, number: int) -> str:
        """Write the beginning of a sentence about a number of them."""
        return f"{self.count(number)} {'is' if number == 1 else 'are'}"


WORKERS = CountedThing(
    kind=FindingKind.WORKERS,
    setting="num_workers",
    number=lambda unit: unit.row.num_workers,
    one="worker",
    several="workers",
)
PROCESSES = CountedThing(
    kind=FindingKind.PROCESSES,
    setting="processes",
    number=lambda unit: unit.processes,
    one="process",
    several="processes side by side",
)


def findings(units: Iterable[Unit], margin: float, noise: Noise, counted: CountedThing = WORKERS) -> Iterator[Finding]:
    """Compare the fewest of each cell with every larger number of them."""
    groups: dict[tuple[int, int], list[tuple[Unit, Unit]]] = {}
    for pair in matching.match_within([unit for unit in units if unit.logs], (counted.setting,)).pairs:
        groups.setdefault((counted.number(pair[0]), counted.number(pair[1])), []).append(pair)
    for (fewest, more), pairs in judged_pairs.judge_groups(groups, (counted.setting,), margin, noise).items():
        if pairs.told:
            yield _finding(counted, fewest, more, pairs)


def _finding(counted: CountedThing, fewest: int, more: int, pairs: JudgedPairs) -> Finding:
    helped = [pair for pair in pairs.told if _is_faster(pair)]
    others = [pair for pair in pairs.told if not _is_faster(pair)]
    text = (
        _decided(counted, fewest, more, helped, others, pairs.total)
        if pairs.decided
        else _measured(counted, fewest, more, helped, others)
    )
    ratios = judged_pairs.speedups(pairs.told)
    return Finding(
        kind=counted.kind,
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


def _decided(
    counted: CountedThing, fewest: int, more: int, helped: Sequence[Pair], others: Sequence[Pair], total: int
) -> str:
    if helped:
        text = f"{counted.are(more)} faster than {fewest} in {len(helped)} of {wording.count(total, 'cell')}"
        rest = f" In {wording.count(len(others), 'other')}, {counted.are(fewest)} at least as fast." if others else ""
        return f"{text} ({_gains(helped)}).{rest}"
    every = "every cell" if len(others) == total else "every decided cell"
    text = f"{counted.are(fewest)} at least as fast as {more} in {every} ({len(others)} of {total})."
    slowest = _slowest(others)
    return f"{text} {counted.count(more)} {'takes' if more == 1 else 'take'} up to {slowest}." if slowest else text


def _measured(counted: CountedThing, fewest: int, more: int, helped: Sequence[Pair], others: Sequence[Pair]) -> str:
    total = wording.count(len(helped) + len(others), "cell")
    text = f"With {counted.count(more)} instead of {fewest}, {len(others)} of {total} took longer"
    slowest = _slowest(others)
    text += f", up to {slowest}" if slowest else ""
    text += f", and {len(helped)} took less time ({_gains(helped)})" if helped else ""
    return f"{text}; not decided{judged_pairs.why_undecided([*helped, *others])}."


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
