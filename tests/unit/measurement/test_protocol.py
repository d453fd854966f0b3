"""The protocol's stop rules, on an artificial clock."""

import pytest

from featray.analysis.cautions import unmet_rules
from featray.core.choices import ProtocolName
from featray.core.rules import Rules
from featray.measurement import protocol, repeats
from featray.measurement.protocol import Calls, Repeat, Timings


class Script:
    """A cell with given durations of its calls, the last one repeated; throttled timed calls are listed by number."""

    def __init__(self, *seconds: float, throttled: frozenset[int] = frozenset()) -> None:
        self._seconds, self._throttled = list(seconds), throttled
        self.now = 0.0
        self.timed = 0
        self.slept: list[float] = []

    def warm(self) -> float:
        seconds = self._seconds.pop(0) if len(self._seconds) > 1 else self._seconds[0]
        self.now += seconds
        return seconds

    def time(self, calls: int) -> Repeat:
        self.timed += 1
        seconds = sum(self.warm() for _ in range(calls)) / calls
        return Repeat(seconds=seconds, throttled=self.timed in self._throttled)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def measure(self, rules: Rules, *, frames: int = 72, batch_size: int = 1) -> Timings:
        calls = Calls(warm=self.warm, time=self.time, elapsed=lambda: self.now, sleep=self.sleep)
        return protocol.measure(calls, rules, frames=frames, batch_size=batch_size)


def test_a_steady_cell_gets_three_warm_ups_and_repeats_until_two_seconds() -> None:
    timings = Script(0.5).measure(Rules())
    assert timings.warmup_s == (0.5, 0.5, 0.5)
    assert timings.timed_s == [0.5, 0.5, 0.5, 0.5]
    assert timings.unmet_rules == ()
    assert not timings.throttled


def test_warm_up_goes_on_until_the_last_three_calls_agree_within_a_tenth() -> None:
    # 1.2, 1.05, 1.0 are 20% apart; 1.05, 1.0, 1.1 are 10%
    timings = Script(5.0, 1.0, 1.2, 1.05, 1.0, 1.1).measure(Rules())
    assert timings.warmup_s == (5.0, 1.0, 1.2, 1.05, 1.0, 1.1)
    assert timings.unmet_rules == ()


def test_warm_up_goes_on_while_calls_get_faster() -> None:
    # 1.1, 1.05, 1.0 agree within 10%, but fall; after two more calls of 1.0 the last three are level
    timings = Script(5.0, 2.0, 1.2, 1.1, 1.05, 1.0).measure(Rules())
    assert timings.warmup_s == (5.0, 2.0, 1.2, 1.1, 1.05, 1.0, 1.0, 1.0)
    assert timings.unmet_rules == ()


def test_a_trend_that_outlasts_warm_up_is_named() -> None:
    falling = [1.5 - 0.02 * number for number in range(30)]
    timings = Script(*falling).measure(Rules())
    assert len(timings.warmup_s) == 8
    assert timings.unmet_rules == (protocol.WARMUP_TREND,)


def test_a_trend_that_only_the_timed_calls_show_is_named() -> None:
    falling = [1.0 - 0.006 * number for number in range(30)]  # 1.2% over three calls
    timings = Script(*falling).measure(Rules())
    assert len(timings.warmup_s) == 3
    assert timings.unmet_rules == (protocol.WARMUP_TREND,)


def test_fewer_untimed_calls_than_show_a_trend_are_named_as_unsteady_only() -> None:
    quick = Rules(warmup_min=1, warmup_max=1, min_time_s=0.0)
    assert Script(1.3, 1.2, 1.1, 1.0).measure(quick).unmet_rules[:1] == (protocol.WARMUP_STEADY,)


def test_warm_up_that_never_settles_stops_at_its_maximum_and_is_named() -> None:
    timings = Script(1, 2, 1, 2, 1, 2, 1, 2, 1).measure(Rules())
    assert len(timings.warmup_s) == 8
    assert timings.unmet_rules == (protocol.WARMUP_STEADY,)


