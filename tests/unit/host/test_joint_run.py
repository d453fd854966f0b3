"""Several children side by side: one row of all of them or, where one fails, one row that says which."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from featray.core import identity, invocation, row
from featray.core.cell import Cell, cell_id
from featray.core.choices import Device
from featray.core.detectors import Detector, Keyword
from featray.core.row import Row
from featray.core.rules import Rules
from featray.core.status import Status
from featray.host import child_run, cpu_shares, lease, mps_daemon, spool, supervisor, venvs
from featray.measurement import weights
from tests.support import gpu_child
from tests.support.builders import BLACKWELL, RTX3090, make_cell, make_invocation

QUICK = Rules(warmup_min=1, warmup_max=1, repeats_min=2, repeats_max=2, min_time_s=0.0, spread_max=10.0, stages=False)
CLOCKWORK = "featray.measurement.clockwork:Clockwork"
FAILING = "featray.measurement.fakes.failing_detector:FailingDetector"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    monkeypatch.setenv("FEATRAY_LEASES", str(tmp_path / "leases"))
    return tmp_path


def make_cells(class_name: str, *batch_sizes: int, processes: int = 2, **keywords: Keyword) -> list[Cell]:
    detector = Detector(name="fake", class_name=class_name, keywords={"frames": 72, **keywords}, heading="fake")
    return [make_cell(detector=detector, device="cpu", batch_size=size, processes=processes) for size in batch_sizes]


def supervise(cells: list[Cell], rules: Rules = QUICK, **changes: Any) -> list[dict[str, Any]]:
    settings = {"device": "cpu", "gpu_uuid": None, "target_id": "cpu@here", "rules": rules, **changes}
    request = {
        "invocation": invocation.to_mapping(make_invocation(*cells, **settings)),
        "store": "/results",
        "holder": "ann@box",
    }
    return [dict(event) for event in supervisor.supervise(request)]


def rows_of(events: list[dict[str, Any]]) -> list[Row]:
    return [row.from_json(event["row"]) for event in events if event["kind"] == "row"]


def test_processes_side_by_side_give_one_row_per_cell(cache: Path) -> None:
    events = supervise(make_cells(CLOCKWORK, 16, 8, seconds_per_call=0.05))
    kinds = [event["kind"] for event in events]
    assert kinds == ["begun", "loading", "started", "row", "started", "row", "ended"]
    for measured in rows_of(events):
        assert (measured.status, measured.processes) == (Status.OK, 2)
        assert measured.process_timed_s is not None
        own = [times[0] for times in measured.process_timed_s.values()]
        assert len(own) == 2
        assert min(own) >= 0.05
        assert (measured.timed_s or [0])[0] == pytest.approx(1 / sum(1 / time_s for time_s in own))
    assert len(spool.pending(spool.folder(cache, "/results"))) == 2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot pin a process")
def test_each_process_keeps_to_its_share_of_the_processors() -> None:
    allowed = cpu_shares.allowed_cpus()
    shares = cpu_shares.share_out(2, allowed)
    (measured,) = rows_of(supervise(make_cells(CLOCKWORK, 16)))
    assert measured.pinned_cpus == (cpu_shares.write(shares) if shares else None)
    assert measured.cpu_affinity == len(allowed)


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("exit", Status.CRASHED, "the child died (exit code 3)"),
        ("sigkill", Status.CRASHED, "the child died (SIGKILL)"),
        ("memory", Status.OOM, "MemoryError"),
        ("error", Status.FAILED, "RuntimeError: failed on purpose in detect()"),
        ("garbage", Status.CRASHED, "the child's protocol channel is garbled"),
    ],
)
def test_where_one_process_fails_the_cell_has_one_row_without_figures(
    fault: str, status: Status, reason: str, cache: Path
) -> None:
    # one process alone makes the file, and fails
    cells = make_cells(FAILING, 16, fault=fault, once=str(cache / "failed"), seconds=0.02)
    (failed,) = rows_of(supervise(cells))
    assert (failed.status, failed.timed_s, failed.process_timed_s) == (status, None, None)
    assert str(failed.reason).startswith(("process 1 of 2: ", "process 2 of 2: "))
    assert reason in str(failed.reason)


def test_a_failure_costs_its_own_cell_alone() -> None:
    cells = make_cells(FAILING, 1, 4, 8, fault="exit", at_batch=4)
    rows = rows_of(supervise(cells))
    assert sorted((row.batch_size, row.status) for row in rows) == [(1, "ok"), (4, "crashed"), (8, "ok")]


def test_larger_batches_than_one_that_ran_out_of_memory_are_skipped() -> None:
    rows = rows_of(supervise(make_cells(FAILING, 4, 8, fault="memory", at_batch=4)))
    assert [(row.batch_size, row.status) for row in rows] == [(4, "oom"), (8, "skipped")]


def test_a_process_that_hangs_is_named_and_the_others_end_with_it(cache: Path) -> None:
    began = time.monotonic()
    cells = make_cells(FAILING, 16, fault="hang", once=str(cache / "hung"))
    (late,) = rows_of(supervise(cells, rules=Rules(**{**vars(QUICK), "time_limit_s": 2.0})))
    assert late.status == Status.TIMEOUT
    assert str(late.reason).endswith(" of 2: took longer than its limit of 2.0 s")
    assert time.monotonic() - began < 60


def test_what_cannot_be_loaded_costs_every_cell_once() -> None:
    rows = rows_of(supervise(make_cells(FAILING, 4, 8, fault="load")))
    assert [row.status for row in rows] == [Status.FAILED] * 2
    assert "failed on purpose while loading" in str(rows[0].reason)


def test_no_process_is_left_where_the_caller_stops_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int] = []
    start = child_run.start_child

    def note(*arguments: Any, **named: Any) -> Any:
        child = start(*arguments, **named)
        pids.append(child.pid)
        return child

    monkeypatch.setattr(child_run, "start_child", note)
    cells = make_cells(CLOCKWORK, 16, seconds_per_call=30.0)
    asked = make_invocation(*cells, device="cpu", gpu_uuid=None, target_id="cpu@here", rules=QUICK)
    request = {"invocation": invocation.to_mapping(asked), "store": "/results", "holder": "ann@box"}
    events = supervisor.supervise(request)
    while next(events)["kind"] != "started":
        pass
    place = spool.folder(weights.featray_cache(), "/results")
    assert [unit.cell_id for unit in spool.begun(place)] == [cell_id(cells[0])]
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert spool.begun(place) == []
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_lease_is_free_again_after_a_failure() -> None:
    supervise(make_cells(FAILING, 16, fault="exit"))
    held = list(lease.acquire("any", "cpu@here", exclusive=make_invocation().exclusive, holder="bob"))
    assert isinstance(held[-1], lease.Lease)
    lease.release(held[-1])


def test_an_interpreter_that_cannot_run_here_makes_every_cell_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venvs, "interpreter", lambda *_: "/no/such/python")
    rows = rows_of(supervise(make_cells(CLOCKWORK, 4, 8)))
    assert [row.status for row in rows] == [Status.UNSUPPORTED] * 2


def test_without_the_program_of_mps_its_cells_are_unsupported_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    detector = Detector(name="fake", class_name=CLOCKWORK, keywords={"frames": 72}, heading="fake")
    cells = [make_cell(detector=detector, device=Device.CUDA, processes=2, mps_daemon=True)]
    gpu = {"device": "cuda", "gpu_uuid": RTX3090["gpu_uuid"], "target_id": RTX3090["target_id"]}
    (refused,) = rows_of(supervise(cells, **gpu))
    assert refused.status == Status.UNSUPPORTED
    assert refused.reason == "NVIDIA's MPS cannot run here: nvidia-cuda-mps-control is not there"


MPS = """#!/bin/sh
if [ "$1" = "-f" ]; then
    touch "$CUDA_MPS_PIPE_DIRECTORY/control"
    while [ ! -e "$CUDA_MPS_PIPE_DIRECTORY/quit" ]; do sleep 0.05; done
