"""The table of the acceptance run, from rows and a test report that are made here. It needs no GPU."""

from pathlib import Path

import pytest

from featray import store, sweep
from featray.core.row import Row
from featray.host import clips
from featray.sweep import expand
from tests.gpu import summary
from tests.support.builders import BLACKWELL, make_row

SWEEPS = Path(__file__).with_name("sweeps")


def verdicts(*rows: Row) -> dict[str, bool | None]:
    return {line.what: line.verdict for line in summary.lines(rows)}


def seen(what: str, *rows: Row) -> str:
    (line,) = [line for line in summary.lines(rows) if line.what == what]
    return line.seen


def test_another_gpu_than_asked_for_is_to_be_looked_at() -> None:
    assert verdicts(make_row(**BLACKWELL))["UUID asked = seen"] is True
    assert verdicts(make_row(**{**BLACKWELL, "gpu_uuid": "GPU-other"}))["UUID asked = seen"] is False
    assert verdicts()["UUID asked = seen"] is None


@pytest.mark.parametrize(("other_s", "verdict"), [(0.1, True), (0.2, False)])
def test_time_in_no_stage_may_be_a_tenth(other_s: float, verdict: bool) -> None:
    row = make_row(stages_s={"face detection": 1 - other_s, "other": other_s})
    assert verdicts(row)["time in no stage"] is verdict


def test_energy_is_compared_with_power_over_the_time_of_every_call() -> None:
    row = make_row(**BLACKWELL, energy_j=1200.0, power_median_w=200.0, timed_s=[1.0, 1.0], calls_per_repeat=3)
    assert seen("energy / (power x time)", row) == "1 (1 to 1, 1 rows)"  # 200 W for 6 s


def test_a_batch_without_memory_is_shown_with_what_came_after_it() -> None:
    def row(batch: int, status: str, minute: int) -> Row:
        started_at = f"2026-05-14T00:{minute:02}:00.000+00:00"
        return make_row(**BLACKWELL, batch_size=batch, status=status, process="p", started_at=started_at)

    rows = [row(1, "ok", 1), row(32, "oom", 2), row(8, "ok", 3), row(64, "skipped", 4)]
    assert seen("memory ends under a limit", *rows) == (
        "oom at batch [32], skipped [64], ok in the same process afterwards [8]"
    )
    assert verdicts(rows[0])["memory ends under a limit"] is None


def test_the_fastest_batch_of_a_detector_stands_beside_the_published_figure() -> None:
    rows = [
        make_row(detector="retinaface", batch_size=batch, timed_s=[seconds], frames=72)
        for batch, seconds in ((4, 0.8), (16, 0.6))
    ]
    assert list(summary.best_rates(rows))[2:] == ["| retinaface | short | 1 | 120 fps | 16 | 134 fps |"]


def test_a_check_shows_its_figures_or_why_it_did_not_pass(tmp_path: Path) -> None:
    report = tmp_path / "checks.xml"
    report.write_text(
        '<testsuites><testsuite><testcase name="test_a_b"><properties><property name="ratio" value="1.01"/>'
        '</properties></testcase><testcase name="test_c"><skipped message="no GPU"/></testcase>'
        '<testcase name="test_d"><failure message="assert 3 == 4"/></testcase></testsuite></testsuites>',
        encoding="utf-8",
    )
    found = [(line.what, line.seen, line.verdict) for line in summary.checks(report)]
    assert found == [("test a b", "ratio: 1.01", True), ("test c", "no GPU", None), ("test d", "assert 3 == 4", False)]
    assert summary.draw(summary.checks(report)).splitlines()[3] == "| test c | passes | no GPU | - |"
    assert list(summary.checks(tmp_path / "none.xml")) == []


def test_the_published_figures_are_those_of_the_history_that_is_shipped(history: Path) -> None:
    rows = [row for row in store.read(history, run_id="2026-05-14-c716340").rows if row.device == "cuda"]
    fastest = {
        key: max(
            1000 * row.frames / round(1000 * row.timed_s[0], 3)
            for row in rows
            if (row.detector, row.input) == key and row.timed_s and row.frames
        )
        for key in summary.PUBLISHED
    }
    assert {key: round(rate, 1) for key, rate in fastest.items()} == summary.PUBLISHED


def test_the_sweep_measures_what_the_published_figures_are_of() -> None:
    speed = sweep.load(SWEEPS / "gpu-speed.yaml", probe_clip=clips.probe)
    assert {(cell.detector.name, cell.input.name) for cell in expand(speed)} >= set(summary.PUBLISHED)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        *(("gpu-speed", 16), ("gpu-processes", 2), ("gpu-precision", 2), ("gpu-memory", 3), ("gpu-same", 1)),
        *(("gpu-mps", 2), ("gpu-compiled", 2)),
    ],
)
def test_a_sweep_of_the_acceptance_run_is_for_gpus_and_synthetic(name: str, cells: int) -> None:
    planned = expand(sweep.load(SWEEPS / f"{name}.yaml", probe_clip=clips.probe))
    assert [(cell.device, cell.weights) for cell in planned] == [("cuda", "synthetic")] * cells
