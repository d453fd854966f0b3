"""Soundness: a table that is called sound has no row with a fault, whichever column it would be in."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from featray import store
from featray.core import row, row_values
from featray.core.row import Row
from featray.store import schema, soundness
from featray.store.soundness import is_sound
from tests.support.builders import RTX3090, make_joint_rows, make_row, make_whole_rows

BAD: dict[str, Any] = {
    "status": "great",
    "device": "abacus",
    "section_kind": "novel",
    "started_at": "yesterday",
    "ended_at": "2026-05-14",
    "timed_s": [0.1, -1.0],
    "warmup_s": [0.1, float("nan")],
    "sustained_hz": [1.0, -1.0],
    "process_timed_s": {"1": [0.1, -1.0]},
    "interval_s": [2.0, 1.0],
    "stages_s": {"decode": -1.0},
    "asked": "[]",
    "rules": "[" * 100_000,
    "work": {"class": None},
    "unmet_rules": ["a", None],
    "face_counts": [1, 0],
    "throttle_reasons": [None],
    "output_summary": {"a": None},
    "printed": {"a": None},
    "gpus": {"a": None},
    "gpus_memory_reserved_peak_b": {"a": -1},
    "gpus_memory_used_peak_b": {"a": None},
    "import_s": float("nan"),
    "input_fps": 0.0,
    "batch_size": 0,
}
"""Column -> a value that cannot be; the other columns with a rule are numbers that must not be below 0."""


def table_of(**changes: Any) -> Any:
    """Make a table of a good row, one with changes, and another good one."""
    records = [vars(make_row(invocation=number)) for number in (1, 2, 3)]
    records[1] = records[1] | changes
    return pa.Table.from_pylist([schema.to_storable(record) for record in records], schema=schema.SCHEMA)


def test_good_rows_are_sound() -> None:
    assert is_sound(table_of())
    assert is_sound(table_of().slice(1, 1))
    assert is_sound(schema.SCHEMA.empty_table())


def test_a_table_of_rows_without_what_may_be_null_is_sound() -> None:
    nullable = {
        field.name: None
        for field in dataclasses.fields(make_row())
        if field.name not in {*schema.REQUIRED, *schema.KEY}
    }
    assert is_sound(table_of(**nullable | {"schema_version": make_row().schema_version, "status": "failed"}))


@pytest.mark.parametrize("name", row_values.COLUMNS)
def test_a_value_that_cannot_be_makes_a_table_unsound(name: str) -> None:
    bad = BAD.get(name, -1)
    assert row_values.find_fault({name: bad}) is not None
    assert not is_sound(table_of(**{name: bad}))


@pytest.mark.parametrize("name", schema.REQUIRED)
def test_a_required_column_that_is_null_makes_a_table_unsound(name: str) -> None:
    assert not is_sound(table_of(**{name: None}))


@pytest.mark.parametrize("times", [None, []])
def test_an_ok_row_without_times_makes_a_table_unsound(times: list[float] | None) -> None:
    assert not is_sound(table_of(timed_s=times))


def test_rows_of_several_processes_and_gpus_are_sound() -> None:
    rows = [*make_whole_rows([0.4] * 3), *make_whole_rows([0.2] * 2, processes=2), *make_joint_rows([0.3] * 3)]
    failed = dataclasses.replace(rows[0], status="lost", gpus=None, timed_s=None, process_timed_s=None)
    records = [schema.to_storable(vars(row)) for row in (*rows, failed)]
    assert is_sound(pa.Table.from_pylist(records, schema=schema.SCHEMA))


CONTRADICTIONS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"gpus": None}, "gpus: expected the GPUs of target"),
    ({"gpus": {}}, "gpus: expected the GPUs of target"),
    ({"gpus": {RTX3090["gpu_uuid"]: "RTX 3090"}}, "gpus: expected the GPUs of target"),
    ({"gpus": {"GPU-1": "RTX 3090", "GPU-2": "RTX 3090"}}, "gpus: expected the GPUs of target"),
    ({"target_id": RTX3090["target_id"]}, "gpus: expected null for target"),
    ({"process_timed_s": None}, "process_timed_s: expected those of processes 1 to 2, got None"),
    ({"process_timed_s": {}}, "process_timed_s: expected those of processes 1 to 2, got []"),
    ({"process_timed_s": {"1": [0.8] * 5}}, "process_timed_s: expected those of processes 1 to 2, got ['1']"),
    ({"process_timed_s": {"2": [0.8] * 5, "1": [0.8] * 5}}, "process_timed_s: expected those of processes 1 to 2"),
    ({"processes": 2}, "process_timed_s: expected those of processes 1 to 4"),
    ({"process_timed_s": {"1": [0.8] * 5, "2": [0.9] * 5}}, "process_timed_s: expected times that add up to"),
    ({"process_timed_s": {"1": [0.8] * 5, "2": [0.8] * 4}}, "process_timed_s: expected times that add up to"),
    ({"process_timed_s": {"1": [0.8] * 6, "2": [0.8] * 6}}, "process_timed_s: expected times that add up to"),
    ({"process_timed_s": {"1": [], "2": []}}, "process_timed_s: expected times that add up to"),
)


@pytest.mark.parametrize(("changes", "fault"), CONTRADICTIONS)
def test_a_row_of_several_gpus_that_contradicts_itself_is_set_aside_by_name(
    changes: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    (good,) = make_whole_rows([0.4])
    record = vars(good) | {"timed_s": [0.4] * 5, "process_timed_s": {"1": [0.8] * 5, "2": [0.8] * 5}}
    assert row_values.find_fault(record) is None
    assert (row_values.find_fault(record | changes) or "").startswith(f"column {fault}")
    table = pa.Table.from_pylist([schema.to_storable(record | changes)], schema=schema.SCHEMA)
    assert not is_sound(table)
    with pytest.raises(ValueError, match=re.escape(fault)):
        row.from_mapping(record | changes)
    store.append(tmp_path, [make_row(), Row(**record | changes)])
    read, resumed = store.read(tmp_path), store.keys(tmp_path)
    assert [len(found) for found in (read.rows, resumed.units, store.check(tmp_path).problems)] == [1, 1, 1]
    assert all(fault in str(problem) for problem in (*read.problems, *resumed.problems))
    frame, problems = store.load(tmp_path, columns=["run_id"])
    assert len(frame) == 1
    assert fault in str(problems[0])


def test_one_process_has_no_times_of_its_own() -> None:
    fault = row_values.find_fault(vars(make_row(process_timed_s={"1": [0.76] * 5})))
    assert fault == "column process_timed_s: expected null for one process, got {'1': [0.76, 0.76, 0.76, 0.76, 0.76]}"


@pytest.mark.parametrize("bad", [[1.0], [-1.0, 1.0], [0.0, 0.0], [1.0, None]])
def test_an_interval_that_cannot_be_makes_a_table_unsound(bad: list[float]) -> None:
    assert not is_sound(table_of(interval_s=bad))


@pytest.mark.parametrize("version", [0, 999])
def test_rows_of_another_schema_are_for_others_to_judge(version: int) -> None:
    assert not is_sound(table_of(schema_version=version))


def test_a_rate_may_be_0_and_may_not_be_so_small_that_a_time_of_it_is_infinite() -> None:
    assert is_sound(table_of(sustained_hz=[0.0, 30.0]))
    assert row_values.find_fault({"sustained_hz": [0.0, 30.0]}) is None
    tiny = [0.0, 5e-324, 30.0]
    assert row_values.find_fault({"sustained_hz": tiny}) is not None
    assert not is_sound(table_of(sustained_hz=tiny))


MOMENTS = (
    "2026-05-01T10:00:00.000+00:00",
    "2026-02-31T10:00:00.000+00:00",
    "2024-02-29T10:00:00.000+00:00",
    "2026-05-01T24:00:00.000+00:00",
    "2026-05-01T10:00:00.000+02:00",
    "2026-05-01T10:00:00+00:00",
    "2026-13-01T10:00:00+00:00",
    "0000-05-01T10:00:00+00:00",
    "2026-05-01",
    "2026-05-01T10:00:00.000+00:00\n",
    "\u0662\u0660\u0662\u0666-05-01T10:00:00.000+00:00",
)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", soundness.MOMENTS)
def test_a_moment_is_possible_in_a_column_where_it_is_possible_in_a_row(name: str, moment: str) -> None:
    is_possible = row_values.find_fault({name: moment}) is None
    assert is_sound(table_of(**{name: moment})) is is_possible


RUNS: tuple[list[int], ...] = (
    [1, 72],
    [0, 10, 2, 62],
    [],
    [1],
    [1, 2, 3],
    [-1, 72],
    [1, 0],
    [1, 10**8],
    [1, 10**8, 1, 1],
    [2**62, 1],
    [3, -1],
)


@pytest.mark.parametrize("runs", RUNS)
def test_runs_are_possible_in_a_column_where_they_are_possible_in_a_row(runs: list[int]) -> None:
    is_possible = row_values.find_fault({"face_counts": runs}) is None
    records = [vars(make_row(face_counts=runs)), vars(make_row(face_counts=[1, 72])), vars(make_row())]
    table = pa.Table.from_pylist([schema.to_storable(record) for record in records], schema=schema.SCHEMA)
    assert is_sound(table) is is_possible
