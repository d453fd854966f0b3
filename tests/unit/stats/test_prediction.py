"""Between which times the next process lies."""

import math

import numpy as np
import pytest

from featray.stats import prediction


def test_of_equal_processes_only_the_session_is_left() -> None:
    half_width = prediction.prediction_half_width([0.5] * 5)
    assert half_width == pytest.approx(2.1788 * 0.03 * math.sqrt(2), rel=1e-3)  # t of 12 degrees of freedom


def test_a_single_process_has_the_assumed_spread() -> None:
    half_width = prediction.prediction_half_width([0.5])
    assert half_width == pytest.approx(2.1788 * math.hypot(0.04, 0.03) * math.sqrt(2), rel=1e-3)


@pytest.mark.parametrize("count", [1, 3, 5, 12])
def test_95_percent_of_new_processes_on_another_day_lie_within(count: int) -> None:
    random, held, trials = np.random.default_rng(count), 0, 2000
    for _ in range(trials):
        logs = random.normal(0, 0.04, count) + random.normal(0, 0.03)
        new = random.normal(0, 0.04) + random.normal(0, 0.03)
        held += abs(new - logs.mean()) <= prediction.prediction_half_width(logs.tolist())
    assert held / trials > 0.945  # 3 standard errors below 0.96, its least for these
