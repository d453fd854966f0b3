"""Change points: what is a step in a history, and what is scatter, drift, or too short to tell."""

import itertools
import random
from collections.abc import Sequence
from statistics import fmean

import numpy as np
import pytest

from featray.stats import SessionSpread
from featray.stats.change_points import SEGMENT_MIN, LevelStep, energy, find_changes
from featray.stats.sessions import ASSUMED, Basis

QUIET = SessionSpread(sd=0.01, freedom=12, sessions=13, basis=Basis.CALIBRATED)


def history(
    levels: Sequence[float], *, sd: float = 0.01, session_sd: float = 0.01, seed: int = 1, processes: int = 5
) -> list[list[float]]:
    """Make the log times of sessions around given levels."""
    rng = random.Random(seed)
    centres = [level + rng.gauss(0, session_sd) for level in levels]
    return [[rng.gauss(centre, sd) for _ in range(processes)] for centre in centres]


def energy_by_its_definition(left: Sequence[float], right: Sequence[float]) -> float:
    """Compute the statistic of one split as Matteson & James define it: with the mean over all pairs."""
    between = fmean(abs(x - y) for x in left for y in right)
    within = [fmean(abs(x - y) for x, y in itertools.combinations(side, 2)) for side in (left, right)]
    return len(left) * len(right) / (len(left) + len(right)) * (2 * between - sum(within))


def test_the_energy_of_every_split_is_that_of_the_definition() -> None:
    rng = random.Random(3)
    levels = [rng.gauss(0, 1) for _ in range(15)]
    computed = energy(np.asarray(levels))
    for split in range(SEGMENT_MIN, 15 - SEGMENT_MIN + 1):
        assert computed[split] == pytest.approx(energy_by_its_definition(levels[:split], levels[split:]))
    assert np.isneginf(computed[:SEGMENT_MIN]).all()
    assert np.isneginf(computed[15 - SEGMENT_MIN + 1 :]).all()


def test_a_step_is_found_where_it_is_with_its_ratio() -> None:
    (step,) = find_changes(history([0.0] * 12 + [0.1] * 10), spread=QUIET)
    assert step.index == 12
    assert step.low < 1.105 < step.high
    assert step.ratio == pytest.approx(1.105, abs=0.02)


def test_two_steps_are_found_in_order() -> None:
    steps = find_changes(history([0.0] * 12 + [0.2] * 12 + [0.05] * 12), spread=QUIET)
    assert [(step.first, step.index, step.last) for step in steps] == [(0, 12, 24), (12, 24, 36)]
    assert [step.ratio > 1 for step in steps] == [True, False]


@pytest.mark.parametrize("seed", range(5))
def test_scatter_is_no_step(seed: int) -> None:
    assert find_changes(history([0.0] * 40, sd=0.03, session_sd=0.03, seed=seed)) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_drift_is_no_step(seed: int) -> None:
    drift = [0.1 * place / 40 for place in range(40)]
    assert find_changes(history(drift, seed=seed), spread=QUIET) == []


def test_a_single_odd_session_is_no_step() -> None:
    assert find_changes(history([0.0] * 10 + [0.5] + [0.0] * 10), spread=QUIET) == []


def test_a_step_below_the_margin_is_not_worth_knowing() -> None:
    sessions = history([0.0] * 20 + [0.05] * 20, session_sd=0.001)
    assert find_changes(sessions, spread=QUIET, margin=0.1) == []
    assert len(find_changes(sessions, spread=QUIET, margin=0.03)) == 1


def test_a_short_history_tells_nothing() -> None:
    assert find_changes([]) == []
    assert find_changes(history([0.0] * 3 + [1.0] * 4)) == []


def test_a_noisier_store_makes_the_interval_wider() -> None:
    sessions = history([0.0] * 12 + [0.2] * 12)
    (quiet,), (assumed,) = find_changes(sessions, spread=QUIET), find_changes(sessions, spread=ASSUMED)
    assert assumed.high / assumed.low > quiet.high / quiet.low


def test_what_the_store_knows_of_its_noise_can_make_a_step_doubtful() -> None:
    loud = SessionSpread(sd=0.3, freedom=100, sessions=101, basis=Basis.CALIBRATED)
    assert find_changes(history([0.0] * 8 + [0.1] * 8), spread=loud) == []


def test_equal_times_have_no_step_and_an_exact_step_has_one() -> None:
    assert find_changes([[0.0]] * 20) == []
    steps: list[LevelStep] = find_changes([[0.0]] * 10 + [[0.5]] * 10)
    assert [step.index for step in steps] == [10]


def test_the_same_history_gives_the_same_answer() -> None:
    sessions = history([0.0] * 12 + [0.06] * 12, sd=0.03, session_sd=0.02)
    assert find_changes(sessions) == find_changes(sessions)