def test_a_cell_over_twenty_seconds_per_call_is_warmed_up_once() -> None:
    timings = Script(30.0, 25.0).measure(Rules())
    assert timings.warmup_s == (30.0,)
    assert timings.timed_s == [25.0, 25.0, 25.0]
    assert timings.unmet_rules == ()


def test_a_warm_up_that_was_asked_for_is_made_however_slow_the_cell() -> None:
    timings = Script(30.0, 25.0).measure(Rules(warmup_min=4, warmup_max=4, slow_call_s=None))
    assert timings.warmup_s == (30.0, 25.0, 25.0, 25.0)
    assert timings.unmet_rules == ()


def test_a_slow_first_call_alone_does_not_make_a_slow_cell() -> None:
    timings = Script(40.0, 1.0).measure(Rules())
    assert timings.warmup_s == (40.0, 1.0, 1.0, 1.0)
    assert timings.timed_s == [1.0, 1.0, 1.0]


def test_scattered_repeats_go_on_to_the_maximum_and_are_named() -> None:
    timings = Script(1, 1, 1, 1.0, 1.5, 1.0, 1.5, 1.0, 1.5, 1.0, 1.5).measure(Rules())
    assert len(timings.timed_s) == 8
    assert timings.unmet_rules == (protocol.SPREAD,)


def test_repeats_stop_as_soon_as_the_spread_is_small_enough() -> None:
    # 1.00 1.10 1.00: quartiles 1.00 and 1.05; 5% is not below 5%. With a fourth 1.00: quartiles 1.00 and 1.025.
    timings = Script(1, 1, 1, 1.0, 1.1, 1.0, 1.0).measure(Rules())
    assert timings.timed_s == [1.0, 1.1, 1.0, 1.0]
    assert timings.unmet_rules == ()


def test_short_calls_are_timed_many_at_a_time_until_the_minimum_time_is_filled() -> None:
    # 8 repeats of one call are 0.08 s. 30 calls last 0.3 s, a fifth more than 2 s / 8; seven such repeats are 2.1 s.
    script = Script(0.01)
    timings = script.measure(Rules())
    assert timings.calls_per_repeat == 30
    assert timings.timed_s == pytest.approx([0.01] * 7)  # seconds per call
    assert timings.unmet_rules == ()
    assert script.now == pytest.approx(0.03 + 7 * 0.3)


@pytest.mark.parametrize(("call_s", "calls"), [(0.25, 1), (0.249, 2), (0.1, 3), (1.0, 1)])
def test_calls_of_a_quarter_of_a_second_and_more_are_timed_one_by_one(call_s: float, calls: int) -> None:
    timings = Script(call_s).measure(Rules())
    assert timings.calls_per_repeat == calls
    assert timings.unmet_rules == ()


def test_the_first_untimed_call_does_not_decide_how_many_calls_are_a_repeat() -> None:
    assert Script(3.0, 0.1).measure(Rules()).calls_per_repeat == 3


def test_without_a_minimum_time_no_call_is_too_short() -> None:
    assert Script(0.01).measure(Rules(min_time_s=0.0)).calls_per_repeat == 1


def test_py_feats_protocol_times_one_call_however_short() -> None:
    timings = Script(0.01).measure(Rules(protocol=ProtocolName.PYFEAT))
    assert (timings.calls_per_repeat, timings.timed_s) == (1, [0.01])


def test_calls_that_the_clock_cannot_see_are_named() -> None:
    timings = Script(0.0).measure(Rules())
    assert timings.calls_per_repeat == repeats.CALLS_MAX
    assert timings.unmet_rules == (protocol.MIN_TIME,)


def test_a_repeat_of_short_calls_leaves_the_time_limit_alone() -> None:
    # 0.03 s of warm-up; 0.12 s are left, of which 0.1 s may be used: 10 calls.
    timings = Script(0.01).measure(Rules(time_limit_s=0.15))
    assert timings.calls_per_repeat == 10
    assert len(timings.timed_s) == 1
    assert protocol.TIME_LIMIT in timings.unmet_rules


