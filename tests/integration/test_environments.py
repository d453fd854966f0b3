"""Environments as an axis: another torch and py-feat in the child, beside featray's own."""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.command import featray
from tests.support.versions_of_packages import write_wheel

LIGHT = """
name: envs
detectors:
  - name: tick
    class: "featray.measurement.clockwork:Clockwork"
    keywords: {{frames: 72}}
inputs: [short]
axes: {{device: cpu, batch_size: 1}}
environments:
  own: []
  other: [{requirement}]
measure: {{warmup: 1, repeats: 1, min_time_s: 0, stages: false, invocations: 2}}
"""
"""Packages that are quick to install: building and choosing environments is the same for them."""

REAL = """
name: envs
detectors: [detectorv2]
inputs: [{like: short, skip_frames: 36}]
axes: {device: cpu, batch_size: 2, threads: 2}
weights: synthetic
environments:
  own: []
  other: [torch==2.11.0, torchcodec==0.11.1, py-feat==2.1.5]
measure: {warmup: 1, repeats: 1, min_time_s: 0, stages: false, invocations: 3, load_limit_s: 900}
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def submit(text: str, results: Path, *options: str, code: int) -> pd.DataFrame:
    """Measure a sweep; return its rows."""
    sweep = results.parent / "envs.yaml"
    sweep.write_text(text, encoding="utf-8")
    done = featray("submit", sweep, "--results", results, *options, timeout=1400)
    assert done.code == code, done.err + done.out
    return pd.read_parquet(results / "rows")


def check_versions(rows: pd.DataFrame, results: Path) -> None:
    """Each side has its own torch, and the comparison over torch names both and finds the same output."""
    versions = {environment: set(of) for environment, of in rows.groupby("environment")["torch"]}
    assert [version.split("+")[0] for version in versions["other"]] == ["2.11.0"]
    assert all(not version.startswith("2.11.") for version in versions["own"])
    compared = featray("compare", "envs", "--over", "torch", "--results", results)
    assert compared.code == 0, compared.err
    assert "torch stack" in compared.out
    assert "drift: within tolerance" in compared.out
    assert "2.11.0" in compared.out


@pytest.mark.slow
def test_two_torch_versions_are_measured_in_one_sweep_and_compared(tmp_path: Path, results: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels", "2.11.0", 0.0, package="torch", module="torch")  # a version, and no more
    rows = submit(LIGHT.format(requirement=f"torch @ {wheel.as_uri()}"), results, code=0)
    assert list(rows["status"]) == ["ok"] * 4
    check_versions(rows, results)


@pytest.mark.slow
def test_a_set_that_cannot_be_resolved_is_unsupported_with_the_resolvers_message(results: Path) -> None:
    rows = submit(LIGHT.format(requirement="psutil==0.0.0.1"), results, "--backend", "inline", code=1)
    ends = {environment: set(of["status"]) for environment, of in rows.groupby("environment")}
    assert ends == {"own": {"ok"}, "other": {"unsupported"}}
    assert all("psutil==0.0.0.1" in reason for reason in rows["reason"].dropna())


@pytest.mark.download
@pytest.mark.timeout(1500)
def test_a_real_detector_is_measured_with_two_real_torches(results: Path) -> None:
    rows = submit(REAL, results, code=0)
    assert set(rows["faces"]) == {2}
    check_versions(rows, results)
