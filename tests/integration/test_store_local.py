"""Local folders: what a disk can refuse, and what a writer may leave behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from featray import store
from featray.core import row as rows
from featray.errors import StoreError
from featray.store import scanning
from featray.store import stored_files as places
from tests.support.builders import make_row

ROOT = Path(__file__).parents[2]


def test_pandas_alone_reads_the_folder_as_one_frame(tmp_path: Path) -> None:
    for number in range(1, 4):
        store.append(tmp_path, [make_row(invocation=number, sweep="007")])
    store.compact(tmp_path)
    store.append(tmp_path, [make_row(invocation=4, sweep="007")])
    (tmp_path / "rows" / ".rows-x.parquet.1.tmp").write_bytes(b"half")
    frame = pd.read_parquet(tmp_path / "rows")
    assert sorted(frame["invocation"]) == [1, 2, 3, 4]
    assert list(frame.columns) == [column.name for column in rows.columns()]
    assert set(frame["sweep"]) == {"007"}
    assert dict(frame["stages_s"].iloc[0])["emotion"] == 0.2


def test_a_results_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot write"):
        store.append(tmp_path / "results", [make_row()])


def test_a_uri_of_an_unknown_kind_is_a_store_error_that_keeps_secrets() -> None:
    with pytest.raises(StoreError, match="cannot open") as caught:
        store.read("nfs9://user:secret@host/results?key=secret")
    assert "secret" not in str(caught.value)


def test_a_file_uri_is_the_folder_itself(tmp_path: Path) -> None:
    store.append(tmp_path.as_uri(), [make_row()])
    assert len(store.read(tmp_path).rows) == 1


def test_a_relative_folder_is_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store.append("results", [make_row()])
    assert len(store.read(tmp_path / "results").rows) == 1


def test_what_a_killed_writer_left_is_told_and_cleared_up_after_a_day(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    fresh, old = (tmp_path / "rows" / f".rows-{name}.parquet.77.tmp" for name in ("fresh", "old"))
    for file in (fresh, old):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    assert store.check(tmp_path).unfinished == (fresh.name, old.name)
    store.compact(tmp_path)
    assert store.check(tmp_path).unfinished == (fresh.name,)


def test_a_reader_starts_over_when_a_file_vanishes_under_it(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    place = places.at(tmp_path)
    gone = places.StoredFile("rows-gone.parquet", 100)
    with pytest.raises(FileNotFoundError):
        scanning.scan_files(place, [gone, *places.listing(place)[0]], ["run_id"])
    assert len(store.read(tmp_path).rows) == 1


@pytest.mark.root
def test_a_full_disk_and_a_read_only_one_lose_nothing(tmp_path: Path) -> None:
    script = f"""
from featray import store
from featray.errors import StoreError
from tests.support.builders import make_row
import subprocess
stored = 0
try:
    for number in range(1, 100):
        store.append({str(tmp_path)!r}, [make_row(invocation=number)])
        stored = number
except StoreError as wrong:
    print(wrong)
print(stored, len(store.read({str(tmp_path)!r}).rows), store.check({str(tmp_path)!r}).problems)
subprocess.run(["mount", "-o", "remount,ro", {str(tmp_path)!r}], check=True)
try:
    store.append({str(tmp_path)!r}, [make_row(invocation=100)])
except StoreError as wrong:
    print(wrong)
print(stored, len(store.read({str(tmp_path)!r}).rows))
"""
    mounted = (
        f"mount -t tmpfs -o size=256k tmpfs {tmp_path} && exec {sys.executable} -c '{script.replace(chr(39), chr(34))}'"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    full, first, read_only, second = done.stdout.splitlines()
    assert full.endswith("No space left on device; free some space, or name another place with --results")
    stored, read, problems = first.split(maxsplit=2)
    assert (stored, problems) == (read, "()")
    assert int(stored) > 3
    assert read_only.endswith("Read-only file system; name a place that can be written with --results")
    assert second == f"{stored} {stored}"
