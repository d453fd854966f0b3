"""The stage clock: no stage is charged for another's time, and the detector is left as it was."""

from collections.abc import Iterator

import pytest

from featray.core import detectors
from featray.core.choices import Device
from featray.measurement import stages
from featray.measurement.detector import LoadedDetector


class Ticks:
    """A clock that reads what it is given, and counts how often the device was waited for."""

    def __init__(self, *readings: float) -> None:
        self._readings: Iterator[float] = iter(readings)
        self.waits = 0

    def now(self) -> float:
        return next(self._readings)

    def synchronize(self) -> None:
        self.waits += 1


def test_time_of_an_inner_stage_does_not_count_for_the_outer_one() -> None:
    # other 0..10, crop 1..6, decode 2..5 within crop, decode again 7..9
    ticks = Ticks(0.0, 1.0, 2.0, 5.0, 6.0, 7.0, 9.0, 10.0)
    clock = stages.StageClock(ticks.synchronize, ticks.now)
    with clock.section("other"):
        with clock.section("crop"), clock.section("decode"):
            pass
        with clock.section("decode"):
            pass
    assert clock.seconds == {"decode": 5.0, "crop": 2.0, "other": 3.0}
    assert sum(clock.seconds.values()) == 10.0


def test_the_device_is_waited_for_before_every_reading() -> None:
    ticks = Ticks(0.0, 1.0)
    clock = stages.StageClock(ticks.synchronize, ticks.now)
    with clock.section("crop"):
        pass
    assert ticks.waits == 2


def test_a_failed_call_counts_and_leaves_the_clock_usable() -> None:
    def fail() -> None:
        raise ArithmeticError

    clock = stages.StageClock(lambda: None, Ticks(0.0, 2.0, 3.0, 4.0).now)
    with pytest.raises(ArithmeticError):
        clock.timed("crop", fail)()
    with clock.section("crop"):
        pass
    assert clock.seconds == {"crop": 3.0}


class Parent:
    def forward(self) -> str:
        return "inherited"


class Child(Parent):
    pass


def test_an_inherited_method_is_inherited_again_afterwards() -> None:
    instance = Child()
    with stages._replaced(instance, "forward", lambda: "timed"):
        assert instance.forward() == "timed"
    assert vars(instance) == {}
    with stages._replaced(Child, "forward", lambda _: "timed"):
        assert instance.forward() == "timed"
    assert "forward" not in vars(Child)
    assert instance.forward() == "inherited"


def test_an_own_value_is_restored_even_after_a_failure() -> None:
    instance = Child()
    original = instance.forward
    instance.forward = original  # type: ignore[method-assign]  # as instrumenting does
    with pytest.raises(ArithmeticError), stages._replaced(instance, "forward", lambda: "timed"):
        raise ArithmeticError
    assert vars(instance) == {"forward": original}


class Loader:
    def __iter__(self) -> Iterator[int]:
        return iter((1, 2, 3))


def test_waiting_for_batches_is_decoding_and_what_happens_between_them_is_not() -> None:
    # decode: start 0..1, batches 2..3, 5..6, 8..9, the end 11..12, tidying up 13..14
    ticks = Ticks(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 13, 14)
    clock = stages.StageClock(lambda: None, ticks.now)
    assert list(stages._timed_loader(Loader, clock)()) == [1, 2, 3]
    assert clock.seconds == {"decode": 6}


def test_peeking_at_the_first_batch_only_is_decoding_too() -> None:
    ticks = Ticks(0, 1, 2, 3, 4, 5)
    clock = stages.StageClock(lambda: None, ticks.now)
    assert next(iter(stages._timed_loader(Loader, clock)())) == 1
    assert clock.seconds == {"decode": 3}


def test_a_custom_detector_has_no_stages_and_is_not_run() -> None:
    spec = detectors.Detector(name="own", class_name="mine:Class", keywords={}, heading="own")
    loaded = LoadedDetector(detector=object(), spec=spec, device=Device.CPU, import_s=0.0, load_s=0.0, work={})
    assert stages.profile(loaded, lambda: pytest.fail("run")) == {}
