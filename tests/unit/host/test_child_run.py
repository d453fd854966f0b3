"""One child over some cells: its events, and the rows of cells that it could not measure."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from featray.core.cell import Cell, cell_id
from featray.core.detectors import Detector
from featray.core.inputs import CATALOGUE, VIDEO, Input
from featray.core.row import Row
from featray.core.rules import Rules
from featray.core.status import Status
from featray.host import child_run, input_files, spool, venvs
from featray.host.child import ParentWatch
from featray.host.child_run import Shared
from featray.host.input_files import Found
from featray.host.lease import Lease
from featray.measurement import ffmpeg
from tests.support.builders import BOX, make_cell, make_invocation

TICK = Detector(
    name="tick", class_name="featray.measurement.clockwork:Clockwork", keywords={"frames": 72}, heading="tick"
)
GONE = Input(name="gone", kind=VIDEO, paths=("/gone.mp4",), source_frames=72, fps=30.0)


def make_shared(folder: Path, *cells: Cell, rules: Rules | None = None, watch: ParentWatch | None = None) -> Shared:
    return Shared(
        invocation=make_invocation(*cells, device="cpu", gpu_uuid=None, target_id="cpu@here", rules=rules or Rules()),
        spool=folder / "spool",
        cache=folder,
        host={name: BOX[name] for name in ("hostname", "host_id")},
        libraries=ffmpeg.NO_LIBRARIES,
        lease=Lease(()),
        watch=watch,
    )


def run(
    folder: Path, *cells: Cell, rules: Rules | None = None, watch: ParentWatch | None = None
) -> list[dict[str, Any]]:
    shared = make_shared(folder, *cells, rules=rules, watch=watch)
    return [dict(event) for event in child_run.run(shared, {cell_id(cell): cell for cell in cells})]


def rows_of(events: list[dict[str, Any]]) -> list[Row]:
    return [event["row"] for event in events if event["kind"] == "row"]


def make_tick(clip: Input = CATALOGUE["short"], **changes: Any) -> Cell:
    return make_cell(detector=TICK, input=clip, device="cpu", **changes)


def answer(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Let the child's interpreter run other code; it reads its request first."""
    interpreter = folder / "python"
    script = folder / "child.py"
    script.write_text(f"import json, os, sys, time\nrequest = json.loads(input())\n{code}\n")
    interpreter.write_text(f"#!/bin/sh\nexec {sys.executable} -u {script}\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(venvs, "interpreter", lambda *_: str(interpreter))


def test_a_cell_whose_clip_is_missing_is_unsupported_and_the_other_is_measured(tmp_path: Path) -> None:
    rules = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)
    missing, measured = rows_of(run(tmp_path, make_tick(GONE), make_tick(), rules=rules))
    assert (missing.input, missing.status) == ("gone", Status.UNSUPPORTED)
    assert missing.reason == "input gone: /gone.mp4 is not on this host; copy it there"
    assert (measured.input, measured.status) == ("short", Status.OK)


def test_an_input_that_cannot_be_prepared_costs_no_other_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(clip: Input, _: Path) -> Found:
        if clip.name == "gone":
            raise TypeError("unsupported operand type(s)")
        return find(clip, tmp_path)

    find = input_files.find
    monkeypatch.setattr(input_files, "find", fail)
    rules = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)
    failed, measured = rows_of(run(tmp_path, make_tick(GONE), make_tick(), rules=rules))
    assert (failed.input, failed.status) == ("gone", Status.FAILED)
    assert failed.reason == "input gone cannot be prepared: TypeError: unsupported operand type(s)"
    assert "in fail" in str(failed.stderr_tail)
    assert (measured.input, measured.status) == ("short", Status.OK)


@pytest.mark.parametrize("program", ["/no/such/python", "/dev/null"])
def test_an_interpreter_that_cannot_run_here_makes_its_cells_unsupported(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venvs, "interpreter", lambda *_: program)
    rows = rows_of(run(tmp_path, make_tick(), make_tick(batch_size=1)))
    assert [row.status for row in rows] == [Status.UNSUPPORTED] * 2
    assert program in str(rows[0].reason)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os._exit(3)", "the child died (exit code 3)"),
        ("print('no JSON')", "the child's protocol channel is garbled, not JSON: b'no JSON\\n'"),
        (
            "print(json.dumps({'event': 'started', 'cell_id': 'another'}))",
            "the child's protocol channel is garbled, not what was asked for: 'another'",
        ),
    ],
)
def test_a_child_that_dies_while_it_loads_costs_all_its_cells(
    code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, tmp_path, code)
    rows = rows_of(run(tmp_path, make_tick(), make_tick(batch_size=1)))
    assert [(row.status, row.reason) for row in rows] == [(Status.CRASHED, reason)] * 2


