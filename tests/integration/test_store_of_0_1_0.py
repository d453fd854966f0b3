"""A store that featray 0.1.0 wrote: it is read, reported, planned and resumed as if today's featray had written it.

`tests/golden/store-0.1.0` holds its rows (two detectors at two batch sizes, invocations 1 and 2 of 3), the sweep, and
the inventory of the host that measured them.
"""

import shutil
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

import featray
from featray import store
from featray.core.row import Row
from featray.measurement import provenance
from tests.support.command import ROOT

GOLDEN = ROOT / "tests" / "golden" / "store-0.1.0"
SWEEP, INVENTORY, ROWS = GOLDEN / "clock.yaml", GOLDEN / "inventory.json", GOLDEN / "rows-0.1.0.parquet"

RUN = "clock-20261126-192710-4b69"
TARGET = "cpu@f6028b35b01f"
CELLS = {
    ("steady", 1): "87ba35f43c31",
    ("steady", 4): "3c625ec57d48",
    ("slower", 1): "f20cfa73b288",
    ("slower", 4): "7f48407ebf27",
}
"""(detector, batch size) -> the cell id that 0.1.0 stored. Resume needs today's featray to compute the same ids."""
WORKS = {"steady": "fd224cb196a6", "slower": "5bd3d5b36fa8"}
"""Detector -> the work id that 0.1.0 stored. A comparison of old and new rows needs the same ids."""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Copy the old store into a folder that may be written."""
    rows = tmp_path / "results" / "rows"
    rows.mkdir(parents=True)
    shutil.copy(ROWS, rows)
    return tmp_path / "results"


def written_by_0_1_0() -> list[dict[str, Any]]:
    """Read the file without featray: one record per row, with every column of 0.1.0."""
    records: list[dict[str, Any]] = pyarrow.parquet.read_table(ROWS).to_pylist(maps_as_pydicts="strict")
    return records


def key(row: Row) -> tuple[str, int, int]:
    return row.detector, row.batch_size, row.invocation


def test_every_column_has_the_value_that_was_stored(results: Path) -> None:
    reading = store.read(results)
    rows = {key(row): vars(row) for row in reading.rows}
    records = written_by_0_1_0()
    assert reading.problems == ()
    assert len(rows) == len(records) == 8
    assert len(records[0]) == 85
    for record in records:
        row = rows[record["detector"], record["batch_size"], record["invocation"]]
        assert {name: row[name] for name in record} == record


def test_ids_are_those_of_the_literals(results: Path) -> None:
    rows = store.read(results).rows
    assert {row.cell_id for row in rows} == set(CELLS.values())
    assert all((row.cell_id, row.work_id) == (CELLS[key(row)[:2]], WORKS[row.detector]) for row in rows)
    assert {(row.run_id, row.target_id, row.featray) for row in rows} == {(RUN, TARGET, "0.1.0")}


def test_the_report_has_every_unit_with_its_figures(results: Path) -> None:
    reported = featray.report(results=str(results))
    assert reported.files == (results / "reports" / f"{RUN}.md",)
    text = reported.files[0].read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("| cpu |")] == [
        "| cpu | 1 | 0.036 | 0.50 | 1995.5 | 2 x 8 | 0.0% | 0.00033 | 0.036 |",
        "| cpu | 4 | 0.036 | 0.50 | 1995.2 | 2 x 8 | 0.0% | 0.00032 | 0.036 |",
        "| cpu | 1 | 0.043 | 0.60 | 1663.3 | 2 x 8 | 0.0% | 0.00085 | 0.043 |",
        "| cpu | 4 | 0.043 | 0.60 | 1663.4 | 2 x 8 | 0.0% | 0.00086 | 0.043 |",
    ]


def test_only_the_third_invocation_of_each_cell_is_planned(results: Path) -> None:
    plan = featray.plan(SWEEP, results=str(results), inventory=INVENTORY).plan
    planned = [(planned.invocation, cell_id) for planned in plan.invocations for cell_id in planned.cell_ids]
    assert sorted(cell_id for _, cell_id in planned) == sorted(CELLS.values())
    assert {(asked.run_id, asked.target_id, asked.invocation) for asked, _ in planned} == {(RUN, TARGET, 3)}
    assert plan.progress == {(cell_id, TARGET): (2, 3) for cell_id in CELLS.values()}
    assert plan.refusals == ()


def move_here(results: Path) -> None:
    """Write the old file again as if this machine had measured its rows."""
    table = pyarrow.parquet.read_table(ROWS)
    host_id = provenance.compute_host_id()
    for name, value in (("host_id", host_id), ("target_id", f"cpu@{host_id}")):
        column = pyarrow.array([value] * len(table), table.schema.field(name).type)
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)
    pyarrow.parquet.write_table(table.replace_schema_metadata(None), results / "rows" / ROWS.name)


def test_a_submit_goes_on_with_the_run_and_adds_four_rows(results: Path) -> None:
    move_here(results)
    before = store.read(results).rows
    submitted = featray.submit(SWEEP, results=str(results), backend="inline")
    assert (submitted.run_id, submitted.measured, submitted.exit_code) == (RUN, 4, 0)
    after = store.read(results).rows
    assert {*map(key, after)} - {*map(key, before)} == {(*cell, 3) for cell in CELLS}
    assert {key(row): row for row in after}.items() >= {key(row): row for row in before}.items()
    assert not featray.plan(SWEEP, results=str(results)).plan.invocations


@pytest.mark.parametrize("detector", WORKS)
def test_todays_featray_measures_the_same_work_under_the_same_ids(detector: str) -> None:
    cell_id = CELLS[detector, 1]
    row = featray.measure(cell_id=cell_id, sweep=SWEEP)
    assert (row.status, row.cell_id, row.work_id) == ("ok", cell_id, WORKS[detector])
