"""The history that ships with featray: complete, unchanged, and readable as a store."""

import hashlib
import statistics
from pathlib import Path

import pandas as pd
import pytest

from featray import store
from featray.api.export import to_format
from featray.api.import_reports import import_reports
from featray.core.row import Row

RESULTS = Path(__file__).parents[2] / "results"
BASELINE, CANDIDATE = "2026-05-03-864962c", "2026-05-14-c716340"


def history(run_id: str) -> tuple[Row, ...]:
    return store.read(RESULTS, run_id=run_id).rows


def best_s(run_id: str, detector: str, clip: str) -> float:
    """Find the shortest call of a detector on CUDA over all batch sizes."""
    rows = [row for row in history(run_id) if (row.detector, row.input, row.device) == (detector, clip, "cuda")]
    return min(statistics.median(row.timed_s or []) for row in rows)


def test_both_reports_are_complete() -> None:
    assert len(history(BASELINE)) == 36
    assert len(history(CANDIDATE)) == 27
    assert all(row.reason is None for row in (*history(BASELINE), *history(CANDIDATE)))


@pytest.mark.parametrize(
    ("run_id", "sha256"),
    [
        (BASELINE, "a249dfebae7a5d600bd9b3c24e2c58a9362e71026b8bdd0f9bbe1df491edd9bf"),
        (CANDIDATE, "b1313ac88925ec5bb910d0057eac6d69e218fb78e17fbe6d4077aa960b69a721"),
    ],
)
def test_the_part_of_each_report_that_the_script_wrote_comes_back_byte_for_byte(run_id: str, sha256: str) -> None:
    (text,) = to_format(history(run_id), "markdown", name=run_id).values()
    assert hashlib.sha256(text.encode()).hexdigest() == sha256


@pytest.mark.parametrize("run_id", [BASELINE, CANDIDATE])
def test_a_report_written_from_the_history_imports_as_the_same_rows(run_id: str, tmp_path: Path) -> None:
    ((name, text),) = to_format(history(run_id), "markdown", name=run_id).items()
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    import_reports(file, results=str(tmp_path / "results"))
    assert store.read(tmp_path / "results").rows == history(run_id)


@pytest.mark.parametrize(
    ("detector", "clip", "published"),
    [
        ("img2pose", "short", "1.56"),
        ("retinaface", "short", "1.42"),
        ("mpdetector", "short", "1.27"),
        ("img2pose", "multi-face", "1.30"),
        ("retinaface", "multi-face", "1.26"),
        ("mpdetector", "multi-face", "1.75"),
    ],
)
def test_the_published_speedups_come_out_of_the_rows(detector: str, clip: str, published: str) -> None:
    assert f"{best_s(BASELINE, detector, clip) / best_s(CANDIDATE, detector, clip):.2f}" == published


def test_pandas_alone_reads_the_shipped_rows() -> None:
    archive = next((RESULTS / "rows").glob("history-*.parquet"))
    frame = pd.read_parquet(archive)
    assert len(frame) == 63
    assert dict(frame["printed"].iloc[0])["config"] == "img2pose"
