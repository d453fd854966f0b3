"""The measuring child as a real process: its words and its rows."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from featray.core import cell as cells
from featray.core import identity
from featray.core import invocation as invocations
from featray.core.choices import Device, ProtocolName
from featray.core.rules import Rules
from tests.support.command import ROOT
from tests.support.measuring_child import (
    QUICK,
    MeasuringChild,
    ask,
    clockwork_cell,
    failing_cell,
    invocation_of,
    measure,
)


def test_the_child_says_loading_started_row_and_waits_for_next() -> None:
    first, second = clockwork_cell(1), clockwork_cell(2)
    with MeasuringChild() as child:
        child.say(ask(invocation_of(first, second)))
        assert child.hear() == {"event": "loading"}
        assert child.hear() == {"event": "started", "cell_id": cells.cell_id(first)}
        assert child.hear()["row"]["cell_id"] == cells.cell_id(first)
        os.set_blocking(child.stdout.fileno(), False)
        time.sleep(0.3)
        assert not child.stdout.read()
        os.set_blocking(child.stdout.fileno(), True)
        child.say("next")
        assert child.hear() == {"event": "started", "cell_id": cells.cell_id(second)}
        assert child.hear()["row"]["cell_id"] == cells.cell_id(second)
        child.say("next")
        assert child.hear() == {"event": "done"}
        assert child.popen.wait(10) == 0


def test_a_row_holds_what_was_asked_what_was_done_and_where() -> None:
    asked = dataclasses.replace(clockwork_cell(2, seconds_per_frame=0.002), delay_s_per_frame=0.001)
    (row,) = measure(invocation_of(asked), host={"hostname": "given", "host_id": "abc", "no_column": 1}, ffmpeg="8 (x)")
    assert row["status"] == "ok"
    assert (row["run_id"], row["invocation"], row["block"], row["order_index"]) == ("run-1", 2, 2, 0)
    assert row["asked"] == identity.canonical(cells.to_asked(asked))
    assert row["work_id"] == identity.digest(row["work"])
    assert row["work"]["seconds_per_frame"] == "0.002"
    assert "delay_s_per_frame" not in row["work"]
    assert (row["frames"], row["faces"], row["fex_rows"], row["batches"]) == (8, 8, 8, 4)
    assert row["output_summary"] == {"FaceScore": [1.0, 0.0, 8.0]}
    assert (row["hostname"], row["host_id"], row["ffmpeg"]) == ("given", "abc", "8 (x)")
    assert len(row["timed_s"]) == 2
    assert 0.024 <= min(row["timed_s"]) <= max(row["timed_s"]) < 3  # 8 frames of 2 + 1 ms
    assert row["first_call_s"] == row["warmup_s"][0]
    assert row["unmet_rules"] == ["warmup_steady"]
    assert row["started_at"] < row["ended_at"]
    assert row["rss_peak_b"] > 1_000_000
    assert row["python"] == ".".join(map(str, sys.version_info[:3]))
    assert row["cpu_affinity"] == len(os.sched_getaffinity(0))
    assert row["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert Rules(**json.loads(row["rules"])) == QUICK
    assert 0 <= row["steal_share"] <= 1
    assert row["swap_used_b"] >= 0
    for unknown in (
        "gpu_uuid",
        "power_median_w",
        "energy_j",
        "throttled",
        "stages_s",
        "torch_threads",
        "reason",
        "cudnn",
        "power_limit_w",
    ):
        assert row[unknown] is None, unknown


def test_an_invocation_alone_is_a_request() -> None:
    with MeasuringChild() as child:
        child.say(json.dumps(invocations.to_mapping(invocation_of(clockwork_cell()))))
        (row,) = child.rows()
    assert row["status"] == "ok"
    assert row["hostname"] == os.uname().nodename


def test_what_a_library_prints_goes_to_stderr() -> None:
    with MeasuringChild() as child:
        child.say(ask(invocation_of(clockwork_cell(talkative=True))))
        (row,) = child.rows()
        _, stderr = child.ended()
    assert row["status"] == "ok"
    assert stderr.count("detected 8 frames") == 3


def test_an_error_in_load_is_every_cells_row() -> None:
    rows = measure(invocation_of(*(failing_cell(size, fault="load") for size in (1, 2))))
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert rows[0]["reason"] == "RuntimeError: failed on purpose while loading"
    assert "Traceback" in rows[0]["stderr_tail"]
    assert rows[0]["timed_s"] is None


def test_a_missing_package_is_unsupported() -> None:
    (row,) = measure(invocation_of(clockwork_cell(class_name="no_such_package:Detector")))
    assert row["status"] == "unsupported"
    assert row["reason"].startswith("no module named no_such_package: install its package there beside featray")


def test_an_error_in_one_cell_costs_that_cell_alone() -> None:
    rows = measure(invocation_of(*(failing_cell(size, fault="error", at_batch=2) for size in (1, 2, 4))))
    assert [row["status"] for row in rows] == ["ok", "failed", "ok"]
    assert rows[1]["reason"] == "RuntimeError: failed on purpose in detect()"
    assert rows[1]["timed_s"] is None


def test_other_faces_than_planned_are_wrong_work_without_timings() -> None:
    (row,) = measure(invocation_of(clockwork_cell(faces=2)))
    assert row["status"] == "wrong_work"
    assert row["reason"] == "found 16 faces in 8 frames, planned were 8 faces in 8 frames"
    assert row["timed_s"] is None
    assert row["warmup_s"] is None


def test_other_frames_than_planned_are_wrong_work() -> None:
    (row,) = measure(invocation_of(clockwork_cell(frames=4, faces=2)))
    assert row["reason"] == "found 8 faces in 4 frames, planned were 8 faces in 8 frames"


def test_after_running_out_of_memory_larger_batches_are_skipped_and_smaller_ones_measured() -> None:
    sizes = (2, 4, 16, 1, 8)
    rows = measure(invocation_of(*(failing_cell(size, fault="memory", at_batch=4) for size in sizes)))
    assert [(row["batch_size"], row["status"]) for row in rows] == [
        (2, "ok"),
        (4, "oom"),
        (16, "skipped"),
        (8, "skipped"),
        (1, "ok"),
    ]
    assert rows[1]["reason"] == "MemoryError"
    assert rows[2]["reason"] == "batch 4 already ran out of memory"


def test_a_gpu_that_is_not_there_gives_rows_that_name_it_and_no_number() -> None:
    uuid = "GPU-00000000-1111-4222-8333-444444444444"
    asked = [dataclasses.replace(clockwork_cell(size), device=Device.CUDA) for size in (1, 2)]
    with MeasuringChild({"CUDA_VISIBLE_DEVICES": uuid}) as child:
        child.say(ask(invocation_of(*asked, device="cuda", gpu_uuid=uuid, target_id=uuid)))
        rows = list(child.rows())
    assert len(rows) == 2
    for row in rows:
        assert row["status"] == "unsupported"  # CUDA shows none where none of the names exists
        assert uuid in row["reason"]
        assert row["timed_s"] is None


@contextlib.contextmanager
def busy_loop() -> Iterator[None]:
    """Keep one processor of this machine busy."""
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as spinner:
        try:
            yield
        finally:
            spinner.kill()


def test_a_busy_loop_beside_the_child_is_what_other_processes_took() -> None:
    rules = dataclasses.replace(QUICK, repeats_max=4, min_time_s=1.0)
    with busy_loop():
        (row,) = measure(invocation_of(clockwork_cell(seconds_per_call=0.3), rules=rules))
    assert row["cpu_other"] >= 0.7 / (os.cpu_count() or 1)
    assert row["cpu_other"] <= row["cpu_utilization"]


BURNING_DETECTOR = """
import os, time
def burn(seconds):
    while time.process_time() < seconds:
        pass
