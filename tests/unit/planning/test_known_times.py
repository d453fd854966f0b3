"""Known times: what rows tell of cells that have none, and of the start of a process."""

import pytest

from featray.core import inputs
from featray.core.cell import Cell
from featray.core.detectors import Detector
from featray.core.stored_unit import StoredUnit
from featray.planning import time_estimate
from featray.planning.known_times import BESIDE_LOAD_S, CallTimes, KnownTimes
from tests.support.plans import make_cell, make_plan, make_stored, place

HERE, THERE, NEW = "cpu@id-box", "cpu@id-there", "cpu@id-new"
OWN = Detector(name="own", class_name="package.module:Own", heading="own")
BATCHES = [make_cell(detector=OWN, batch_size=size) for size in (1, 2, 4)]


def known(*rows: StoredUnit, cells: list[Cell] | None = None) -> KnownTimes:
    return KnownTimes(rows, BATCHES if cells is None else cells)


def calls(times: KnownTimes, cell: Cell) -> CallTimes:
    found = times.calls(cell)
    assert found is not None
    return found


def test_a_cell_without_a_row_takes_what_other_batch_sizes_of_its_detector_took() -> None:
    times = known(make_stored(BATCHES[0], HERE, timed_s=[80.0]), make_stored(BATCHES[1], HERE, timed_s=[100.0]))
    assert calls(times, BATCHES[2]).at(HERE) == pytest.approx(90.0)
    assert calls(times, BATCHES[0]).at(HERE) == 80.0


def test_the_same_target_tells_more_than_the_same_cell_on_another() -> None:
    rows = make_stored(BATCHES[0], HERE, timed_s=[80.0]), make_stored(BATCHES[1], THERE, timed_s=[300.0])
    times = calls(known(*rows), BATCHES[1])
    assert [times.at(target_id) for target_id in (HERE, THERE, NEW)] == pytest.approx([80.0, 300.0, 300.0])


def test_the_same_kind_of_process_tells_more_than_another() -> None:
    two, four = (make_cell(detector=OWN, threads=count) for count in (2, 4))
    more = make_cell(detector=OWN, threads=4, batch_size=8)
    cells = [two, four, more]
    rows = make_stored(two, HERE, timed_s=[80.0]), make_stored(four, HERE, timed_s=[40.0])
    assert calls(known(*rows, cells=cells), more).at(HERE) == pytest.approx(40.0)
    assert calls(known(rows[0], cells=cells), more).at(HERE) == pytest.approx(80.0)


def test_another_input_tells_the_time_per_frame() -> None:
    long = make_cell(detector=OWN, input=inputs.CATALOGUE["long"])
    times = known(make_stored(BATCHES[0], HERE, timed_s=[72.0]), cells=[*BATCHES, long])
    assert calls(times, long).at(HERE) == pytest.approx(472.0)  # 72 frames took 72 s


def test_another_detector_tells_nothing_of_calls() -> None:
    other = make_cell(detector=Detector(name="other", class_name="package.module:Other", heading="other"))
    times = known(make_stored(BATCHES[0], HERE, timed_s=[80.0]), cells=[*BATCHES, other])
    assert times.calls(other) is None
    assert (times.is_unknown(other), times.is_unknown(BATCHES[1]), times.is_unknown(make_cell())) == (
        True,
        False,
        False,
    )


def test_a_process_starts_as_its_detector_did_there_then_elsewhere_then_as_any_did_there() -> None:
    other = make_cell(detector=Detector(name="other", class_name="package.module:Other", heading="other"))
    rows = (
        make_stored(BATCHES[0], HERE, import_s=20.0, load_s=5.0),
        make_stored(BATCHES[0], THERE, import_s=1.0, load_s=2.0),
        make_stored(BATCHES[0], THERE, import_s=None, load_s=7.0),
    )
    times = known(*rows, cells=[*BATCHES, other])
    assert times.start_s(BATCHES[1], HERE) == 25.0 + BESIDE_LOAD_S
    assert times.start_s(BATCHES[1], NEW) == 14.0 + BESIDE_LOAD_S
    assert times.start_s(other, THERE) == 3.0 + BESIDE_LOAD_S
    assert times.start_s(other, NEW) == KnownTimes().start_s(other, NEW) == time_estimate.LOAD_S


def test_a_row_of_a_cell_that_the_sweep_no_longer_has_tells_the_start_there() -> None:
    times = known(make_stored(BATCHES[0], HERE, import_s=20.0, load_s=5.0), cells=[])
    assert times.start_s(make_cell(), HERE) == 25.0 + BESIDE_LOAD_S


def test_a_plan_expects_every_cell_and_every_start_as_they_were_measured() -> None:
    stored = [make_stored(BATCHES[0], HERE, timed_s=[90.0], import_s=0.25, load_s=0.25)]
    work = make_plan(place(BATCHES), n=2, known=known(*stored))
    assert work.expected_s == pytest.approx(2 * (3 * 90.0 + 1.0))
    assert work.cells_of_unknown_time == 0


def test_a_plan_counts_the_cells_of_which_nothing_tells_the_time() -> None:
    placed = place([*BATCHES, make_cell()])
    work = make_plan(placed, n=2)
    assert work.cells_of_unknown_time == 3
    done = [make_stored(cell, HERE, number, status="failed") for cell in BATCHES for number in (1, 2)]
    assert make_plan(placed, done, n=2).cells_of_unknown_time == 0  # nothing of them is left
