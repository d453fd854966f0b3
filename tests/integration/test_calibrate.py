"""`featray calibrate` as a user runs it: identical cells against themselves, and the noise floor that comes of it."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from featray import store
from tests.support.builders import make_rows
from tests.support.command import Shell, featray

NOISY = """
detectors:
  - name: tick
    class: "featray.measurement.clockwork:Clockwork"
    keywords: {seconds_per_frame: 0.0005, process_jitter: 0.2, frames: 72}
inputs: [short]
axes: {device: [mps, cpu], batch_size: 4}
measure: {warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 6}
"""
INLINE = ("--backend", "inline")
STEADY = [1.0, 1.001, 0.999, 1.0, 1.0]


def compare(results: Path) -> dict[str, object]:
    """Compare the runs `before` and `after`; give their one pair."""
    done = featray("compare", "before", "after", "--json", "--results", results)
    assert done.code == 0, done.err
    (pair,) = json.loads(done.out)["pairs"]
    return dict(pair)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sweep = tmp_path_factory.mktemp("sweep") / "tick.yaml"
    sweep.write_text(NOISY, encoding="utf-8")
    return sweep


@pytest.fixture(scope="module")
def calibrated(sweep: Path) -> tuple[Path, dict[str, Any]]:
    """Calibrate on Ray; return the store, and the one target's noise as JSON."""
    results = sweep.parent / "results"
    done = featray("calibrate", sweep, "--json", "--results", results)
    assert done.code == 0, done.err
    ((target, noise),) = json.loads(done.out).items()  # this machine has no mps device, and the sweep's is left out
    return results, {"target": target, **noise}


@pytest.fixture
def results(calibrated: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the store with the calibration."""
    return Path(shutil.copytree(calibrated[0], tmp_path / "results"))


def test_a_noisy_calibration_never_makes_a_real_difference_equivalent(
    calibrated: tuple[Path, dict[str, Any]], results: Path
) -> None:
    _, noise = calibrated
    target = noise["target"]
    assert (noise["cells"], noise["invocations"], noise["sessions"]) == (1, 3, 1)
    assert noise["half_width"] > math.log(1.045)  # processes differ by 20%
    measured = store.read(str(results)).rows
    assert {(row.sweep, row.target_id, row.status) for row in measured} == {("calibration", target, "ok")}
    assert sorted(row.invocation for row in measured) == [1, 2, 3, 4, 5, 6]

    for name, medians_s in (("before", STEADY), ("after", [1.25 * median_s for median_s in STEADY])):
        store.append(str(results), make_rows(medians_s, sweep=name, run_id=f"{name}-1", device="cpu", target_id=target))
    pair = compare(results)
    assert (pair["verdict"], pair["margin_ratio"]) == ("SLOWER", pytest.approx(1.03))


def test_a_session_is_added_to_what_is_there(sweep: Path, results: Path) -> None:
    done = featray("calibrate", sweep, "--session", "--json", "--quiet", "--results", results, *INLINE)
    assert done.code == 0, done.err
    ((_, noise),) = json.loads(done.out).items()
    assert (noise["runs"], noise["sessions"], noise["session_spread"]) == (2, 1, None)  # of one day
    assert "2 runs are 1 session: another one begins after 8 hours without a measurement, or a reboot" in done.err


def test_without_a_calibration_there_is_nothing_to_add_a_session_to(sweep: Path, shell: Shell) -> None:
    message = shell.complain("calibrate", sweep, "--session", "--results", "results", *INLINE)
    assert "no calibration to add a session to" in message
