"""Writing: one file per call, and archives once."""

import pytest

from featray import store
from featray.errors import StoreError
from featray.store import small_files, writing
from featray.store.reading import Reading
from tests.support.builders import make_row
from tests.support.store_files import list_names, read_table


def test_an_append_adds_one_file_with_every_row(results: str) -> None:
    rows = [make_row(invocation=number) for number in range(1, writing.SMALL_ROWS + 2)]
    for count in (1, len(rows)):
        name = store.append(results, rows[:count])
        assert read_table(results, name).num_rows == count
    assert len(list_names(results)) == 2
    assert store.read(results).rows == tuple(rows)


def test_an_archive_is_never_overwritten(results: str) -> None:
    assert store.append(results, [make_row()], archive="2025") == "history-2025.parquet"
    with pytest.raises(StoreError, match="cannot write"):
        store.append(results, [make_row(invocation=2)], archive="2025")
    assert len(store.read(results).rows) == 1


def test_no_rows_are_refused(results: str) -> None:
    with pytest.raises(ValueError, match="no rows to append"):
        store.append(results, [])


@pytest.mark.parametrize("count", [1, writing.SMALL_ROWS + 1])
def test_rows_of_any_length_that_were_appended_can_be_read(
    results: str, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(small_files, "DECODED_B", 2**16)
    rows = [make_row(invocation=number, status="failed", stderr_tail="m" * 2**17) for number in range(1, count + 1)]
    rows += [make_row(invocation=count + 1, reason="m" * 2**17)]
    store.append(results, rows)
    reading = store.read(results)
    assert reading.problems == ()
    assert reading.rows == tuple(rows)
    assert len(store.keys(results).units) == count + 1
    assert store.check(results).problems == ()


def test_long_settings_of_many_rows_that_were_appended_can_be_read(results: str) -> None:
    work = {f"setting {number}": "w" * 10_000 for number in range(20)}
    rows = [make_row(invocation=number, work=work) for number in range(1, writing.SMALL_ROWS)]
    store.append(results, rows)
    assert store.read(results) == Reading(tuple(rows), ())
