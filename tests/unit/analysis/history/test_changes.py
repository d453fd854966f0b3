"""Changes: steps of a history, and what a side-by-side run says about them."""

from collections.abc import Sequence

import pytest

from featray.analysis import history
from featray.analysis.comparison import NO_NOISE, Noise
from featray.analysis.history import ChangeState, HistoryChange
from featray.core.row import Row
from tests.support.builders import RTX3090
from tests.support.histories import NEW, OLD, make_history, make_import, make_session, make_side_by_side


def changes_of(rows: Sequence[Row], noise: Noise = NO_NOISE) -> list[HistoryChange]:
    return [change for series in history.gather(rows) for change in history.find_changes(series, noise)]


def test_a_step_is_suspected_with_its_versions_and_what_else_changed() -> None:
    rows = [
        *(row for day in range(10) for row in make_session(day, 0.76, **OLD, driver="570.1")),
        *(row for day in range(10, 20) for row in make_session(day, 0.84, **NEW, driver="580.2")),
    ]
    (change,) = changes_of(rows)
    assert change.state is ChangeState.SUSPECTED
    assert (change.before.moment[:10], change.after.moment[:10]) == ("2026-01-10", "2026-01-11")
    assert change.differing == ("py-feat 2.1.5 -> 2.2.0", "driver 570.1 -> 580.2")
    assert change.step.ratio == pytest.approx(0.84 / 0.76, rel=0.01)
    assert change.can_be_confirmed


def test_a_busier_machine_since_a_step_is_named() -> None:
    quiet = [row for day in range(6) for row in make_session(day, 0.76, cpu_other=0.02)]
    busy = [row for day in range(6, 12) for row in make_session(day, 0.84, cpu_other=0.5)]
    (change,) = changes_of([*quiet, *busy])
    assert change.differing == ("other processes 2% -> 50%",)


def test_a_side_by_side_run_confirms_a_step() -> None:
    (change,) = changes_of([*make_history(10, 10), *make_side_by_side(25, (0.76, 0.84))])
    assert change.state is ChangeState.CONFIRMED
    assert change.pair is not None


@pytest.mark.parametrize("times_s", [(0.76, 0.76), (0.84, 0.76)])
def test_a_side_by_side_run_refutes_a_step(times_s: tuple[float, float]) -> None:
    (change,) = changes_of([*make_history(10, 10), *make_side_by_side(25, times_s)])
    assert change.state is ChangeState.REFUTED


def test_an_undecided_side_by_side_run_leaves_a_step_suspected() -> None:
    (change,) = changes_of([*make_history(10, 10), *make_side_by_side(25, (0.76, 0.80), sd=0.3)])
    assert change.state is ChangeState.SUSPECTED
    assert change.pair is not None
    assert change.pair.verdict == "INCONCLUSIVE"


def test_a_step_without_a_new_version_cannot_be_confirmed_by_a_sweep() -> None:
    rows = [row for day in range(20) for row in make_session(day, 0.76 if day < 10 else 0.9, **OLD)]
    (change,) = changes_of(rows)
    assert change.state is ChangeState.SUSPECTED
    assert not change.can_be_confirmed
    assert change.differing == ()


def test_a_history_without_a_step_has_none() -> None:
    assert changes_of(make_history(10, 10, ratio=1.0)) == []


def test_imports_alone_make_no_step_and_do_not_move_one() -> None:
    cliff = [make_import(day, call_s=0.5 if day < 12 else 1.0) for day in range(1, 25)]
    assert changes_of(cliff) == []
    (alone,), (among,) = changes_of(make_history(10, 10)), changes_of([*make_history(10, 10), *cliff])
    assert among.step == alone.step


def test_the_spread_between_sessions_is_learned_from_equal_work_with_equal_versions() -> None:
    steady = history.find_spreads(make_history(10, 10))[RTX3090["target_id"]]
    rows = [row for day in range(20) for row in make_session(day, 0.76 * (1.1 if day % 2 else 1), **OLD)]
    shaken = history.find_spreads(rows)[RTX3090["target_id"]]
    assert steady.sd < 0.02 < 0.04 < shaken.sd
    assert steady.sessions == 10


def test_a_sweep_that_cannot_ask_for_a_build_of_torch_confirms_a_step_of_another_build() -> None:
    nightly = [
        *(row for day in range(10) for row in make_session(day, 0.76, **OLD, torch="2.11.0+cu128")),
        *(row for day in range(10, 20) for row in make_session(day, 0.84, **NEW, torch="2.11.0+cu128")),
    ]
    (change,) = changes_of([*nightly, *make_side_by_side(25, (0.76, 0.84), torch="2.11.0+cu130")])
    assert change.state is ChangeState.CONFIRMED


def test_builds_of_one_torch_are_told_apart_where_they_are_what_changed() -> None:
    rows = [
        *(row for day in range(10) for row in make_session(day, 0.76, **OLD, torch="2.11.0+cpu")),
        *(row for day in range(10, 20) for row in make_session(day, 0.84, **OLD, torch="2.11.0+cu130")),
    ]
    (change,) = changes_of(rows)
    assert (change.state, change.pair) == (ChangeState.SUSPECTED, None)


def test_a_step_of_one_software_names_the_environments_that_differ() -> None:
    rows = [
        row
        for day in range(20)
        for row in make_session(
            day,
            0.76 if day < 10 else 0.9,
            environment=f"night-{day // 10}",
            requirements=[f"tick=={day // 10}"],
        )
    ]
    (series,) = history.gather(rows)
    (change,) = history.find_changes(series, NO_NOISE)
    assert "environment night-0 -> night-1" in change.differing
