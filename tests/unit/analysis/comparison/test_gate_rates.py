"""How often the gate is wrong, from rows to exit code; `tests.benchmarks.gates` has the full counts."""

import pytest

from tests.benchmarks import gates

pytestmark = pytest.mark.long

TIMES = 60
CHANCE = 0.10  # 6 of 60: more than that happens once in 100 such tests at the 4% that may be


@pytest.mark.parametrize("sd", gates.SDS)
def test_a_gate_of_eight_pairs_seldom_fails_where_nothing_changed(sd: float) -> None:
    assert gates.exit_codes(gates.one_run, sd, TIMES)[1] <= CHANCE


def test_a_gate_between_two_runs_seldom_fails_where_only_the_session_changed() -> None:
    assert gates.exit_codes(gates.two_runs, 0.04, TIMES)[1] <= CHANCE


@pytest.mark.parametrize("sd", [0.02, 0.04])
def test_a_planted_slowdown_fails_the_gate(sd: float) -> None:
    assert gates.exit_codes(gates.one_run, sd, TIMES // 4, planted=gates.PLANTED)[1] == 1
    assert gates.exit_codes(gates.two_runs, sd, TIMES // 4, planted=gates.PLANTED)[1] >= 0.9


@pytest.mark.parametrize("sd", gates.SDS)
def test_a_planted_slowdown_that_is_not_comparable_never_passes(sd: float) -> None:
    for design in (gates.one_run, gates.two_runs):
        shares = gates.exit_codes(design, sd, TIMES // 10, planted=gates.PLANTED, is_comparable=False)
        assert shares[0] == 0
        assert shares[6] > shares[1]
