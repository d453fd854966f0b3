"""Two processes of a real detector side by side, through the command."""

from pathlib import Path

import pytest

from featray.core.status import Status
from tests.support.command import featray, list_children
from tests.support.replays import stored_rows

SWEEP = """
detectors: [detectorv2]
inputs: [{like: short, skip_frames: 18}]
axes: {device: cpu, batch_size: 4, threads: 1, processes: [1, 2]}
weights: synthetic
measure: {warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 1}
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_of_a_real_detector_have_one_row_with_the_times_of_both(tmp_path: Path) -> None:
    (tmp_path / "pair.yaml").write_text(SWEEP, encoding="utf-8")
    results = tmp_path / "results"
    done = featray("submit", tmp_path / "pair.yaml", "--backend", "inline", "--results", results, timeout=800)
    assert done.code == 0, done.err + done.out
    assert list_children() == []
    alone, pair = sorted(stored_rows(results), key=lambda row: row.processes or 0)
    assert [(row.status, row.processes, row.faces) for row in (alone, pair)] == [(Status.OK, 1, 4), (Status.OK, 2, 4)]
    assert alone.work_id == pair.work_id
    own = pair.process_timed_s or {}
    assert {number: len(times) for number, times in own.items()} == {"1": 2, "2": 2}
    assert (pair.timed_s or [0])[0] == pytest.approx(1 / sum(1 / times[0] for times in own.values()))
    assert (pair.rss_peak_b or 0) > 1.5 * (alone.rss_peak_b or 0)