def test_after_a_cool_down_a_whole_repeat_of_short_calls_is_untimed() -> None:
    script = Script(0.01, throttled=frozenset({1}))
    timings = script.measure(Rules())
    assert script.now == pytest.approx(0.03 + 0.3 + protocol.COOL_DOWN_S + 0.3 + len(timings.timed_s) * 0.3)


def test_one_warm_up_and_three_repeats_name_the_rules_they_do_not_meet() -> None:
    quick = Rules(warmup_min=1, warmup_max=1, repeats_min=3, repeats_max=3, min_time_s=0.0)
    timings = Script(1.0).measure(quick, frames=4, batch_size=2)
    assert len(timings.warmup_s) == 1
    assert len(timings.timed_s) == 3
    assert timings.unmet_rules == (protocol.WARMUP_SHAPES, protocol.WARMUP_STEADY, protocol.FEW)


def test_pyfeat_protocol_is_one_warm_up_and_one_timed_call() -> None:
    timings = Script(1.0, 2.0).measure(Rules(protocol=ProtocolName.PYFEAT))
    assert timings.warmup_s == (1.0,)
    assert timings.timed_s == [2.0]
    assert timings.unmet_rules == ()


def test_a_call_of_fewer_than_four_batches_is_named() -> None:
    assert Script(1.0).measure(Rules(), frames=16, batch_size=16).unmet_rules == (protocol.FEW,)
    assert Script(1.0).measure(Rules(), frames=49, batch_size=16).unmet_rules == ()


@pytest.mark.parametrize(
    ("frames", "batch_size", "calls"),
    [
        (72, 1, 1),  # 72 full batches in one call
        (72, 16, 3),  # four full ones, and one of 8 frames
        (32, 16, 2),  # two full batches per call: four after two calls
        (16, 16, 3),  # one full batch per call
        (16, 64, 3),  # one smaller batch per call
    ],
)
def test_every_batch_shape_is_seen_three_times(frames: int, batch_size: int, calls: int) -> None:
    assert protocol.calls_to_show_every_shape(frames, batch_size) == calls


def test_a_smaller_last_batch_needs_three_warm_ups_even_where_one_is_the_minimum() -> None:
    rules = Rules(warmup_min=1, warmup_tolerance=10.0)
    assert len(Script(1.0).measure(rules, frames=72, batch_size=16).warmup_s) == 3


def test_repeats_that_would_pass_the_time_limit_are_not_started() -> None:
    # 100 s of warm-up; after 100 + 100 + 100 s another call of up to 120 s would pass 400 s.
    timings = Script(100.0).measure(Rules(time_limit_s=400.0))
    assert timings.warmup_s == (100.0,)
    assert timings.timed_s == [100.0, 100.0]
    assert timings.unmet_rules == (protocol.REPEATS_MIN, protocol.TIME_LIMIT)


def test_a_slow_cell_still_yields_one_number() -> None:
    timings = Script(100.0).measure(Rules(time_limit_s=210.0))
    assert timings.timed_s == [100.0]
    assert protocol.TIME_LIMIT in timings.unmet_rules


def test_warm_up_leaves_room_for_a_timed_call() -> None:
    # After 10 + 10 s, a third warm-up and a timed call might last 24 s and pass 40 s.
    timings = Script(10.0).measure(Rules(time_limit_s=40.0))
    assert timings.warmup_s == (10.0, 10.0)
    assert timings.timed_s == [10.0]
    assert timings.unmet_rules == (
        protocol.WARMUP_MIN,
        protocol.WARMUP_STEADY,
        protocol.REPEATS_MIN,
        protocol.SPREAD,
        protocol.TIME_LIMIT,
    )


def test_a_throttled_repeat_is_measured_again_after_a_cool_down() -> None:
    script = Script(1, 1, 1, 1.0, 1.6, 1.0, throttled=frozenset({2}))
    timings = script.measure(Rules())
    assert timings.timed_s == [1.0, 1.0, 1.0]
    assert timings.measured_again == 1
    assert not timings.throttled
    assert script.slept == [protocol.COOL_DOWN_S]


