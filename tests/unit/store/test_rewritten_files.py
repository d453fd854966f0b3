"""Files of the store that pyarrow has read and written again: it keeps their metadata, which describes other bytes."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from featray import store
from featray.core.row import Row
from featray.store import footers, small_files
from tests.support.builders import make_row
from tests.support.store_files import (
    assert_keys_agree,
    flip_bits,
    leave_killed_compaction,
    list_names,
    put_file,
    read_bytes,
)

WRITERS: dict[str, Callable[[Path, Path], Any]] = {
    "write_table": lambda old, new: pq.write_table(pq.read_table(old), new),
    "zstd": lambda old, new: pq.write_table(pq.read_table(old), new, compression="zstd"),
    "page checksums": lambda old, new: pq.write_table(pq.read_table(old), new, write_page_checksum=True),
    "filtered": lambda old, new: pq.write_table(pq.read_table(old, filters=pc.field("invocation") > 1), new),
    "to_table": lambda old, new: pq.write_table(ds.dataset(old).to_table(), new),
    "write_dataset": lambda old, new: ds.write_dataset(
        ds.dataset(old),
        new.parent,
        format="parquet",
        basename_template="again-{i}.parquet",
        existing_data_behavior="overwrite_or_ignore",
    ),
    "twice": lambda old, new: (pq.write_table(pq.read_table(old), new), pq.write_table(pq.read_table(new), new)),
}
FEW = [make_row(invocation=number) for number in range(1, 4)]
TEXTS = random.Random(1)
FEW_LONG = [make_row(invocation=number, reason=TEXTS.randbytes(2500).hex()) for number in range(1, 61)]
MANY = [make_row(invocation=number) for number in range(1, 101)]
SIZES = {"few rows": FEW, "few rows in a large file": FEW_LONG, "many rows": MANY}


def rewrite(results: str, writer: str) -> None:
    """Let another tool write the store's only file again."""
    (name,) = list_names(results)
    folder = Path(results) / "rows"
    WRITERS[writer](folder / name, folder / "again-0.parquet")
    (folder / name).unlink()


@pytest.fixture(params=SIZES)
def rows(request: pytest.FixtureRequest, results: str) -> list[Row]:
    """Rows that lie in the store's only file."""
    stored: list[Row] = SIZES[request.param]
    store.append(results, stored)
    return stored


@pytest.mark.parametrize("writer", WRITERS)
def test_every_command_takes_a_file_that_was_written_again(results: str, writer: str, rows: list[Row]) -> None:
    rewrite(results, writer)
    kept = tuple(rows[1:] if writer == "filtered" else rows)
    assert store.read(results) == store.Reading(kept)
    assert_keys_agree(results)
    frame, problems = store.load(results, columns=["invocation"])
    assert (len(frame), problems) == (len(kept), ())
    assert store.check(results).problems == ()
    store.append(results, [make_row(run_id="demo-2")])
    assert store.compact(results).rows == len(kept) + 1
    assert store.read(results, run_id="demo-1") == store.Reading(kept)


@pytest.mark.parametrize("run_id", ["demo-1", "demo-2"])
def test_a_run_is_removed_from_a_file_that_was_written_again(results: str, run_id: str) -> None:
    store.append(results, [*FEW, make_row(run_id="demo-2")])
    rewrite(results, "write_table")
    store.remove(results, run_id)
    assert {row.run_id for row in store.read(results).rows} == {"demo-1", "demo-2"} - {run_id}


def test_a_row_that_was_changed_is_checked_whatever_the_metadata_says(results: str) -> None:
    store.append(results, FEW)
    (name,) = list_names(results)
    file = Path(results) / "rows" / name
    table = pq.read_table(file)
    statuses = [table.column("status").slice(0, 2).to_pylist()[0], "lost", "nonsense"]
    index = table.schema.get_field_index("status")
    pq.write_table(table.set_column(index, table.schema.field(index), [statuses]), file)
    for units in (store.read(results).rows, store.keys(results).units):
        assert [(unit.invocation, unit.status) for unit in units] == [(1, "ok"), (2, "lost")]
    (problem,) = store.check(results).problems
    assert "status" in problem.reason


def test_what_a_compacted_file_was_made_of_stays_where_it_was_written_again_without_some_rows(results: str) -> None:
    for row in FEW:
        store.append(results, [row])
    (new,) = leave_killed_compaction(results)
    file = Path(results) / "rows" / new
    pq.write_table(pq.read_table(file, filters=pc.field("invocation") > 1), file)
    assert store.compact(results).cleared == 0
    assert store.read(results).rows == tuple(FEW)


@pytest.mark.usefixtures("rows")
def test_a_damaged_file_of_featray_is_not_taken_for_one_that_was_written_again(results: str) -> None:
    (name,) = list_names(results)
    whole = read_bytes(results, name)
    assert not footers.is_rewritten(whole)
    for position in range(4, len(whole), 97 if len(whole) <= small_files.LIMIT_B else 997):
        assert not footers.is_rewritten(flip_bits(whole, position))
        assert not footers.is_rewritten(whole[:position])
        assert not footers.is_rewritten(whole[:position] + bytes(500) + whole[position + 500 :])


def test_damage_of_a_file_that_was_written_again_with_page_checksums_is_named_or_changes_no_value(results: str) -> None:
    store.append(results, FEW)
    rewrite(results, "page checksums")
    (name,) = list_names(results)
    content = read_bytes(results, name)
    for position in range(1000, 20_000, 4000):  # the footer follows later
        put_file(results, name, flip_bits(content, position))
        assert store.check(results).problems or store.read(results).rows == tuple(FEW)


def test_a_store_of_version_0_1_0_is_taken_after_it_was_written_again(results: str) -> None:
    golden = Path(__file__).parents[2] / "golden" / "store-0.1.0" / "rows-0.1.0.parquet"
    folder = Path(results) / "rows"
    folder.mkdir(parents=True)
    shutil.copy(golden, folder)
    rows = store.read(results).rows
    assert rows
    rewrite(results, "write_table")
    assert store.read(results) == store.Reading(rows)
    assert store.check(results).problems == ()
