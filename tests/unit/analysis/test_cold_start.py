"""What a process needs before its calls take their usual time."""

from featray.analysis import cold_start, units
from featray.analysis.units import Unit
from tests.support.builders import make_row


def of(**columns: object) -> Unit:
    (unit,) = units.gather([make_row(timed_s=[1.0], **columns)])
    return unit


def test_the_start_is_import_load_and_what_the_first_call_takes_longer() -> None:
    unit = of(import_s=8.0, load_s=2.0, first_call_s=4.0)
    assert (cold_start.start_s(unit), cold_start.first_call_s(unit)) == (13.0, 4.0)


def test_a_first_call_that_is_quicker_than_usual_takes_nothing_off() -> None:
    assert cold_start.start_s(of(import_s=8.0, load_s=2.0, first_call_s=0.5)) == 10.0


def test_a_part_that_was_not_measured_leaves_the_start_unknown() -> None:
    unit = of(import_s=8.0, load_s=None, first_call_s=4.0)
    assert (cold_start.start_s(unit), cold_start.first_call_s(unit)) == (None, 4.0)
