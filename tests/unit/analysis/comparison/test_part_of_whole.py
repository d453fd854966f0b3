"""One GPU and all GPUs of its host: measured side by side, block by block."""

import datetime

import pytest

from featray.analysis import comparison, units
from featray.analysis.comparison import Pair
from featray.core.row import Row
from featray.stats import Design
from tests.support.builders import BLACKWELL, STARTED, make_rows, make_whole_rows

DRIFT = (1.0, 1.1, 1.2, 1.3, 1.4)  # a machine that gets slower from block to block


def judge(alone: list[Row], whole: list[Row]) -> Pair:
    (one,), (all_,) = units.gather_sides(alone, whole)
    return comparison.judge(one, all_, ("targets",))


def test_blocks_of_one_run_pair_them() -> None:
    pair = judge(make_rows(DRIFT), make_whole_rows([time_s / 2 for time_s in DRIFT]))
    assert pair.decision is not None
    assert (pair.decision.design, pair.allowance) == (Design.BLOCKS, None)
    assert pair.decision.speedup == pytest.approx(2.0)


def test_what_was_measured_another_day_is_not_side_by_side() -> None:
    later = STARTED + datetime.timedelta(days=1)
    pair = judge(make_rows(DRIFT), make_whole_rows([time_s / 2 for time_s in DRIFT], started_at=later))
    assert pair.decision is not None
    assert pair.decision.design is Design.SESSIONS
    assert pair.allowance is not None
    assert "`featray submit demo --rerun` measures both side by side" in pair.allowance


def test_two_gpus_are_not_side_by_side() -> None:
    (one,), (other,) = units.gather_sides(make_rows(DRIFT), make_rows(DRIFT, **BLACKWELL))
    pair = comparison.judge(one, other, ("gpu",))
    assert pair.decision is not None
    assert pair.decision.design is Design.SESSIONS
