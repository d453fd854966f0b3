"""Faults: rows that cannot be are dropped and named, also where a file claims to have none."""

import hashlib
import inspect
import io
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from featray import store
from featray.core import row_values
from featray.core.row import Row
from featray.store import faults, footers, scanning, schema, small_files, soundness
from featray.store.location import locate
from featray.store.problems import report_change
from tests.support.builders import make_row

FEW = ["cell_id", "status", "timed_s"]


def make_many() -> list[Row]:
    """Make rows that fill a large file: each has a text that does not compress."""
    return [make_row(invocation=number, stderr_tail=os.urandom(500).hex()) for number in range(1, 401)]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Store a file that is large, and return its path."""
    file = tmp_path / "rows" / store.append(tmp_path, make_many())
    assert file.stat().st_size > small_files.LIMIT_B
    return file


@pytest.fixture(params=["small", "large"])
def marked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Store 400 rows in a file that is read in one request, and in one that is not."""
    rows = make_many() if request.param == "large" else [make_row(invocation=number) for number in range(1, 401)]
    file = tmp_path / "rows" / store.append(tmp_path, rows)
    assert (file.stat().st_size > small_files.LIMIT_B) == (request.param == "large")
    return file


def has_mark(file: Path) -> bool:
    return scanning.has_sound_mark(locate(file.parents[1]), file.name)


def rewrite(file: Path, column: str, value: object) -> None:
    """Write a file anew with one value changed, and all its metadata copied, as another program might."""
    table, metadata = pq.read_table(file), pq.read_metadata(file).metadata
    values = [value, *table.column(column).to_pylist()[1:]]
    index = table.schema.get_field_index(column)
    changed = table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))
    with pq.ParquetWriter(file, changed.schema) as writer:
        writer.write_table(changed)
        writer.add_key_value_metadata({key: text for key, text in metadata.items() if key.startswith(b"featray.")})


def test_a_file_whose_rows_were_checked_is_read_without_what_the_caller_does_not_want(
    marked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_mark(marked)
    monkeypatch.setattr(faults, "is_sound", lambda table: table.num_rows == 0 or pytest.fail("it was checked before"))
    frame, problems = store.load(marked.parents[1], columns=FEW)
    assert (len(frame), list(frame.columns), problems) == (400, FEW, ())
    found = store.keys(marked.parents[1])
    assert (len(found.units), found.problems) == (400, ())


def test_a_file_with_a_fault_has_no_mark_and_its_row_is_named(tmp_path: Path) -> None:
    bad = make_row(invocation=500, timed_s=[-1.0])
    file = tmp_path / "rows" / store.append(tmp_path, [*make_many(), bad])
    assert not has_mark(file)
    frame, (problem,) = store.load(tmp_path, columns=FEW)
    assert len(frame) == 400
    assert "column timed_s: expected times" in problem.reason


@pytest.mark.parametrize(("column", "value"), [("status", "great"), ("device", "abacus"), ("device", "cpu")])
def test_a_file_that_another_tool_wrote_again_is_damaged_to_every_reader(
    marked: Path, column: str, value: object
) -> None:
    rewrite(marked, column, value)
    assert not has_mark(marked)
    results = marked.parents[1]
    expected = (report_change(marked.name),)
    frame, problems = store.load(results, columns=FEW)
    assert (len(frame), problems) == (0, expected)
    assert store.read(results) == store.Reading((), expected)
    assert (store.keys(results).units, store.keys(results).problems) == ((), expected)
    assert store.runs(results) == ([], expected)
    assert (store.check(results).rows, store.check(results).problems) == (0, expected)
    assert store.compact(results).problems == expected


def test_a_file_without_a_mark_of_an_older_featray_is_read(large: Path) -> None:
    table = pq.read_table(large)
    pq.write_table(table.replace_schema_metadata(None), large)
    assert len(store.read(large.parents[1]).rows) == store.check(large.parents[1]).rows == 400


@pytest.mark.parametrize("count", [3, 400])
def test_every_file_has_a_checksum_of_its_footer(tmp_path: Path, count: int) -> None:
    file = tmp_path / "rows" / store.append(tmp_path, [make_row(invocation=1 + number) for number in range(count)])
    footer = footers.read_footer(io.BytesIO(file.read_bytes()))
    assert not footers.is_footer_changed(footer)
    assert footers.is_footer_changed(footer.replace(b"power_limit_w", b"qower_limit_w"))
    assert not footers.is_footer_changed(b"")


def test_a_mark_by_other_rules_is_not_believed(marked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int] = []

    def note(table: pa.Table) -> bool:
        checked.append(table.num_rows)
        return soundness.is_sound(table)

    monkeypatch.setattr(faults, "is_sound", note)
    monkeypatch.setattr(row_values, "RULES", row_values.RULES + 1)
    assert not has_mark(marked)
    assert len(store.load(marked.parents[1], columns=FEW)[0]) == 400
    assert sum(checked) == 400


def test_a_small_file_with_a_mark_that_was_damaged_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows" / store.append(tmp_path, [make_row(invocation=number) for number in range(1, 101)])
    content = file.read_bytes()
    for at in range(4, len(content), len(content) // 50):
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        frame, problems = store.load(tmp_path, columns=FEW)
        assert (len(frame), len(problems)) == (0, 1), at


def test_a_footer_that_is_changed_or_cut_off_anywhere_has_no_mark(large: Path) -> None:
    with large.open("rb") as stream:
        footer = footers.read_footer(stream)
    assert footers.has_sound_mark(footer, row_values.RULES)
    checksum = footer.rfind(footers.CHECKSUM_KEY.encode())
    for position in range(0, checksum, 997):
        changed = footer[:position] + bytes([footer[position] ^ 1]) + footer[position + 1 :]
        assert not footers.has_sound_mark(changed, row_values.RULES)
        assert not footers.has_sound_mark(footer[position + 1 :], row_values.RULES)


def test_a_table_without_a_column_that_is_checked_has_no_mark() -> None:
    table = schema.to_table([make_row()])
    assert faults.are_none(table)
    assert not faults.are_none(table.drop_columns(["device"]))


def test_stricter_rules_have_another_number() -> None:
    """When this fails: raise `row_values.RULES` if a rule has become stricter, then write the new digest here."""
    digest = hashlib.sha256(inspect.getsource(row_values).encode()).hexdigest()[:16]
    assert (row_values.RULES, digest) == (1, "80a6bd0e20c48740")
