"""Many processes on one store: writers, compactions, readers, and some that are killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from featray import store
from featray.store import compaction
from tests.support.builders import make_row

WORKER = Path(__file__).with_name("store_worker.py")
ROOT = Path(__file__).parents[2]


def start(action: str, results: Path, number: int, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), action, str(results), str(number), str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    stdout, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    return stdout.split()


def test_eight_writers_a_compaction_and_a_reader_share_a_store(tmp_path: Path) -> None:
    writers, rows = 8, 25
    compacting = start("compact", tmp_path, 0, 0)
    processes = [start("append", tmp_path, writer, rows) for writer in range(writers)]
    seen = 0
    while any(process.poll() is None for process in processes):
        frame, problems = store.load(tmp_path)
        assert problems == ()
        assert not frame.duplicated(["run_id", "invocation"]).any()
        assert len(frame) >= seen  # no row disappears
        seen = len(frame)
    for process in processes:
        assert finish(process) == [str(number) for number in range(1, rows + 1)]
    assert finish(compacting) == ["done"]
    assert len(store.load(tmp_path)[0]) == writers * rows
    checkup = store.check(tmp_path)
    assert (checkup.rows, checkup.problems, checkup.unfinished) == (writers * rows, (), ())


def test_writers_killed_at_any_moment_leave_no_damage_and_lose_no_stored_row(tmp_path: Path) -> None:
    draw = random.Random(5)
    stored = 0
    for writer in range(4):
        process = start("append", tmp_path, writer, 10_000)
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        time.sleep(draw.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=30)
        stored += 1 + len(rest.split())
    reading = store.read(tmp_path)
    assert reading.problems == ()
    # A writer may die after it stored a row and before it printed the number, never the other way round.
    assert stored <= len(reading.rows) <= stored + 4
    assert store.compact(tmp_path).rows == len(reading.rows)
    assert store.read(tmp_path).rows == reading.rows


def test_a_compaction_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    draw = random.Random(7)
    rows = [make_row(invocation=number) for number in range(1, 41)]
    for row in rows:
        store.append(tmp_path, [row])
    for _ in range(3):
        process = start("compact", tmp_path, 0, 0)
        time.sleep(draw.uniform(0.4, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        assert store.read(tmp_path).rows == tuple(rows)
        store.append(tmp_path, rows[:20])
    store.compact(tmp_path)
    assert store.check(tmp_path).duplicates == 0
    assert store.read(tmp_path).rows == tuple(rows)


@pytest.mark.parametrize("chunk_rows", [100, 5])  # the new file is merged again, or too large for that
def test_a_compaction_killed_between_writing_and_deleting_doubles_nothing_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_rows: int
) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", chunk_rows)
    rows = [make_row(invocation=number) for number in range(1, 8)]
    for row in rows:
        store.append(tmp_path, [row])
    process = start("die", tmp_path, chunk_rows, 0)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    before = store.check(tmp_path)
    assert (before.rows, before.duplicates) == (7, min(chunk_rows, 7))
    assert store.read(tmp_path).rows == tuple(rows)
    store.compact(tmp_path)
    after = store.check(tmp_path)
    assert (after.rows, after.duplicates, after.problems) == (7, 0, ())
    assert store.read(tmp_path).rows == tuple(rows)


def test_a_full_disk_is_a_store_error_and_stored_rows_stay(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    before = sorted((tmp_path / "rows").iterdir())
    message = " ".join(finish(start("full", tmp_path, 2000, 0)))
    assert message == f"cannot write {tmp_path}/rows: File too large; nothing that was stored has changed"
    assert sorted((tmp_path / "rows").iterdir()) == before
    assert store.read(tmp_path).rows == (make_row(),)
