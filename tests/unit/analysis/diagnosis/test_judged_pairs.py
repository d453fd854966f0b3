"""Judged pairs: what sentences may say about ratios."""

import dataclasses

from featray import stats
from featray.analysis import units
from featray.analysis.comparison import NO_NOISE, Pair
from featray.analysis.diagnosis import judged_pairs
from featray.analysis.diagnosis.judged_pairs import JudgedPairs
from tests.support.builders import CPU
from tests.support.findings import IMPORTED, make_unit_rows


def judge(*seconds: float, **changes: object) -> JudgedPairs:
    """Judge the processor's times against 1 s on the GPU, one input for each."""
    pairs = []
    for number, call_s in enumerate(seconds):
        (gpu,) = units.gather(make_unit_rows(1.0, input=f"clip-{number}"))
        (cpu,) = units.gather(make_unit_rows(call_s, input=f"clip-{number}", **{**CPU, **changes}))
        pairs.append((cpu, gpu))
    return judged_pairs.judge_groups({"all": pairs}, ("device",), stats.MARGIN, NO_NOISE)["all"]


def daggered(pair: Pair) -> Pair:
    return dataclasses.replace(pair, dagger=True)


def test_decided_and_undecided_pairs_are_separated() -> None:
    pairs = judge(4.0, 1.02)
    assert (len(pairs.decided), len(pairs.undecided), pairs.total) == (1, 1, 2)
    assert pairs.told == pairs.decided


def test_a_difference_that_may_be_chance_is_undecided() -> None:
    pairs = judge(4.0)
    assert judged_pairs.sort([daggered(pair) for pair in pairs.decided]).decided == ()


def test_imports_are_undecided_for_their_origin() -> None:
    pairs = judge(4.0, **IMPORTED)
    assert pairs.told == pairs.undecided
    assert judged_pairs.why_undecided(pairs.undecided) == " (imported from reports)"


def test_what_is_left_out_is_said() -> None:
    assert judged_pairs.remarks(judge(4.0, 1.02), "cell") == " Not decided: 1 of 2 cells."
    assert judged_pairs.remarks(judge(4.0), "cell") == ""
    unlike = judge(4.0, faces=1)
    assert judged_pairs.remarks(unlike, "cell") == " Not comparable, because the work differs: 1 of 1 cell."


def test_a_span_of_equal_ratios_is_one_ratio() -> None:
    assert judged_pairs.span([3.51, 3.49]) == "3.5x"
    assert judged_pairs.span([14.2, 3.5]) == "3.5x to 14x"


def test_a_ratio_close_to_one_keeps_its_digits() -> None:
    assert [judged_pairs.times(ratio) for ratio in (0.97, 1.04, 1.1, 2.0)] == ["0.97x", "1.04x", "1.1x", "2.0x"]
