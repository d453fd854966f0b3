"""Trend: whether calls still get faster, on series worked by hand and on many simulated cells."""

import dataclasses
import functools
import math
import random
import statistics
from collections.abc import Iterable, Sequence

import pytest

from featray.core.rules import Rules
from featray.measurement import protocol, trend
from featray.measurement.protocol import Calls, Repeat, Timings


def decay(*falls: float) -> list[float]:
    """Make calls of which each is shorter than the one before by a share, from 1 s."""
    seconds = [1.0]
    for share in falls:
        seconds.append(seconds[-1] * (1 - share))
    return seconds


def test_the_fall_is_that_of_the_fitted_line_over_all_calls() -> None:
    assert trend.fall([1.0, 1.0, 1.0]) == 0.0
    assert trend.fall(decay(0.01, 0.01)) == pytest.approx(-2 * math.log(0.99))
    assert trend.fall([1.0, 1.5, 1.0]) == pytest.approx(0.0)  # a stray call in the middle has no slope
    assert trend.fall([1.0, 1.1]) == pytest.approx(-math.log(1.1))  # rising


def test_calls_too_short_for_the_clock_have_no_trend() -> None:
    assert trend.fall([0.0, 1.0, 0.5]) == 0.0
    assert not trend.is_falling([0.0, 0.0, 0.0])
    assert not trend.is_still_falling([0.0] * 6)


def test_three_calls_may_fall_by_two_percent_together() -> None:
    assert not trend.is_falling(decay(0.009, 0.009))
    assert trend.is_falling(decay(0.011, 0.011))


def test_two_calls_are_too_few_to_show_a_trend() -> None:
    assert not trend.is_falling(decay(0.5))


def test_from_four_calls_on_the_first_does_not_count() -> None:
    assert trend.is_falling([1.08, 1.0, 1.0])
    assert not trend.is_falling([1.08, 1.0, 1.0, 1.0])


def test_a_trend_that_has_ended_does_not_count() -> None:
    settling = [9.0, 1.1, 1.05, 1.0]
    assert trend.is_falling(settling)
    assert trend.is_falling([*settling, 1.0])
    assert not trend.is_falling([*settling, 1.0, 1.0])  # the last three are level


def test_calls_that_get_slower_are_no_trend_of_warm_up() -> None:
    assert not trend.is_falling([1.0, 1.02, 1.04, 1.06, 1.08])


def test_a_fall_counts_after_the_timed_calls_where_it_exceeds_their_scatter() -> None:
    steady_fall = decay(*[0.01] * 6)
    assert trend.is_still_falling(steady_fall)
    scattered = [
        second * factor for second, factor in zip(steady_fall, (1.0, 1.1, 0.9, 1.1, 0.9, 1.1, 1.0), strict=True)
    ]
    assert not trend.is_still_falling(scattered)
    assert not trend.is_still_falling(decay(*[0.003] * 6))  # significant, but 1.8% in all


# -- what the rule does in a whole measurement, simulated

CELLS = 300
WRONG = 0.05  # a median this far above the settled call is wrong: 3% matters to a verdict, scatter comes on top


@dataclasses.dataclass(frozen=True)
class SimulatedCells:
    """Cells of one kind, measured by the default rules."""

    timings: Sequence[Timings]

    @property
    def untimed_calls(self) -> float:
        return statistics.mean(len(timings.warmup_s) for timings in self.timings)

    @property
    def named(self) -> float:
        """Share of cells whose row names a trend."""
        return self._share(protocol.WARMUP_TREND in timings.unmet_rules for timings in self.timings)

    @property
    def wrong(self) -> float:
        """Share of cells that read too slow."""
        return self._share(_is_too_slow(timings) for timings in self.timings)

    @property
    def unnoticed(self) -> float:
        """Share of cells that read too slow while the row names no trend."""
        wrong = (timings for timings in self.timings if _is_too_slow(timings))
        return self._share(protocol.WARMUP_TREND not in timings.unmet_rules for timings in wrong)

    def _share(self, facts: Iterable[bool]) -> float:
        return sum(facts) / len(self.timings)


