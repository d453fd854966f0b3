"""`search:` of a sweep on this machine, with real measuring processes."""

import json
from pathlib import Path

import pytest

from featray import store
from tests.support.command import featray

SWEEP = """
detectors:
  - name: hungry
    class: "featray.measurement.fakes.hungry_detector:HungryDetector"
    keywords: {mib_per_frame: 64, limit_mib: 1000, seconds_per_frame: 0.0002, seconds_per_batch: 0.005}
inputs: [short]
axes: {device: cpu}
search: {batch_size: {max: 64}}
measure: {warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 3}
"""


@pytest.mark.timeout(120)
def test_a_search_stops_where_memory_runs_out_and_recommends_below_it(tmp_path: Path) -> None:
    (tmp_path / "hungry.yaml").write_text(SWEEP, encoding="utf-8")
    results = str(tmp_path / "results")
    ran = featray("submit", tmp_path / "hungry.yaml", "--results", results, "--backend", "inline", "--json")
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    (found,) = (event["search"] for event in events if event.get("event") == "found")
    rows = store.read(results).rows
    exhausted = {row.batch_size for row in rows if row.status == "oom"}
    assert exhausted == {16}  # 16 frames of 64 MiB are above 1000 MiB
    assert found["end"] == "16 ran out of memory"
    assert found["value"] == 8
    assert max(row.batch_size for row in rows) == 16
    assert {row.batch_size for row in rows if row.invocation == 3} == {4, 8}
    again = featray("submit", tmp_path / "hungry.yaml", "--results", results, "--backend", "inline")
    assert (again.code, len(store.read(results).rows)) == (0, len(rows))
    assert "batch size 8" in again.out
    assert "nothing was left to measure" in again.err
