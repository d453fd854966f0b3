"""Environments as an axis: another torch and py-feat in the child, beside featray's own."""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.command import featray

SWEEP = """
detectors: [detectorv2]
inputs: [{like: short, skip_frames: 36}]
axes: {device: cpu, batch_size: 2, threads: 2}
weights: synthetic
environments:
  own: []
  torch-2.11: [torch==2.11.0, torchcodec==0.11.1, py-feat==2.1.5]
measure: {warmup: 1, repeats: 1, min_time_s: 0, stages: false, invocations: 3, load_limit_s: 900}
"""

CLOCKWORK = """
detectors:
  - name: tick
    class: "featray.measurement.clockwork:Clockwork"
    keywords: {frames: 72}
inputs: [short]
axes: {device: cpu, batch_size: 1}
environments:
  impossible: [psutil==0.0.0.1]
  small: [psutil]
measure: {warmup: 1, repeats: 1, min_time_s: 0, stages: false, invocations: 1}
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_two_torch_versions_are_measured_in_one_sweep_and_compared(tmp_path: Path) -> None:
    sweep, results = tmp_path / "envs.yaml", tmp_path / "results"
    sweep.write_text(SWEEP, encoding="utf-8")
    done = featray("submit", sweep, "--results", results, timeout=1400)
    assert done.code == 0, done.err + done.out
    frame = pd.read_parquet(results / "rows")
    versions = {environment: set(rows["torch"]) for environment, rows in frame.groupby("environment")}
    assert [version.split("+")[0] for version in versions["torch-2.11"]] == ["2.11.0"]
    assert all(not version.startswith("2.11.") for version in versions["own"])
    assert set(frame["faces"]) == {2}

    compared = featray("compare", "envs", "--over", "torch", "--results", results)
    assert compared.code == 0, compared.err
    assert "torch stack" in compared.out
    assert "drift: within tolerance" in compared.out
    assert "2.11.0" in compared.out


@pytest.mark.slow
def test_a_set_that_cannot_be_resolved_is_unsupported_with_the_resolvers_message(tmp_path: Path) -> None:
    sweep, results = tmp_path / "envs.yaml", tmp_path / "results"
    sweep.write_text(CLOCKWORK, encoding="utf-8")
    done = featray("submit", sweep, "--results", results, timeout=280)
    assert done.code == 1, done.err
    frame = pd.read_parquet(results / "rows").set_index("environment")
    assert frame.loc["small", "status"] == "ok"
    assert frame.loc["impossible", "status"] == "unsupported"
    assert "psutil==0.0.0.1" in str(frame.loc["impossible", "reason"])
