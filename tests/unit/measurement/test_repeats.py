"""Repeats: calls timed one by one or together, on an artificial clock."""

import pytest

from featray.core.rules import Rules
from featray.measurement import repeats


@pytest.mark.parametrize(
    ("call_s", "calls"),
    [
        (0.25, 1),  # 8 of them fill 2 s
        (0.24, 2),
        (0.1, 3),  # 0.25 s and a fifth more
        (0.01, 30),
        (1e-9, repeats.CALLS_MAX),
        (0.0, repeats.CALLS_MAX),  # shorter than the clock's resolution
    ],
)
def test_as_many_short_calls_are_a_repeat_as_fill_the_minimum_time_in_eight(call_s: float, calls: int) -> None:
    assert repeats.choose_calls(call_s, Rules()) == calls


def test_what_is_short_follows_from_the_rules() -> None:
    assert repeats.choose_calls(0.9, Rules(min_time_s=8.0)) == 2
    assert repeats.choose_calls(0.01, Rules(min_time_s=0.0)) == 1


def test_the_clock_is_read_with_the_device_idle_and_the_delay_counts() -> None:
    log: list[str] = []
    ticks = iter([10.0, 13.5])

    def clock() -> float:
        log.append("clock")
        return next(ticks)

    seconds, result = repeats.time_calls(
        lambda: log.append("call"),
        calls=1,
        synchronize=lambda: log.append("synchronize"),
        clock=clock,
        delay_s=0.25,
        sleep=lambda delay_s: log.append(f"sleep {delay_s}"),
    )
    assert (seconds, result) == (3.5, None)
    assert log == ["synchronize", "clock", "call", "sleep 0.25", "synchronize", "clock"]


def test_a_loop_of_calls_is_one_timing_and_waits_for_the_device_after_each_call() -> None:
    log: list[str] = []
    ticks = iter([10.0, 13.0])
    results = iter(["first", "second", "third"])

    def detect() -> str:
        log.append("call")
        return next(results)

    seconds, result = repeats.time_calls(
        detect,
        calls=3,
        synchronize=lambda: log.append("synchronize"),
        clock=lambda: next(ticks),
        delay_s=0.25,
        sleep=lambda _: log.append("sleep"),
    )
    assert (seconds, result) == (1.0, "third")  # per call, and the last call's result
    assert log == ["synchronize", *["call", "sleep", "synchronize"] * 3]
