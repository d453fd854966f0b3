"""What verdicts call true and false, with fewer pairs than tests/benchmarks/verdicts.py: 1500 seeded pairs a line."""

import pytest

from featray.stats import Verdict
from tests.benchmarks import verdicts
from tests.benchmarks.verdicts import DIFFERENT, INTERLEAVED, share

pytestmark = pytest.mark.long

PAIRS = 1500


@pytest.mark.parametrize("noise", INTERLEAVED)
def test_identical_pairs_of_one_run_are_rarely_called_different(noise: str) -> None:
    new, _ = verdicts.interleaved(noise, PAIRS)
    assert share(new, *DIFFERENT) <= 0.065  # 6%, and the error of 1500 pairs


def test_ten_percent_are_found_by_five_processes_a_side() -> None:
    new, _ = verdicts.interleaved("sd 4%", PAIRS, ratio=1.10, count=5)
    assert share(new, Verdict.SLOWER) >= 0.87


def test_identical_pairs_are_equivalent_under_linear_drift() -> None:
    new, old = verdicts.interleaved("linear drift 10%, sd 2%", PAIRS)
    assert share(new, Verdict.EQUIVALENT) >= 0.55 > share(old, Verdict.EQUIVALENT)


@pytest.mark.parametrize(("session_sd", "most"), [(0.0, 0.05), (0.02, 0.05), (0.03, 0.05), (0.05, 0.20)])
def test_identical_runs_are_rarely_called_different_by_the_assumed_spread(session_sd: float, most: float) -> None:
    new, _ = verdicts.apart(PAIRS, session_sd=session_sd)
    assert share(new, *DIFFERENT) <= most


@pytest.mark.parametrize("session_sd", [0.0, 0.03, 0.05, 0.08])
@pytest.mark.parametrize("sessions", [3, 5])
def test_three_sessions_a_side_are_honest_whatever_their_spread(session_sd: float, sessions: int) -> None:
    new, _ = verdicts.apart(PAIRS, session_sd=session_sd, sessions=sessions, processes=3)
    assert share(new, *DIFFERENT) <= 0.055


def test_runs_that_differ_by_a_quarter_are_told_apart() -> None:
    new, _ = verdicts.apart(PAIRS, session_sd=0.03, ratio=1.25)
    assert share(new, Verdict.SLOWER) >= 0.95