def _is_too_slow(timings: Timings) -> bool:
    return statistics.median(timings.timed_s) > 1 + WRONG


@functools.cache
def simulate(decay: float, over_calls: int, sd: float) -> SimulatedCells:
    """Measure cells whose calls fall in equal steps, over so many calls, to 1 s; their scatter is normal."""
    seeds = (f"{decay} {over_calls} {sd} {number}" for number in range(CELLS))
    return SimulatedCells([measure_cell(random.Random(seed), decay, over_calls, sd) for seed in seeds])


def measure_cell(scatter: random.Random, decay: float, over_calls: int, sd: float) -> Timings:
    made_s: list[float] = []

    def call() -> float:
        settling = 1 + decay * max(0.0, 1 - len(made_s) / over_calls)
        made_s.append(settling * max(0.01, scatter.gauss(1, sd)))
        return made_s[-1]

    calls = Calls(warm=call, time=lambda _: Repeat(seconds=call()), elapsed=lambda: sum(made_s), sleep=lambda _: None)
    return protocol.measure(calls, Rules(), frames=72, batch_size=1)


@pytest.mark.parametrize(
    ("sd", "untimed_calls", "named"), [(0.005, 3.05, 0.0), (0.01, 3.2, 0.02), (0.02, 3.5, 0.04), (0.04, 4.4, 0.06)]
)
def test_a_steady_cell_pays_little_for_the_rule(sd: float, untimed_calls: float, named: float) -> None:
    steady = simulate(0.0, 1, sd)
    assert steady.untimed_calls <= untimed_calls
    assert steady.named <= named
    assert steady.wrong <= 0.02


def test_a_cell_whose_calls_scatter_by_eight_percent_is_named_for_a_trend_now_and_then() -> None:
    assert simulate(0.0, 1, 0.08).named <= 0.15


@pytest.mark.parametrize("decay", [0.05, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("sd", [0.005, 0.01, 0.02])
def test_a_cell_that_settles_within_three_calls_is_timed_when_it_has_settled(decay: float, sd: float) -> None:
    assert simulate(decay, 3, sd).wrong == 0.0


@pytest.mark.parametrize(
    ("decay", "over_calls", "sd", "unnoticed"),
    [
        (0.1, 10, 0.005, 0.0),
        (0.3, 10, 0.005, 0.0),
        (0.3, 10, 0.01, 0.0),
        (0.3, 10, 0.02, 0.05),
        (0.3, 20, 0.005, 0.0),
        (0.3, 20, 0.01, 0.05),
        (0.5, 10, 0.02, 0.0),
        (0.5, 10, 0.04, 0.10),
        (0.5, 20, 0.005, 0.0),
        (0.5, 20, 0.01, 0.01),
    ],
)
def test_a_decay_that_is_larger_than_the_scatter_does_not_pass_unnoticed(
    decay: float, over_calls: int, sd: float, unnoticed: float
) -> None:
    assert simulate(decay, over_calls, sd).unnoticed <= unnoticed


@pytest.mark.parametrize(("decay", "over_calls"), [(0.3, 20), (0.5, 20), (0.1, 20)])
def test_a_slow_decay_in_large_scatter_is_named_more_often_than_none(decay: float, over_calls: int) -> None:
    # Half of these and more pass: six calls that scatter by 4% cannot show a fall of 1% per call.
    assert simulate(decay, over_calls, 0.04).named > simulate(0.0, 1, 0.04).named


def test_the_decay_that_once_read_twenty_percent_slow_now_reads_right_within_five_percent() -> None:
    medians = [statistics.median(timings.timed_s) for timings in simulate(0.3, 10, 0.005).timings]
    assert max(medians) < 1.05


def test_warm_up_ends_at_its_maximum_also_where_a_trend_is_left() -> None:
    endless = simulate(0.5, 20, 0.005)
    assert max(len(timings.warmup_s) for timings in endless.timings) == 8
    assert endless.named == 1.0
