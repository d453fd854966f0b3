"""What a process needs before its calls take their usual time."""

import pytest

from featray.analysis import cold_start, units
from featray.analysis.unit import Unit
from tests.support.builders import make_joint_rows, make_row


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


def test_the_first_call_of_a_process_beside_others_is_set_against_its_own_usual_one() -> None:
    # 8 s import, 2 s load, and the first call took 2.5 s instead of the 2 s that each process takes beside the other
    (unit,) = units.gather(make_joint_rows([1.0] * 3, first_call_s=2.5))
    assert cold_start.start_s(unit) == pytest.approx(10.5)
