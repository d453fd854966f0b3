"""Settings: the smallest of the equally good ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import candidates, settings
from featray.analysis.advice.settings import Setting
from featray.core.row import Row
from tests.support.builders import BLACKWELL, make_row, make_rows


def choose(rows: Sequence[Row]) -> Setting:
    return settings.choose(candidates.gather(units.gather(rows)))


def curve(medians_s: Mapping[int, Sequence[float]], **columns: Any) -> list[Row]:
    """Make a batch curve of one run: batch size -> medians of its invocations."""
    return [row for batch, values in medians_s.items() for row in make_rows(values, batch_size=batch, **columns)]


STEADY = (0.99, 1.0, 1.01, 0.995, 1.005)


def around(median_s: float, spread: float = 1.0) -> list[float]:
    return [median_s * (1 + spread * (share - 1)) for share in STEADY]


@pytest.mark.parametrize(
    ("medians_s", "best", "tied"),
    [
        pytest.param({1: around(2.0), 4: around(1.01), 16: around(1.0)}, 4, (4, 16), id="equivalent"),
        pytest.param({1: around(2.0), 4: around(1.2), 16: around(1.0)}, 16, (16,), id="decided"),
        pytest.param({4: around(1.04, 8), 16: around(1.0, -8)}, 4, (4, 16), id="too noisy to decide"),
        pytest.param({4: [1.05], 16: [1.0]}, 4, (4, 16), id="single measurements within 11%"),
        pytest.param({4: [1.2], 16: [1.0]}, 16, (16,), id="single measurements beyond 11%"),
        pytest.param({1: around(1.0), 4: around(1.0), 16: around(1.0)}, 1, (1, 4, 16), id="all alike"),
    ],
)
def test_of_equally_good_batches_the_smallest_is_chosen(
    medians_s: Mapping[int, Sequence[float]], best: int, tied: tuple[int, ...]
) -> None:
    setting = choose(curve(medians_s))
    assert (setting.unit.row.batch_size, setting.tied) == (best, tied)


def test_each_equally_good_setting_has_its_verdict_against_the_fastest() -> None:
    setting = choose(curve({4: around(1.01), 8: around(1.02, 10), 16: around(1.0)}))
    assert setting.fastest.row.batch_size == 16
    verdicts = {pair.candidate.row.batch_size: str(pair.verdict) for pair in setting.equals}
    assert verdicts == {4: "EQUIVALENT", 8: "INCONCLUSIVE"}


def test_a_difference_with_a_dagger_is_not_decided() -> None:
    barely = [1.0, 1.02, 1.08, 1.1, 1.06]  # slower than 1.0 at p = 0.03, which fails beside nine equal settings
    others = {batch: around(1.0) for batch in range(2, 11)}
    alone = choose(curve({1: barely, 16: around(1.0)}))
    among = choose(curve({1: barely, 16: around(0.999), **others}))
    assert alone.tied == (16,)
    assert 1 in among.tied
    assert [pair.dagger for pair in among.equals if pair.candidate.row.batch_size == 1] == [True]


def test_fewer_workers_and_threads_are_smaller() -> None:
    rows = [
        row
        for workers, threads in ((2, 1), (0, 4), (0, 1))
        for row in make_rows(around(1.0), num_workers=workers, threads=threads)
    ]
    row = choose(rows).unit.row
    assert (row.num_workers, row.omp_num_threads) == (0, "1")


def test_a_batch_that_computes_something_else_is_not_equally_good() -> None:
    setting = choose([*curve({4: around(1.0)}, faces=1), *curve({16: around(0.99)}, faces=72)])
    assert setting.tied == (16,)


def test_less_trusted_settings_do_not_compete() -> None:
    rows = [*curve({16: around(1.0)}), make_row(batch_size=64, timed_s=[0.1])]
    rows += [*curve({32: around(0.2)}), make_row(batch_size=32, invocation=6, status="oom")]
    setting = choose(rows)
    assert setting.tied == (16,)
    assert sorted(candidate.unit.row.batch_size for candidate in setting.weaker) == [32, 64]


def test_sustained_runs_decide_where_every_setting_has_one() -> None:
    slow_down = curve({64: around(0.5)}, sustained_hz=[144.0, 60.0])
    steady = curve({16: around(0.72)}, sustained_hz=[100.0, 99.0])
    setting = choose([*slow_down, *steady])
    assert setting.unit.row.batch_size == 16
    assert setting.frames_per_s == pytest.approx(99)
    assert choose([*slow_down, *curve({16: around(0.72)})]).unit.row.batch_size == 64


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (make_rows(around(2.0), **BLACKWELL), "SLOWER"),
        (make_rows([2.0], **BLACKWELL), "INCONCLUSIVE"),
        (make_rows(around(2.0), detector="img2pose"), "SLOWER"),
        (make_rows(around(2.0), faces=1, **BLACKWELL), "NOT COMPARABLE"),
    ],
)
def test_other_detectors_and_targets_are_compared_with_the_best(other: list[Row], verdict: str) -> None:
    assert settings.against(choose(make_rows(around(1.0))), choose(other)).verdict == verdict
