"""What time and memory do as the input gets longer."""

import math
import random
from collections.abc import Callable

import pytest

from featray.stats import growth
from featray.stats.growth import CallGrowth, Coefficient

LENGTHS = (72, 288, 1152)
STARTUP_S, FRAME_S, CURVATURE_S = 0.8, 0.012, 2e-6


def measure(chance: random.Random, count: int = 5, noise: float = 0.02) -> CallGrowth:
    """Measure the planted detector: each process has its own pace, each call its own noise."""

    def process() -> dict[int, float]:
        pace = math.exp(chance.gauss(0, 0.04))
        return {
            frames: pace * (STARTUP_S + FRAME_S * frames + CURVATURE_S * frames**2) * math.exp(chance.gauss(0, noise))
            for frames in LENGTHS
        }

    fitted = growth.fit_calls([process() for _ in range(count)])
    assert fitted is not None
    return fitted


def holds(figure: Coefficient | None, truth: float) -> bool:
    assert figure
    assert figure.low is not None
    assert figure.high is not None
    return figure.low <= truth <= figure.high


def test_calls_without_noise_give_back_what_was_planted() -> None:
    fitted = measure(random.Random(0), count=1, noise=0.0)
    pace = fitted.frame_s.value / FRAME_S
    assert fitted.startup_s.value == pytest.approx(pace * STARTUP_S)
    assert fitted.curvature_s
    assert fitted.curvature_s.value == pytest.approx(pace * CURVATURE_S)
    assert fitted.startup_s.low is None  # one process has no interval


@pytest.mark.parametrize(
    ("truth", "read"),
    [
        (STARTUP_S, lambda fitted: fitted.startup_s),
        (FRAME_S, lambda fitted: fitted.frame_s),
        (CURVATURE_S, lambda fitted: fitted.curvature_s),
    ],
)
def test_the_intervals_hold_what_was_planted_in_95_of_100(
    truth: float, read: Callable[[CallGrowth], Coefficient]
) -> None:
    chance = random.Random(1)
    held = sum(holds(read(measure(chance)), truth) for _ in range(400))
    assert 0.92 <= held / 400 <= 0.98


def test_a_straight_line_is_called_curved_in_5_of_100() -> None:
    chance, count = random.Random(2), 0
    for _ in range(400):
        processes = [
            {frames: (STARTUP_S + FRAME_S * frames) * math.exp(chance.gauss(0, 0.02)) for frames in LENGTHS}
            for _ in range(5)
        ]
        fitted = growth.fit_calls(processes)
        assert fitted
        assert fitted.curvature_s
        count += fitted.curvature_s.chance < 0.05
    assert 0.02 <= count / 400 <= 0.08


def test_two_lengths_show_a_start_up_and_a_rate_but_no_curvature() -> None:
    fitted = growth.fit_calls([{10: 2.0, 30: 4.0}, {10: 2.0, 30: 4.0}, {10: 2.0, 30: 4.0}])
    assert fitted
    assert (fitted.startup_s.value, fitted.frame_s.value) == pytest.approx((1.0, 0.1))
    assert fitted.curvature_s is None


def test_four_lengths_are_fitted_by_the_smallest_relative_errors() -> None:
    fitted = growth.fit_calls([{frames: 1.0 + 0.1 * frames + 0.001 * frames**2 for frames in (10, 20, 40, 80)}])
    assert fitted
    assert fitted.curvature_s
    assert (fitted.startup_s.value, fitted.frame_s.value, fitted.curvature_s.value) == pytest.approx((1.0, 0.1, 0.001))


def test_a_process_that_lacks_a_length_counts_for_nothing() -> None:
    fitted = growth.fit_calls([{10: 2.0, 30: 4.0}, {10: 99.0}])
    assert fitted
    assert fitted.processes == 1
    assert growth.fit_calls([{10: 2.0}, {30: 4.0}]) is None
    assert growth.fit_calls([{10: 2.0}]) is None
    assert growth.fit_calls([]) is None


def kept_memory(chance: random.Random, slope: float, *, is_used_again: bool) -> list[list[tuple[int, float]]]:
    """Measure memory in five processes that keep what the longest call before took."""
    processes = []
    for _ in range(5):
        kept, cells = 0.0, []
        for frames in chance.sample(LENGTHS, 3):
            own = slope * frames
            peak = max(kept, own) if is_used_again else kept + own
            cells.append((frames, 1e9 + peak + chance.gauss(0, 1e6)))
            kept = max(kept, own)
        processes.append(cells)
    return processes


@pytest.mark.parametrize("is_used_again", [True, False])
def test_memory_that_a_process_keeps_does_not_hide_the_slope(is_used_again: bool) -> None:
    chance, held, measured = random.Random(3), 0, 0
    for _ in range(400):
        fitted = growth.fit_memory(kept_memory(chance, 20e3, is_used_again=is_used_again), is_kept=True)
        if fitted and fitted.frame_b.low is not None:
            measured += 1
            held += holds(fitted.frame_b, 20e3)
    assert measured > 390
    assert 0.92 <= held / measured <= 0.98


def test_memory_that_is_freed_counts_in_any_order() -> None:
    processes = [[(30, 1300.0), (10, 1100.0)], [(10, 1100.0), (30, 1300.0)], [(30, 1300.0), (10, 1100.0)]]
    fitted = growth.fit_memory(processes, is_kept=False)
    assert fitted
    assert (fitted.base_b.value, fitted.frame_b.value) == pytest.approx((1000.0, 10.0))
    assert fitted.frame_b.is_above_zero


def test_memory_of_one_length_has_no_slope() -> None:
    assert growth.fit_memory([[(10, 1.0)], [(10, 2.0)]], is_kept=True) is None
    assert growth.fit_memory([], is_kept=True) is None
