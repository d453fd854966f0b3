"""Disturbances: the figures of rows that say how the machine was while they were measured."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import disturbances
from featray.core.row import Row
from tests.support.builders import CPU, make_rows


def rows_of(column: str, *values: Any, **changes: Any) -> list[Row]:
    """Make one invocation for each value of a column."""
    rows = make_rows([1.0] * len(values), **{**CPU, **changes})
    return [dataclasses.replace(row, **{column: value}) for row, value in zip(rows, values, strict=True)]


def test_a_disturbed_process_counts_with_its_share_as_in_the_mean_that_is_compared() -> None:
    assert disturbances.cpu_other(rows_of("cpu_other", 0.01, 0.91, 0.01, 0.01, 0.01)) == pytest.approx(0.19)


def test_what_no_row_has_is_unknown_and_what_some_have_is_theirs() -> None:
    assert disturbances.cpu_other(rows_of("cpu_other", None, None)) is None
    assert disturbances.cpu_other(rows_of("cpu_other", None, 0.4, None)) == 0.4
    assert disturbances.throttled(rows_of("throttled", None, True, False)) == 0.5


def test_of_cpus_that_others_took_entirely_a_thousandth_is_left() -> None:
    assert disturbances.log_left(0.0) == 0.0
    assert disturbances.log_left(1.0) == pytest.approx(-6.9078, abs=1e-4)


def test_a_load_counts_per_cpu() -> None:
    assert disturbances.load_per_cpu(rows_of("load_1m", 8.0, 12.0, 16.0, cpu_count=4)) == 3.0
    assert disturbances.load_per_cpu(rows_of("load_1m", 8.0, cpu_count=None)) is None


@pytest.mark.parametrize(("utilization", "share"), [(0.5, 0.1), (0.02, 1.0), (0.0, 0.0), (None, None)])
def test_steal_counts_in_the_time_in_which_there_was_work(utilization: float | None, share: float | None) -> None:
    assert disturbances.stolen(rows_of("steal_share", 0.05, cpu_utilization=utilization)) == share


def test_swap_that_was_full_before_is_no_growth() -> None:
    assert disturbances.swap_growth_b(rows_of("swap_used_b", 5_000, 5_000, 4_000)) == 0
    assert disturbances.swap_growth_b(rows_of("swap_used_b", 5_000, None, 9_000)) == 4_000
    two_runs = [*rows_of("swap_used_b", 0, 10), *rows_of("swap_used_b", 7_000, 7_005, run_id="demo-2")]
    assert disturbances.swap_growth_b(two_runs) == 10


def test_a_clock_is_a_share_of_the_highest() -> None:
    assert disturbances.relative_clock(rows_of("sm_clock_median_hz", 1.5e9, sm_clock_max_hz=3e9)) == 0.5
    assert disturbances.relative_clock(rows_of("sm_clock_median_hz", 1.5e9)) is None


def test_a_rule_is_unmet_in_a_share_of_the_invocations() -> None:
    rows = rows_of("unmet_rules", ["spread"], [], ["spread", "stages"], None)
    assert disturbances.unmet("spread")(rows) == pytest.approx(2 / 3)
    assert disturbances.unmet("warmup_trend")(rows) == 0
