"""Judged pairs: what the sentences of findings may say about ratios.

Flow: pairs of units -> `judge_groups` -> `JudgedPairs` -> `device_ratios`, `worker_counts`, `model_choices`,
`detector_ranking`. Pure.
Only a decided ratio is a fact. A sentence about the others says what was measured, and that it is not decided.
"""

import dataclasses
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from featray import stats
from featray.analysis import comparison
from featray.analysis.comparison import Pair
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis.finding import Figure
from featray.analysis.unit import Unit, UnitKey
from featray.core import wording
from featray.stats import Verdict

CHOSEN = ("batch_size", "num_workers", "threads", "processes", "environment")
"""What a best setting was chosen by."""


@dataclasses.dataclass(frozen=True)
class JudgedPairs:
    """Pairs with a ratio by what can be said of them, and those of unlike work."""

    decided: tuple[Pair, ...]
    undecided: tuple[Pair, ...]
    not_comparable: tuple[Pair, ...]

    @property
    def told(self) -> tuple[Pair, ...]:
        """Give the pairs whose ratios a sentence is about: the decided ones, or else the undecided."""
        return self.decided or self.undecided

    @property
    def total(self) -> int:
        """Count all pairs."""
        return len(self.decided) + len(self.undecided) + len(self.not_comparable)


K = TypeVar("K", bound=Hashable)


def judge_groups(
    groups: Mapping[K, Sequence[tuple[Unit, Unit]]],
    over: Collection[str],
    margin: float,
    noise: Noise,
    *,
    best_of: Collection[str] = (),
) -> dict[K, JudgedPairs]:
    """Judge the pairs of one kind of finding, with daggers for the number of all of them.

    Args:
        groups: Pairs of each finding: baseline and candidate.
        over: Keys that are expected to differ.
        margin: Least log ratio that counts.
        noise: What is known of the targets' spread.
        best_of: Keys that were chosen on each side for the best time.
    """
    pairs = [(key, pair) for key, members in groups.items() for pair in members]
    judged = comparison.mark_daggers(
        [comparison.judge(*pair, over, margin=margin, noise=noise, best_of=best_of) for _, pair in pairs]
    )
    by_key: dict[K, list[Pair]] = {key: [] for key in groups}
    for (key, _), pair in zip(pairs, judged, strict=True):
        by_key[key].append(pair)
    return {key: sort(members) for key, members in by_key.items()}


def sort(pairs: Iterable[Pair]) -> JudgedPairs:
    """Sort pairs by what can be said of them; pairs without a number on a side are left out."""
    pairs = list(pairs)
    timed = [pair for pair in pairs if pair.decision]
    return JudgedPairs(
        decided=tuple(pair for pair in timed if pair.is_decided),
        undecided=tuple(pair for pair in timed if not pair.is_decided),
        not_comparable=tuple(pair for pair in pairs if pair.verdict is Verdict.NOT_COMPARABLE),
    )


def counts(pairs: JudgedPairs) -> dict[str, Figure]:
    """Count the pairs, for a finding's figures."""
    return {"pairs": pairs.total, "decided": len(pairs.decided)}


def range_figures(ratios: Collection[float], pairs: JudgedPairs) -> dict[str, Figure]:
    """Give the range of the ratios that a finding tells, and the counts of its pairs."""
    return {"ratio_low": min(ratios), "ratio_high": max(ratios), **counts(pairs)}


def list_units(pairs: JudgedPairs) -> tuple[UnitKey, ...]:
    """List the units of both sides of every pair that is told, each once."""
    return tuple(dict.fromkeys(unit.key for pair in pairs.told for unit in (pair.baseline, pair.candidate)))


def speedups(pairs: Iterable[Pair]) -> list[float]:
    """Give the candidate's speed over the baseline's."""
    return [pair.decision.speedup for pair in pairs if pair.decision]


def span(ratios: Iterable[float]) -> str:
    """Write a range of ratios: `3.5x to 14x`, or `3.5x`."""
    ratios = list(ratios)
    return " to ".join(dict.fromkeys(map(times, (min(ratios), max(ratios)))))


def times(ratio: float) -> str:
    """Write a ratio with two digits, close to 1 with three: `14x`, `3.5x`, `1.04x`."""
    is_close = abs(ratio - 1) < CLOSE
    return wording.times(ratio) if is_close else f"{wording.digits(ratio)}x"


CLOSE = 0.095  # a ratio nearer to 1 would be written as 1.0x


def why_undecided(pairs: Collection[Pair]) -> str:
    """Say why pairs are not decided, in brackets, if the reason is the same for all; empty if it is not."""
    sides = [(pair.baseline, pair.candidate) for pair in pairs]
    if all(any(unit.is_imported for unit in pair) for pair in sides):
        return " (imported from reports)"
    if all(min(len(unit.logs) for unit in pair) < stats.INVOCATIONS_MIN for pair in sides):
        return f" (fewer than {stats.INVOCATIONS_MIN} invocations)"
    return ""


def remarks(pairs: JudgedPairs, noun: str) -> str:
    """Write what a sentence about the decided pairs leaves out, such as ` Not decided: 2 of 9 cells.`, or nothing.

    Args:
        pairs: All pairs of the sentence.
        noun: What one pair is.
    """
    text = ""
    if pairs.decided and pairs.undecided:
        share = f"{len(pairs.undecided)} of {wording.count(pairs.total, noun)}"
        text += f" Not decided: {share}{why_undecided(pairs.undecided)}."
    if pairs.not_comparable:
        share = f"{len(pairs.not_comparable)} of {wording.count(pairs.total, noun)}"
        text += f" Not comparable, because the work differs: {share}."
    return text
