"""The queries of docs/queries.md are run as they stand, on a store with replaced attempts and failures."""

import math
import re
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from featray import store
from tests.support.builders import CPU, make_row, make_rows
from tests.support.command import ROOT

PAGE = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
DUCKDB_TIMES, POLARS_TIMES, DUCKDB_STAGES, POLARS_STAGES = QUERIES

MS_PER_FRAME = 1000 * math.sqrt(0.72 * 0.8) / 72
"""Two invocations of 0.72 and 0.80 s on the 72 frames of the clip."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a store whose cell of batch 16 has two invocations that count, and much that does not."""
    results = tmp_path / "results"
    first, second = make_rows([0.72, 0.8])
    store.append(results, [first])
    store.append(results, [first, second])  # a row in two files, as while files are merged
    store.append(results, make_rows([9.0], attempt=0))  # replaced by attempt 1
    store.append(results, [make_row(invocation=3, status="oom", timed_s=None)])
    store.append(results, make_rows([1.44], batch_size=4, **CPU))
    for name in ("1.1", "1.0"):
        store.append(results, make_rows([1.0], batch_size=8, environment=name, requirements=[f"tick=={name}"]))
    return tmp_path


def run(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/queries.md", "exec"), names)
    return names


def check(times: list[tuple[Any, ...]]) -> None:
    (four, *two, sixteen) = times
    assert four[:7] == ("demo-1", "retinaface", "short", 4, None, "cpu@id-box", 1)
    assert four[7] == pytest.approx(1440 / 72)
    assert [row[3:5] for row in two] == [(8, "1.0"), (8, "1.1")]
    assert sixteen[3] == 16
    assert sixteen[6] == 2
    assert sixteen[7] == pytest.approx(MS_PER_FRAME)


def test_the_query_of_duckdb_gives_the_times_of_reports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = run(DUCKDB_TIMES, folder, monkeypatch)["times"]
    assert isinstance(times, duckdb.DuckDBPyRelation)
    check(times.fetchall())


def test_the_query_of_polars_gives_the_times_of_reports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = run(POLARS_TIMES, folder, monkeypatch)["times"]
    assert isinstance(times, pl.DataFrame)
    check(times.drop("cell_id").rows())


def test_the_query_of_stages_gives_a_line_per_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = run(DUCKDB_STAGES, folder, monkeypatch)["stages"].fetchall()
    assert ("retinaface", 4, None, "decode", 0.05) in stages
    assert {stage for *_, stage, _ in stages} == {"decode", "face detection", "emotion", "other"}


def test_both_queries_of_stages_give_the_same_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = run(POLARS_STAGES, folder, monkeypatch)["stages"]
    assert isinstance(stages, pl.DataFrame)
    assert stages.columns == ["detector", "batch_size", "environment", "stage", "seconds"]
    assert stages.rows() == run(DUCKDB_STAGES, folder, monkeypatch)["stages"].fetchall()


def test_the_queries_read_the_shipped_history_too(
    history: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "results").symlink_to(history)
    in_duckdb = run(DUCKDB_TIMES, tmp_path, monkeypatch)["times"].fetchall()
    in_polars = run(POLARS_TIMES, tmp_path, monkeypatch)["times"].drop("cell_id").rows()
    assert len(in_duckdb) == len(in_polars) > 0
    assert sum(row[7] for row in in_duckdb) == pytest.approx(sum(row[7] for row in in_polars))
