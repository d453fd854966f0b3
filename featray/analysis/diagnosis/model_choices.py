"""Model choices: detectors that differ in a single part, such as the model of the action units.

Flow: best settings -> `findings`. Pure. Another model is other work: a ratio says what the part costs, and not which of
the two is better.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations

from featray.analysis import output_agreement, unit_wording
from featray.analysis.comparison import Pair, keys
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis import judged_pairs
from featray.analysis.diagnosis.batch_curves import BestBatch, group_by_input_and_target
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.diagnosis.judged_pairs import CHOSEN, JudgedPairs
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import Verdict

ALL_PAIRS_MAX = 6
"""Alternatives of a part that are all compared with each other, in 15 pairs. More are compared with the first alone."""

ModelChoice = tuple[str, str, str]
"""The part, and its value on both sides: `("au_model", "svm", "xgb")`."""


def findings(best: Sequence[BestBatch], margin: float, noise: Noise) -> Iterator[Finding]:
    """Compare the best settings of each two detectors that differ in one part, on the same input and target."""
    choices: dict[ModelChoice, list[tuple[Unit, Unit]]] = {}
    for members in group_by_input_and_target(best).values():
        for part, alternatives in _alternatives([batch.unit for batch in members]):
            for (first, baseline), (second, candidate) in _pairs(alternatives):
                choices.setdefault((part, first, second), []).append((baseline, candidate))
    for part in dict.fromkeys(part for part, _, _ in choices):
        own = {choice: pairs for choice, pairs in choices.items() if choice[0] == part}
        for choice, pairs in judged_pairs.judge_groups(own, (part, *CHOSEN), margin, noise, best_of=CHOSEN).items():
            if pairs.told:
                yield _finding(choice, pairs)


def _pairs(alternatives: Mapping[str, Unit]) -> Iterator[tuple[tuple[str, Unit], tuple[str, Unit]]]:
    """Pair the alternatives of a part: all of them while they are few, else each with the first of the report."""
    if len(alternatives) <= ALL_PAIRS_MAX:
        yield from combinations(sorted(alternatives.items()), 2)
    else:
        first, *others = alternatives.items()
        yield from ((first, other) for other in others)


def _alternatives(units: Sequence[Unit]) -> Iterator[tuple[str, dict[str, Unit]]]:
    """Give each part in which some detectors differ although all their other parts are equal, with its values."""
    groups: dict[tuple[str, Hashable], dict[str, Unit]] = {}
    for unit in units:
        parts = _parts(unit)
        for part in parts:
            others = frozenset(entry for entry in parts.items() if entry[0] != part)
            groups.setdefault((part, others), {}).setdefault(str(keys.work_value(unit, part)), unit)
    for (part, _), alternatives in groups.items():
        if len(alternatives) > 1:
            yield part, alternatives


def _parts(unit: Unit) -> Mapping[str, str]:
    """Give what was resolved of a detector, without its weight files, which follow from its models."""
    work = unit.row.work or {}
    return {
        key: value
        for key, value in work.items()
        if key not in keys.INPUT_KEYS and not key.startswith(keys.WEIGHT_FILE) and key != keys.KIND_OF_WEIGHTS
    }


def _finding(choice: ModelChoice, pairs: JudgedPairs) -> Finding:
    part, first, second = choice
    ratios = judged_pairs.speedups(pairs.told)
    if sum(ratio > 1 for ratio in ratios) * 2 < len(ratios):
        first, second, ratios = second, first, [1 / ratio for ratio in ratios]
    where = wording.phrases([_where(pair, ratio) for pair, ratio in zip(pairs.told, ratios, strict=True)])
    span = judged_pairs.span(ratios)
    is_tie = bool(pairs.decided) and all(pair.verdict is Verdict.EQUIVALENT for pair in pairs.decided)
    text = (
        f"{part} {first} and {second} are equally fast with everything else equal ({_places(pairs.decided)})."
        if is_tie
        else f"{part} {second} is {span} as fast as {first} with everything else equal ({where})."
        if pairs.decided
        else f"{part} {second} measured {span} the speed of {first} with everything else equal ({where}); "
        f"not decided{judged_pairs.why_undecided(pairs.told)}."
    )
    return Finding(
        kind=FindingKind.MODELS,
        text=f"{text}{judged_pairs.remarks(pairs, 'best setting')} {_about_outputs(pairs.told)}",
        figures=judged_pairs.range_figures(ratios, pairs),
        units=judged_pairs.list_units(pairs),
    )


def _about_outputs(pairs: Sequence[Pair]) -> str:
    """Say whether the outputs of two alternatives differ, as far as the rows tell."""
    sides = [(pair.baseline.row, pair.candidate.row) for pair in pairs]
    if any(before.faces != after.faces or output_agreement.differ(before, after) for before, after in sides):
        return "This is not the same work: their outputs differ."
    if all(before.output_sums and after.output_sums for before, after in sides):
        return "Their outputs are the same."
    return "This is not the same work: their outputs may differ."


def _places(pairs: Sequence[Pair]) -> str:
    return wording.phrases(
        [f"{unit_wording.clip(pair.candidate.row)}, {unit_wording.place(pair.candidate)}" for pair in pairs]
    )


def _where(pair: Pair, ratio: float) -> str:
    row = pair.candidate.row
    return f"{unit_wording.clip(row)}, {unit_wording.place(pair.candidate)} {judged_pairs.times(ratio)}"
