"""Idle power, on recorded counters and an artificial clock."""

from collections.abc import Callable, Sequence

import pytest

from featray.measurement import idle_power


class Bench:
    """A clock that runs only while somebody sleeps, and counters whose power changes each second."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def counter(self, *watts: float) -> Callable[[], float]:
        """Count joules at these powers, one per second; the last one goes on."""

        def read() -> float:
            whole = int(self.now_s)
            return sum(watts[min(second, len(watts) - 1)] for second in range(whole))

        return read

    def measure(self, **counters: Callable[[], float | None]) -> dict[str, float]:
        return idle_power.measure(counters, clock=lambda: self.now_s, sleep=self.sleep)


def test_a_steady_power_takes_two_windows() -> None:
    bench = Bench()
    assert bench.measure(idle_power_w=bench.counter(30.0)) == {"idle_power_w": 30.0}
    assert bench.now_s == 2.0


def test_a_gpu_that_still_slows_down_is_waited_for() -> None:
    bench = Bench()
    assert bench.measure(idle_power_w=bench.counter(120.0, 100.0, 60.0, 25.0, 25.0)) == {"idle_power_w": 25.0}
    assert bench.now_s == 5.0


def test_a_power_that_never_settles_does_not_hold_the_measurement() -> None:
    falling: Sequence[float] = [200 * 0.9**second for second in range(40)]
    bench = Bench()
    assert bench.measure(idle_power_w=bench.counter(*falling))["idle_power_w"] == pytest.approx(falling[7])
    assert bench.now_s == idle_power.WINDOWS_MAX


def test_all_counters_settle_together() -> None:
    bench = Bench()
    found = bench.measure(idle_power_w=bench.counter(30.0), cpu_idle_power_w=bench.counter(90.0, 50.0, 40.0, 40.0))
    assert found == {"idle_power_w": 30.0, "cpu_idle_power_w": 40.0}


def test_where_nothing_can_be_read_nothing_is_waited_for() -> None:
    bench = Bench()
    assert bench.measure(idle_power_w=lambda: None) == {}
    assert bench.measure() == {}
    assert bench.now_s == 0.0
