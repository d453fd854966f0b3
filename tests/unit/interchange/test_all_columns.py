"""All columns: what other tools read has every column and loses nothing."""

import csv
import io
import json

import pytest
from hypothesis import given, settings

from featray.core.row import Row, columns, from_mapping
from featray.interchange import all_columns
from tests.support.any_rows import ROWS
from tests.support.builders import make_row

QUICK = settings(max_examples=20, derandomize=True, deadline=None)


@QUICK
@given(ROWS)
def test_any_row_comes_back_from_a_json_line(row: Row) -> None:
    assert from_mapping(json.loads(all_columns.write_json_lines([row]))) == row


def test_each_row_is_one_json_line() -> None:
    rows = [make_row(invocation=number) for number in (1, 2)]
    lines = all_columns.write_json_lines(rows).splitlines()
    assert [from_mapping(json.loads(line)) for line in lines] == rows


def test_the_csv_has_the_stores_columns_with_json_for_lists_and_maps() -> None:
    row = make_row(timed_s=[0.5, 0.25], throttled=False, work_id=None)
    (record,) = csv.DictReader(io.StringIO(all_columns.write_csv([row])))
    assert list(record) == [column.name for column in columns()]
    assert json.loads(record["timed_s"]) == [0.5, 0.25]
    assert json.loads(record["stages_s"]) == row.stages_s
    assert (record["throttled"], record["work_id"]) == ("false", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_a_number_none(text: str) -> None:
    row = make_row(description=text, cpu_count=-1)
    head, line = csv.reader(io.StringIO(all_columns.write_csv([row]), newline=""))
    assert line[head.index("description")] == f"'{text}".replace("\r", "\n")
    assert line[head.index("cpu_count")] == "-1"
    assert json.loads(all_columns.write_json_lines([row]))["description"] == text
