"""Small files: read one by one, into one table of the columns that were asked for."""

from pathlib import Path

import pyarrow as pa
import pytest

from featray import store
from featray.store import schema, small_files, stored_files
from featray.store.location import Location, locate
from featray.store.stored_files import StoredFile
from tests.support.builders import make_row
from tests.support.store_files import put_file, read_bytes, to_parquet


def list_files(folder: Path) -> tuple[Location, list[StoredFile]]:
    location = locate(folder)
    return location, stored_files.list_files(location)[0]


def test_files_with_other_columns_and_types_give_one_table_of_the_columns_asked_for(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(invocation=1)])
    table = schema.to_table([make_row(invocation=2)])
    narrow = table.set_column(
        table.schema.names.index("invocation"), "invocation", pa.array([2], pa.int8())
    ).drop_columns(["sweep"])
    put_file(str(tmp_path), "narrow.parquet", to_parquet(narrow))
    location, files = list_files(tmp_path)
    table, problems = small_files.read(location, files, ["sweep", "invocation"])
    assert problems == []
    assert table.schema.names == ["sweep", "invocation", schema.FILE_COLUMN]
    assert table.column("sweep").to_pylist() == [None, "demo"]
    assert table.column("invocation").to_pylist() == [2, 1]
    assert table.column(schema.FILE_COLUMN).to_pylist() == [location.path(file.name) for file in files]


def test_a_file_whose_footer_has_no_row_with_the_key_values_is_skipped(tmp_path: Path) -> None:
    for sweep in ("a", "b"):
        store.append(tmp_path, [make_row(sweep=sweep)])
    location, files = list_files(tmp_path)
    table, _ = small_files.read(location, files, ["sweep"], key_values={"sweep": "b"})
    assert table.column("sweep").to_pylist() == ["b"]