def test_after_a_cool_down_an_untimed_call_comes_before_the_timed_one() -> None:
    class Sleepy(Script):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self._seconds.insert(0, 0.9)  # its clocks are at idle

    script = Sleepy(0.1, throttled=frozenset({1}))
    timings = script.measure(Rules(min_time_s=0))
    assert timings.timed_s == [0.1] * 3
    assert timings.warmup_s == (0.1,) * 3
    assert (timings.measured_again, timings.throttled) == (1, False)


def test_after_three_cool_downs_throttled_repeats_are_kept_and_flagged() -> None:
    script = Script(1.0, throttled=frozenset(range(100)))
    timings = script.measure(Rules())
    assert len(script.slept) == 3
    assert timings.timed_s == [1.0, 1.0, 1.0]
    assert timings.throttled


def test_a_throttled_repeat_is_kept_where_no_time_is_left_to_cool_down() -> None:
    script = Script(1.0, throttled=frozenset({1}))
    timings = script.measure(Rules(time_limit_s=10.0))
    assert script.slept == []
    assert timings.throttled
    assert protocol.TIME_LIMIT in timings.unmet_rules


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([1.0], None), ([2.0, 2.0, 2.0], 0.0), ([1.0, 2.0, 3.0], 0.5), ([1.0, 2.0, 3.0, 4.0], 0.6), ([0.0, 0.0], 0.0)],
)
def test_spread_is_the_interquartile_range_over_the_median(seconds: list[float], expected: float | None) -> None:
    assert protocol.spread(seconds) == expected


def test_reports_have_words_for_every_rule() -> None:
    assert set(unmet_rules.RULES) == set(protocol.UNMET_RULES)


def test_two_calls_are_too_few_to_be_steady() -> None:
    assert not protocol.is_steady([1.0, 1.0], 0.1)
    assert protocol.is_steady([9.0, 1.0, 1.1, 1.05], 0.1)


class Others:
    """Processes beside this one, which time their calls until this one has made so many more calls."""

    def __init__(self, script: Script, further: int) -> None:
        self.script, self.further = script, further
        self.log: list[str] = []

    def assemble(self) -> None:
        self.log.append(f"assembled after {self.script.now:g} s")

    def announce_timed(self) -> None:
        self.log.append(f"timed after {self.script.now:g} s")

    def is_stopped(self, wait_s: float = 0.0) -> bool:  # noqa: ARG002 - nothing to wait for here
        self.further -= 1
        return self.further < 0


def measure_beside(script: Script, others: Others, rules: Rules | None = None) -> Timings:
    calls = Calls(warm=script.warm, time=script.time, elapsed=lambda: script.now, sleep=script.sleep, others=others)
    return protocol.measure(calls, rules or Rules(), frames=72, batch_size=1)


def test_beside_others_all_wait_after_warm_up_and_go_on_until_the_last_is_timed() -> None:
    script = Script(1.0)
    others = Others(script, further=2)
    timings = measure_beside(script, others)
    assert others.log == ["assembled after 3 s", "timed after 6 s"]
    assert (len(timings.warmup_s), timings.timed_s) == (3, [1.0, 1.0, 1.0])
    assert script.now == 8.0  # two further calls, which do not count


def test_beside_others_short_calls_are_timed_for_longer_at_a_time() -> None:
    script = Script(0.01)
    timings = measure_beside(script, Others(script, further=0))
    assert timings.calls_per_repeat == 120  # 1.2 s; alone 30


def test_beside_others_a_slow_cell_is_not_timed_before_all_are_ready() -> None:
    script = Script(30.0)
    others = Others(script, further=0)
    timings = measure_beside(script, others)
    assert others.log[0] == "assembled after 30 s"
    assert (timings.warmup_s, timings.timed_s, timings.unmet_rules) == ((30.0,), [30.0] * 3, ())


def test_beside_others_a_throttled_call_is_kept_and_no_one_waits() -> None:
    script = Script(1.0, throttled=frozenset({1}))
    timings = measure_beside(script, Others(script, further=0))
    assert timings.throttled
    assert script.slept == []