else
    touch "$CUDA_MPS_PIPE_DIRECTORY/quit"
fi
"""


def test_the_children_of_a_gpu_share_it_through_one_daemon(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, python = cache / "nvidia-cuda-mps-control", cache / "python"
    program.write_text(MPS)
    python.write_text(f'#!/bin/sh\necho "$CUDA_MPS_PIPE_DIRECTORY" >> {cache}/folders\nread line\nexit 3\n')
    for file in (program, python):
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cache}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(venvs, "interpreter", lambda *_: str(python))
    detector = Detector(name="fake", class_name=CLOCKWORK, keywords={"frames": 72}, heading="fake")
    cells = [make_cell(detector=detector, device=Device.CUDA, processes=2, mps_daemon=True)]
    gpu = {"device": "cuda", "gpu_uuid": RTX3090["gpu_uuid"], "target_id": RTX3090["target_id"]}
    (crashed,) = rows_of(supervise(cells, **gpu))
    assert crashed.status == Status.CRASHED
    folders = set((cache / "folders").read_text().split())
    assert len(folders) == 1
    assert "featray-mps-" in folders.pop()


def test_children_that_are_not_at_the_same_cell_have_no_row_together(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, python = cache / "child.py", cache / "python"
    script.write_text(
        "import json\n"
        "request = json.loads(input())\n"
        "ids = sorted(request['files'])\n"
        "print(json.dumps({'event': 'started', 'cell_id': ids[request['member']['number'] - 1]}), flush=True)\n"
        "input()\n"
    )
    python.write_text(f"#!/bin/sh\nexec {sys.executable} -u {script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(venvs, "interpreter", lambda *_: str(python))
    rows = rows_of(supervise(make_cells(CLOCKWORK, 4, 8)))
    assert [row.status for row in rows] == [Status.CRASHED] * 2
    assert "it is at another cell than the others" in str(rows[0].reason)


GPUS = {RTX3090["gpu_uuid"]: "first model", BLACKWELL["gpu_uuid"]: "second model"}
WHOLE = f"{identity.of_gpus(GPUS)}@here"


def supervise_on_both(processes: int, rules: Rules = QUICK, **keywords: Keyword) -> Row:
    detector = Detector(name="fake", class_name=CLOCKWORK, keywords={"frames": 72, **keywords}, heading="fake")
    cells = [make_cell(detector=detector, device=Device.CUDA, targets="all", processes=processes)]
    gpus = {"device": "cuda", "gpu_uuid": None, "gpus": GPUS, "target_id": WHOLE}
    events = supervise(cells, rules, **gpus)
    (measured,) = rows_of(events)
    return measured


def test_each_child_of_all_gpus_sees_its_own_gpu(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = gpu_child.write_interpreter(cache / "python")
    monkeypatch.setattr(venvs, "interpreter", lambda *_: python)
    row = supervise_on_both(2, seconds_per_call=0.05)
    assert (row.status, row.reason) == (Status.OK, None)
    assert list(row.gpus or {}) == list(GPUS)  # as the drivers of the children say
    assert set((row.gpus or {}).values()) == {"GPU number 0"}
    own = [times[0] for times in (row.process_timed_s or {}).values()]
    assert len(own) == 4
    assert (row.timed_s or [0])[0] == pytest.approx(1 / sum(1 / time_s for time_s in own))
    assert (row.processes, row.power_median_w, row.power_limit_w) == (2, 800.0, 900.0)
    assert (row.target_id, row.gpu_uuid, row.driver) == (WHOLE, None, "580.0")


def test_a_child_that_sees_another_gpu_than_its_own_costs_the_row(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = gpu_child.write_interpreter(cache / "python", **{gpu_child.SHOWN: BLACKWELL["gpu_uuid"]})
    monkeypatch.setattr(venvs, "interpreter", lambda *_: python)
    row = supervise_on_both(1)
    first = RTX3090["gpu_uuid"]
    assert row.status == Status.WRONG_DEVICE
    assert str(row.reason).startswith(f"process 1 of 2 on first model ({first}): asked for {first}, saw ")
    assert (row.gpus, row.gpu_name, row.timed_s) == (GPUS, "first model + second model", None)


def test_one_daemon_of_mps_has_all_gpus(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = cache / "nvidia-cuda-mps-control"
    program.write_text(f'#!/bin/sh\necho "$CUDA_VISIBLE_DEVICES" >> {cache}/gpus\n' + MPS.partition("\n")[2])
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cache}{os.pathsep}{os.environ['PATH']}")
    with mps_daemon.running(list(GPUS)) as variables:
        assert "CUDA_MPS_PIPE_DIRECTORY" in variables
    assert set((cache / "gpus").read_text().split()) == {",".join(GPUS)}