def test_footers_give_rows_of_todays_schema_and_other_files_are_read_otherwise(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    put_file(str(tmp_path), "damaged.parquet", b"PAR1")
    put_file(str(tmp_path), "empty.parquet", b"")
    location, files = list_files(tmp_path)
    rows, others = small_files.read_footers(location, files)
    assert [row["sweep"] for row in rows] == ["demo"]
    assert sorted(file.name for file in others) == ["damaged.parquet", "empty.parquet"]


def test_more_files_than_one_batch_are_read(tmp_path: Path) -> None:
    content = to_parquet(schema.to_table([make_row()]))
    for number in range(small_files.BATCH_FILES + 1):
        put_file(str(tmp_path), f"{number}.parquet", content)
    location, files = list_files(tmp_path)
    assert small_files.read(location, files, ["sweep"])[0].num_rows == small_files.BATCH_FILES + 1


@pytest.mark.parametrize(
    ("rows", "length", "use_dictionary"),
    [(100, 2**20, False), (10_000_000, 1, True), (3000, 2**20, True), (600_000, 2**20, True)],
    ids=["long texts", "many rows", "one text for many rows", "one text for so many rows that they outweigh it"],
)
def test_a_small_file_that_would_take_gigabytes_is_refused_before_it_is_decoded(
    results: str, rows: int, length: int, use_dictionary: bool
) -> None:
    indices = pa.nulls(rows, pa.int32()).fill_null(0)
    columns = {
        "schema_version": pa.nulls(rows, pa.int64()).fill_null(1),
        "reason": pa.DictionaryArray.from_arrays(indices, ["x" * length]),
    }
    content = to_parquet(pa.table(columns), compression="zstd", use_dictionary=use_dictionary)
    assert_refused(results, content)


def assert_refused(results: str, content: bytes) -> None:
    put_file(results, "bomb.parquet", content)
    assert len(content) < small_files.LIMIT_B
    reading = store.read(results)
    assert reading.rows == ()
    assert [str(problem).partition(";")[0] for problem in reading.problems] == [
        "bomb.parquet: holds far more than featray writes into so small a file"
    ]


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a megabyte be what gigabytes are."""
    monkeypatch.setattr(small_files, "DECODED_B", 2**20)
    monkeypatch.setattr(small_files, "REPEATED_B", 2**24)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("group_rows", [600, 40])
def test_one_long_text_for_many_entries_of_maps_is_refused(results: str, group_rows: int) -> None:
    rows = [{"schema_version": 1, "work": [(f"setting {number}", "x" * 2**14) for number in range(3)]}] * 600
    table = pa.Table.from_pylist(rows, schema=pa.schema([schema.SCHEMA.field(name) for name in rows[0]]))
    assert_refused(results, to_parquet(table, compression="zstd", row_group_size=group_rows))


@pytest.mark.usefixtures("little_memory")
def test_one_long_text_for_all_entries_of_a_large_map_is_refused(results: str) -> None:
    nothing = pa.nulls(100_000, pa.int32()).fill_null(0)
    texts = pa.DictionaryArray.from_arrays(nothing, ["x" * 2**14])
    names = pa.DictionaryArray.from_arrays(nothing, ["a"]).cast(pa.string())
    work = pa.MapArray.from_arrays([0, len(nothing)], names, texts)
    assert_refused(results, to_parquet(pa.table({"schema_version": [1], "work": work}), compression="zstd"))


@pytest.mark.usefixtures("little_memory")
def test_long_texts_that_share_their_beginning_are_refused(results: str) -> None:
    table = pa.table({"schema_version": [1] * 2000, "reason": ["x" * 2**14 + str(number) for number in range(2000)]})
    options = {"use_dictionary": False, "column_encoding": {"reason": "DELTA_BYTE_ARRAY"}}
    assert_refused(results, to_parquet(table, compression="zstd", **options))


@pytest.mark.parametrize("group_rows", [1000, 500])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_a_thousand_rows_as_another_tool_writes_them_are_read(
    results: str, use_dictionary: bool, group_rows: int
) -> None:
    """Polars writes the texts of maps without a dictionary."""
    work = {f"setting {number}": f"{number}" * 40 for number in range(40)}
    table = schema.to_table([make_row(invocation=number, work=work) for number in range(1000)])
    columns = [name for name in table.schema.names if pa.types.is_map(table.schema.field(name).type)]
    other_columns = [name for name in table.schema.names if name not in columns]
    content = to_parquet(
        table,
        compression="zstd",
        row_group_size=group_rows,
        use_dictionary=True if use_dictionary else other_columns,
    )
    assert len(content) < small_files.LIMIT_B
    put_file(results, "rows.parquet", content)
    reading = store.read(results)
    assert (len(reading.rows), reading.problems) == (1000, ())


def test_a_thousand_rows_with_long_texts_that_differ_are_read(results: str) -> None:
    rows = [
        make_row(invocation=number, status="failed", stderr_tail=f"{number} " + "x" * 4000) for number in range(1000)
    ]
    table = schema.to_table(rows).drop_columns(["output_summary"])
    put_file(results, "rows.parquet", to_parquet(table, compression="zstd"))
    assert len(store.read(results).rows) == 1000


def test_rows_whose_last_lines_are_far_too_long_are_read_without_them(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_files, "DECODED_B", 2**20)
    rows = [make_row(invocation=1), make_row(invocation=2, status="failed", reason="r", stderr_tail="m" * 2**20)]
    content = to_parquet(schema.to_table(rows), compression="zstd")
    put_file(results, "old.parquet", content)
    reading = store.read(results)
    assert [(row.invocation, row.reason, row.stderr_tail) for row in reading.rows] == [(1, None, None), (2, "r", None)]
    assert [str(problem) for problem in reading.problems] == [
        "old.parquet: column stderr_tail holds far too long texts; its rows are read without them"
    ]
    assert len(store.keys(results).units) == 2
    checked = store.check(results)
    assert (checked.rows, checked.problems) == (2, reading.problems)
    store.append(results, [make_row(invocation=3)])
    assert store.compact(results).files_before == 0
    assert read_bytes(results, "old.parquet") == content