class Burning:
    def detect(self, inputs, **settings):
        worker = os.fork()
        if worker == 0:
            burn(0.3)
            os._exit(0)
        burn(time.process_time() + 0.3)
        os.waitpid(worker, 0)
        return [{"frame": float(frame), "FaceScore": 1.0} for frame in range(8)]
"""


def test_what_the_child_and_its_workers_use_is_not_taken_by_others(tmp_path: Path) -> None:
    (tmp_path / "burning.py").write_text(BURNING_DETECTOR)
    with MeasuringChild({"PYTHONPATH": f"{tmp_path}:{ROOT}"}) as child:
        child.say(ask(invocation_of(clockwork_cell(class_name="burning:Burning"))))
        (row,) = child.rows()
    own_share = row["cpu_utilization"] - row["steal_share"] - row["cpu_other"]
    cpu_s, wall_s = 0.6 * len(row["timed_s"]), sum(row["timed_s"])
    assert own_share == pytest.approx(cpu_s / wall_s / (os.cpu_count() or 1), rel=0.25)


@pytest.mark.slow  # a rest of 15 s
def test_a_sustained_run_fits_beside_the_cells_own_limit() -> None:
    rules = dataclasses.replace(QUICK, sustained_s=5.0, time_limit_s=1.0)
    asked = clockwork_cell(seconds_per_frame=0.005)  # 8 frames: 40 ms, 200 frames per second
    (row,) = measure(invocation_of(asked, rules=rules))
    (rate,) = row["sustained_hz"]
    assert 50 < rate < 200
    assert row["unmet_rules"] == ["warmup_steady"]


def test_pyfeat_protocol_times_one_call() -> None:
    (row,) = measure(invocation_of(clockwork_cell(), rules=Rules(protocol=ProtocolName.PYFEAT)))
    assert (len(row["warmup_s"]), len(row["timed_s"]), row["protocol"]) == (1, 1, "pyfeat")
