"""Replay: which recorded row answers for a planned cell."""

import dataclasses

from featray.backends import Event
from featray.backends.replay import Replay
from featray.core.cell import Cell
from featray.core.row import Row
from featray.core.status import Status
from featray.planning.inventory import Host
from tests.support import plans
from tests.support.builders import BLACKWELL, RTX3090, make_row, make_whole_rows
from tests.support.plans import make_cell, make_host, make_inventory, make_plan, place


def answer(cell: Cell, *rows: Row) -> Row:
    """Give the row that a replay answers a cell with."""
    backend = Replay(make_inventory(), rows, source="tape")
    planned = make_plan(place([cell]), n=1).invocations[0]
    backend.start(planned, "store")
    events: list[Event] = []
    while batch := backend.poll(0):
        events += batch
    (row,) = [event.row for event in events if event.row is not None]
    return row


def recorded(seconds: float = 1.0, **changes: object) -> Row:
    return make_row(**{"device": "cpu", "batch_size": 4, "timed_s": [seconds] * 3, **changes})


def is_missing(row: Row) -> bool:
    return row.status == Status.INFEASIBLE and "holds no row of" in str(row.reason)


def test_a_row_of_another_thread_count_is_no_answer() -> None:
    assert is_missing(answer(make_cell(threads=1), recorded(threads=4)))
    assert answer(make_cell(threads=4), recorded(2.0, threads=1), recorded(3.0, threads=4)).timed_s == [3.0] * 3


def test_no_thread_count_asked_for_is_one_thread() -> None:
    assert answer(make_cell(threads=1), recorded()).timed_s == [1.0] * 3
    assert is_missing(answer(make_cell(), recorded(threads=4)))
    assert answer(make_cell(env={"OMP_NUM_THREADS": "4"}), recorded(threads=4)).timed_s == [1.0] * 3


def test_a_row_of_other_weights_or_delay_is_no_answer() -> None:
    assert is_missing(answer(make_cell(weights="synthetic"), recorded()))
    assert is_missing(answer(make_cell(), recorded(delay_s_per_frame=0.1)))


def test_a_row_of_the_very_cell_comes_before_one_of_equal_labels() -> None:
    other = recorded(2.0, cell_id="another")
    assert answer(make_cell(), other, recorded(3.0)).timed_s == [3.0] * 3
    assert answer(make_cell(), other).timed_s == [2.0] * 3


def test_an_imported_row_answers_where_its_report_names_no_settings() -> None:
    imported = dataclasses.replace(
        recorded(cell_id="import"), asked=None, weights=None, delay_s_per_frame=None, omp_num_threads=None
    )
    assert answer(make_cell(threads=4, weights="synthetic"), imported).timed_s == [1.0] * 3


def test_an_answer_is_marked_and_keeps_what_was_recorded() -> None:
    row = answer(make_cell(), recorded(2.0, source_file="report.md"))
    assert (row.replayed, row.source_file, row.timed_s) == ("tape", "report.md", [2.0] * 3)
    assert answer(make_cell(threads=1), recorded(threads=4)).replayed == "tape"


def test_a_row_of_another_model_of_gpu_is_no_answer() -> None:
    cell = make_cell(device="cuda", batch_size=16)
    host = make_host("box", plans.BLACKWELL)
    rows = answer_on(host, cell, make_row(**RTX3090, batch_size=16))
    assert [row.status for row in rows] == [Status.INFEASIBLE]
    assert "on NVIDIA GeForce RTX 3090 only" in str(rows[0].reason)
    same = make_row(**{**BLACKWELL, "target_id": "GPU-another"}, batch_size=16)
    assert [row.status for row in answer_on(host, cell, same)] == [Status.OK]


def answer_on(host: Host, cell: Cell, *recorded: Row) -> list[Row]:
    """Replay one invocation of a cell on a host."""
    backend = Replay(make_inventory(host), recorded, source="tape")
    backend.start(make_plan(place([cell], host), n=1).invocations[0], "store")
    rows: list[Row] = []
    while batch := backend.poll(0):
        rows += [event.row for event in batch if event.row is not None]
    return rows


def test_rows_of_all_gpus_answer_for_as_many_of_the_same_models_and_for_nothing_else() -> None:
    hosts = make_host("a", plans.RTX3090, plans.BLACKWELL)
    asked = make_cell(device="cuda", targets="all", batch_size=16)
    (planned,) = make_plan(place([asked], hosts), n=1).invocations

    def find(*rows: Row) -> Row:
        backend = Replay(make_inventory(hosts), rows, source="tape")
        backend.start(planned, "store")
        polled = [event for events in iter(lambda: backend.poll(0), ()) for event in events]
        (row,) = [event.row for event in polled if event.row is not None]
        return row

    whole = make_whole_rows([0.5])
    found = find(*whole)
    assert (found.status, found.target_id, len(found.gpus or ())) == (Status.OK, planned.target.target_id, 2)
    twins = {**RTX3090, "gpu_uuid": "GPU-ffff"}
    assert "holds rows of" in str(find(*make_whole_rows([0.5], RTX3090, twins)).reason)
    assert is_missing(find(make_row()))