def make_failing(fault: str, batch_size: int = 1) -> Cell:
    spec = Detector(
        name="failing",
        class_name="featray.measurement.fakes.failing_detector:FailingDetector",
        keywords={"fault": fault},
        heading="failing",
    )
    return make_cell(detector=spec, input=CATALOGUE["short"], device="cpu", batch_size=batch_size)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no_text", "_NoText: its message cannot be written (RuntimeError)"),
        ("not_utf8", r"ValueError: no file caf\udce9.pt"),
        ("sys_exit", "SystemExit: bye"),
    ],
)
def test_whatever_a_detector_raises_is_one_failed_cell_with_a_reason(tmp_path: Path, fault: str, reason: str) -> None:
    events = run(tmp_path, make_failing(fault))
    (row,) = rows_of(events)
    assert (row.status, row.reason) == (Status.FAILED, reason)
    assert "failing_detector.py" in str(row.stderr_tail)
    assert events[-1]["kind"] == "row"


def test_a_detector_that_takes_stdout_and_stderr_away_is_measured_in_one_process(tmp_path: Path) -> None:
    rules = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)
    events = run(tmp_path, make_failing("no_streams", 1), make_failing("no_streams", 2), rules=rules)
    assert [row.status for row in rows_of(events)] == [Status.OK] * 2
    assert [event["kind"] for event in events].count("loading") == 1


START = "print(json.dumps({'event': 'started', 'cell_id': sorted(request['files'])[0]}))\n"


def test_a_child_that_dies_at_a_cell_costs_that_cell_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path, START + "print('last words', file=sys.stderr)\nos._exit(3)")
    cells = [make_tick(), make_tick(batch_size=1)]
    (row,) = rows_of(run(tmp_path, *cells))
    assert row.cell_id == min(map(cell_id, cells))
    assert (row.status, row.stderr_tail) == (Status.CRASHED, "last words")


def marked(folder: Path) -> list[str]:
    return sorted(unit.cell_id for unit in spool.begun(folder / "spool"))


def test_what_begins_is_marked_in_the_spool_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "print(json.dumps({'event': 'loading'}))\ntime.sleep(0.2)\n"
    answer(monkeypatch, tmp_path, code + START + "time.sleep(60)")
    cells = {cell_id(cell): cell for cell in (make_tick(), make_tick(batch_size=1))}
    events = child_run.run(make_shared(tmp_path, *cells.values()), dict(cells))
    assert next(events)["kind"] == "loading"
    assert marked(tmp_path) == sorted(cells)
    assert next(events)["kind"] == "started"
    assert marked(tmp_path) == [min(cells)]
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert marked(tmp_path) == []


def test_a_child_that_dies_leaves_no_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path, START + "os._exit(3)")
    run(tmp_path, make_tick(), make_tick(batch_size=1))
    assert marked(tmp_path) == []


def test_a_child_that_has_measured_everything_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_run, "SHARED_END_S", 3600.0)
    watch = ParentWatch()
    rules = Rules(warmup_min=1, warmup_max=1, repeats_min=1, repeats_max=1, min_time_s=0.0, stages=False)
    (row,) = rows_of(run(tmp_path, make_tick(), rules=rules, watch=watch))
    watch.stop()
    assert row.status == Status.OK


def test_a_cell_that_passes_its_limit_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path, START + "time.sleep(60)")
    (row,) = rows_of(run(tmp_path, make_tick(), rules=Rules(time_limit_s=0.5)))
    assert (row.status, row.reason) == (Status.TIMEOUT, "took longer than its limit of 0.5 s")


def test_a_row_that_cannot_be_spooled_still_reaches_the_driver_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, tmp_path, "os._exit(3)")
    (tmp_path / "spool").write_text("a file where the folder should be")
    (event,) = [event for event in run(tmp_path, make_tick()) if event["kind"] == "row"]
    assert event["row"].status == Status.CRASHED
    assert event["text"].startswith(f"box cannot keep rows until they are stored: {tmp_path}/spool: ")


def test_an_environment_whose_torchcodec_can_load_no_ffmpeg_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, tmp_path, "os._exit(3)")
    lacking = dataclasses.replace(ffmpeg.NO_FFMPEG, lack="PyAV 19.0 is too new", remedy="install av<19")
    monkeypatch.setattr(venvs, "packages", lambda _: tmp_path)
    monkeypatch.setattr(ffmpeg, "find", lambda *_, packages: lacking if packages == tmp_path else None)
    (refused,) = rows_of(run(tmp_path, make_cell(device="cpu")))
    assert refused.status == Status.UNSUPPORTED
    assert refused.reason == "in the environment: PyAV 19.0 is too new; install av<19"
    (own,) = rows_of(run(tmp_path, make_tick()))
    assert own.reason == "the child died (exit code 3)"  # a detector of another package needs no torchcodec
