"""Flat files: every column, maps as JSON."""

import io

import pyarrow.parquet as pq

from featray.core.row import columns
from featray.store import flat_files
from tests.support.builders import make_row, make_rows


def test_every_column_is_there_and_maps_are_json() -> None:
    row = make_row()
    table = pq.read_table(io.BytesIO(flat_files.encode([row])))
    assert table.column_names == [column.name for column in columns()]
    (read,) = table.to_pylist()
    assert read["stages_s"] == '{"decode": 0.05, "face detection": 0.4, "emotion": 0.2, "other": 0.05}'
    assert (read["timed_s"], read["reason"], read["batch_size"]) == ([0.76] * 5, None, 16)


def test_equal_rows_are_equal_files() -> None:
    assert flat_files.encode(make_rows([0.7, 0.8])) == flat_files.encode(make_rows([0.7, 0.8]))
