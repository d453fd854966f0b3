"""Speeds: repeated calls, and the end of sustained runs."""

import datetime
import math

import pytest

from featray.analysis import units
from featray.analysis.advice import candidates, settings, speeds
from featray.analysis.unit import Unit
from tests.support.builders import make_row, make_rows


def gather(*windows: list[float] | None, timed_s: float = 0.72) -> Unit:
    """Gather one unit; each invocation has a sustained run with these speeds per window, or none."""
    rows = [
        make_row(invocation=number, timed_s=[timed_s] * 3, sustained_hz=hz)
        for number, hz in enumerate(windows, start=1)
    ]
    (unit,) = units.gather(rows)
    return unit


@pytest.mark.parametrize(
    ("windows", "hz", "decay"),
    [
        pytest.param([100, 95, 90, 88, 86, 88], 88, 0.12, id="the last three windows"),
        pytest.param([100, 90, 40, 88], 88, 0.12, id="one stray window of three"),
        pytest.param([70, 70, 70, 70, 70, 40], 70, 3 / 7, id="the last window is told as lost"),
        pytest.param([50, 50, 50], 50, 0.0, id="no decay"),
        pytest.param([100, 80], 80, 0.2, id="the first window never counts"),
        pytest.param([100], 100, None, id="a single window"),
    ],
)
def test_the_end_of_a_sustained_run_is_the_speed(windows: list[float], hz: float, decay: float | None) -> None:
    speed = speeds.of_unit(gather(windows))
    assert speed.is_sustained
    assert speed.hz == pytest.approx(hz)
    assert speed.decay == (None if decay is None else pytest.approx(decay, abs=1e-6))
    assert not (decay == 0 and str(speed.decay) != "0.0")


def test_without_a_sustained_run_in_every_invocation_repeated_calls_are_the_speed() -> None:
    for unit in (gather(None), gather([100, 90], None), gather([100, 0]), gather([])):
        speed = speeds.of_unit(unit)
        assert (speed.is_sustained, speed.decay) == (False, None)
        assert speed.hz == pytest.approx(100)


def test_an_interval_needs_three_invocations() -> None:
    assert speeds.of_unit(gather([100, 90], [100, 92])).low is None
    speed = speeds.of_unit(gather([100, 90], [100, 92], [100, 94]))
    assert speed.low is not None
    assert speed.high is not None
    assert speed.low < speed.hz < speed.high


def test_units_are_compared_by_their_sustained_runs_only_if_all_have_one() -> None:
    steady, without = gather([100, 90], [100, 92]), gather(None)
    assert [unit.medians_s for unit in speeds.alike([steady, steady])] == [
        [pytest.approx(72 / 90), pytest.approx(72 / 92)]
    ] * 2
    assert speeds.alike([steady, without]) == [steady, without]


def test_earlier_runs_of_the_same_work_count_with_the_latest_as_in_comparisons() -> None:
    rows = [
        row
        for day, medians_s in ((26, [1.0, 1.0, 1.0]), (27, [1.2, 1.2, 1.2]))
        for row in make_rows(
            medians_s, run_id=f"run-{day}", started_at=datetime.datetime(2026, 11, day, tzinfo=datetime.UTC)
        )
    ]
    (candidate,) = candidates.gather(units.gather(rows))
    speed = settings.choose([candidate]).speed
    assert speed.hz == pytest.approx(72 / math.sqrt(1.2))
    assert speed.run_ids == ("run-27", "run-26")
    assert speed.low is not None
    assert speed.low < 72 / 1.2
    assert [speeds.of_unit(unit).hz for unit in units.gather(rows)] == pytest.approx([72.0, 60.0])
