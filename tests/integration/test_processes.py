"""Two processes of a real detector side by side, through the command."""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.command import featray, list_children

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
    frame = pd.read_parquet(results / "rows").set_index("processes")
    assert set(frame["status"]) == {"ok"}
    assert frame["work_id"].nunique() == 1
    assert set(frame["faces"]) == {4}
    own = dict(frame.loc[2, "process_timed_s"])
    assert {number: len(times) for number, times in own.items()} == {"1": 2, "2": 2}
    both = 1 / sum(1 / times[0] for times in own.values())
    assert frame.loc[2, "timed_s"][0] == pytest.approx(both)
    assert frame.loc[2, "rss_peak_b"] > 1.5 * frame.loc[1, "rss_peak_b"]
