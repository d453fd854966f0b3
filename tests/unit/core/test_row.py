"""Rows: columns, and rows as JSON."""

import dataclasses
import json
import math

import pytest

from featray.core import row
from featray.core.row import Column, Row
from featray.core.status import Status
from tests.support.builders import make_row


def test_every_field_is_a_documented_column() -> None:
    columns = {column.name: column for column in row.columns()}
    assert list(columns) == [field.name for field in dataclasses.fields(Row)]
    assert all(column.doc for column in columns.values())
    assert columns["cell_id"] == Column("cell_id", str, False, "digest of what was asked")
    assert (columns["timed_s"].type, columns["timed_s"].nullable) == (list[float], True)


def test_a_row_comes_back_from_its_line_of_json() -> None:
    written = make_row(
        throttle_reasons=["thermal"], energy_j=None, printed={"sec": "1.0"}, stderr_tail="zwei\nZeilen ä"
    )
    text = row.to_json(written)
    assert "\n" not in text
    assert row.from_json(text) == written


def test_what_is_no_number_is_null_in_json() -> None:
    text = row.to_json(make_row(load_s=math.nan, timed_s=[1.0, math.inf], stages_s={"decode": -math.inf}))
    value = json.loads(text)
    assert (value["load_s"], value["timed_s"], value["stages_s"]) == (None, [1.0, None], {"decode": None})


def test_a_status_is_stored_as_plain_text() -> None:
    assert json.loads(row.to_json(make_row(status=Status.OOM, timed_s=None)))["status"] == "oom"


def test_columns_of_a_newer_featray_are_dropped_and_absent_ones_are_null() -> None:
    value = json.loads(row.to_json(make_row()))
    del value["energy_j"], value["attempt"], value["schema_version"]
    read = row.from_mapping({**value, "colour": "blue"})
    assert (read.energy_j, read.attempt, read.schema_version) == (None, 1, row.SCHEMA_VERSION)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("cell_id", None, "column cell_id is missing"),
        ("batch_size", "4", "column batch_size: '4' is not"),
        ("batch_size", True, "column batch_size: True is not"),
        ("load_s", "1.0", "column load_s: '1.0' is not"),
        ("timed_s", [1.0, "2"], r"column timed_s: \[1.0, '2'\] is not"),
        ("stages_s", {"decode": "1"}, "column stages_s: .* is not"),
        ("unmet_rules", "stages", "column unmet_rules: 'stages' is not"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_column(column: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        row.from_mapping({**json.loads(row.to_json(make_row())), column: value})


@pytest.mark.parametrize(
    ("column", "value"), [("load_s", 2), ("timed_s", [1, 2.5]), ("output_summary", {"Roll": [None, 0.0, 0]})]
)
def test_whole_numbers_and_gaps_fit_where_numbers_do(column: str, value: object) -> None:
    read = row.from_mapping({**json.loads(row.to_json(make_row())), column: value})
    assert getattr(read, column) == value


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("timed_s", [1.0, None]),
        ("timed_s", [1.0, 0.0]),
        ("timed_s", [1.0, -1.0]),
        ("timed_s", [1.0, math.nan]),
        ("timed_s", [1.0, math.inf]),
        ("timed_s", [1.0, 5e-324]),
        ("timed_s", [1.0, 10**400]),
        ("timed_s", []),
        ("timed_s", None),
        ("warmup_s", [0]),
        ("interval_s", [2.0, 1.0]),
        ("interval_s", [1.0]),
        ("stages_s", {"decode": math.nan}),
        ("status", "fine"),
        ("device", "gpu"),
        ("section_kind", "audio"),
        ("started_at", "yesterday"),
        ("ended_at", "2026-05-14"),
        ("batch_size", 0),
        ("frames", -1),
        ("invocation", -(2**63) - 1),
        ("memory_b", 2**63),
        ("load_s", -1.0),
        ("energy_j", 1e300),
        ("energy_j", 10**400),
        ("asked", "[]"),
        ("asked", '{"detector": []}'),
        pytest.param("asked", DEEP, id="asked-deep"),
        pytest.param("rules", DEEP, id="rules-deep"),
        pytest.param("work", {"class": DEEP}, id="work-deep"),
        ("work", {"class": None}),
        ("unmet_rules", [None]),
        ("printed", {"sec": None}),
        ("output_summary", {"Roll": None}),
        ("input_fps", 5e-324),
        ("processes", 10**15),
        ("batch_size", 10**12),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_column(column: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^column {column}: .{{1,200}}$"):
        row.from_mapping({**json.loads(row.to_json(make_row())), column: value})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_sensor_that_gives_no_number_gives_null(value: float) -> None:
    read = row.from_mapping({**json.loads(row.to_json(make_row())), "power_median_w": value})
    assert read.power_median_w is None


def test_a_row_without_a_number_has_no_times() -> None:
    lost = make_row(status="lost")
    assert row.from_json(row.to_json(lost)) == lost


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_json_that_is_no_object_is_no_row(text: str) -> None:
    with pytest.raises(ValueError, match="a row is a JSON object"):
        row.from_json(text)


def test_two_attempts_have_two_keys() -> None:
    first, again = make_row(), make_row(attempt=2, reason="again")
    assert first.key() == ("demo-1", first.cell_id, first.target_id, 1, 1)
    assert again.key() != first.key()
