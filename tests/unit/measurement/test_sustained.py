"""The sustained run: calls without a pause on an artificial clock, and their rate in each ten seconds."""

from collections.abc import Callable

import pytest

from featray.measurement import sustained


class Runner:
    """Calls that last as long as given, the last duration again and again."""

    def __init__(self, *seconds: float) -> None:
        self._seconds, self.now, self.calls = list(seconds), 0.0, 0

    def call(self) -> None:
        self.calls += 1
        self.now += self._seconds.pop(0) if len(self._seconds) > 1 else self._seconds[0]

    def clock(self) -> float:
        return self.now

    def measure(self, run_s: float, frames: int = 72) -> list[float]:
        return sustained.measure_rates(self.call, frames=frames, run_s=run_s, clock=self.clock)


def test_equal_calls_have_one_rate_in_every_window() -> None:
    runner = Runner(0.5)
    assert runner.measure(30.0) == pytest.approx([144.0, 144.0, 144.0])
    assert runner.calls == 60


def test_a_call_across_two_windows_counts_in_both_by_its_share() -> None:
    # Calls of 4 s: the third lasts from 8 to 12 s, half in each window. Every window has 2.5 calls.
    assert Runner(4.0).measure(20.0) == pytest.approx([18.0, 18.0])


def test_a_machine_that_slows_down_shows_it() -> None:
    runner = Runner(*[1.0] * 10, *[1.25] * 8, 2.0)
    assert runner.measure(30.0) == pytest.approx([72.0, 57.6, 36.0])


@pytest.mark.parametrize(("run_s", "windows"), [(14.0, 1), (15.0, 2), (16.0, 2), (20.0, 2), (24.9, 2)])
def test_a_last_window_of_under_five_seconds_is_left_out(run_s: float, windows: int) -> None:
    assert Runner(0.1).measure(run_s) == pytest.approx([720.0] * windows)


def test_a_call_longer_than_the_run_is_made_once_and_fills_its_windows() -> None:
    runner = Runner(36.0)
    assert runner.measure(20.0) == pytest.approx([2.0, 2.0, 2.0, 2.0])  # the last window has 6 s
    assert runner.calls == 1


def test_a_run_that_ends_between_windows_has_no_empty_one() -> None:
    assert Runner(10.0).measure(10.0) == pytest.approx([7.2])


def test_calls_too_short_for_the_clock_are_counted() -> None:
    ticks = iter([0.0, 0.0, 10.0])
    clock: Callable[[], float] = lambda: next(ticks)  # noqa: E731 - a clock that stands still once
    assert sustained.measure_rates(lambda: None, frames=10, run_s=10.0, clock=clock) == pytest.approx([2.0])
