"""Unmeasured: rows of cells that no process measured."""

import dataclasses
from pathlib import Path

from featray import store
from featray.core.status import Status
from featray.running import unmeasured
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, make_inventory, make_plan, place
from tests.support.replays import load_sweep, replay, stored_rows


def test_what_cannot_run_is_a_row_with_its_reason_and_is_not_written_twice(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "include: [{device: mps}]\nmeasure: {invocations: 1}")
    replay(loaded, tmp_path / "r")
    replay(loaded, tmp_path / "r")
    refused = [row for row in store.read(str(tmp_path / "r"), every_attempt=True).rows if row.status == "infeasible"]
    assert [row.reason for row in refused] == ["no mps device among box (no GPU)"] * len(refused)
    assert len(refused) == len({row.cell_id for row in refused}) > 0


def test_a_refusal_is_stored_once_though_the_unit_was_measured_before(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    assert replay(loaded, tmp_path / "r", hosts=make_inventory(make_host("a"), make_host("b"))).problems == []
    now_too_small = make_inventory(make_host("a", memory_b=1), make_host("b"))
    for _ in range(2):
        assert replay(loaded, tmp_path / "r", hosts=now_too_small).problems == []
    rows = store.read(str(tmp_path / "r"), every_attempt=True).rows
    assert sorted(row.status for row in rows) == ["ok"] * 4 + ["unsupported"] * 2
    assert {row.status for row in stored_rows(tmp_path / "r")} == {"ok"}


def test_a_lost_cell_is_a_row_of_its_target_with_the_reason() -> None:
    (planned,) = make_plan(place([make_cell(device="cuda")], make_host("box", RTX3090)), n=1).invocations
    row = unmeasured.make_row(planned, planned.invocation.cells[0], Status.LOST, "gone")
    assert (row.status, row.reason, row.attempt, row.timed_s) == ("lost", "gone", 1, None)
    assert (row.hostname, row.host_id, row.gpu_uuid, row.gpu_name) == ("box", "id-box", RTX3090.uuid, RTX3090.name)
    assert row.order_index == 0  # a process was started, so that resume counts the attempt


def test_a_lost_cell_of_all_gpus_says_which_were_meant() -> None:
    host = make_host("box", RTX3090, BLACKWELL)
    (planned,) = make_plan(place([make_cell(device="cuda", targets="all")], host), n=1).invocations
    row = unmeasured.make_row(planned, planned.invocation.cells[0], Status.LOST, "gone")
    assert row.gpus == {RTX3090.uuid: RTX3090.name, BLACKWELL.uuid: BLACKWELL.name}
    assert (row.gpu_uuid, row.gpu_name) == (None, f"{RTX3090.name} + {BLACKWELL.name}")


def test_a_host_with_one_gpu_lacks_nothing_where_another_has_two() -> None:
    cell, one = make_cell(device="cuda", targets="all"), make_host("b", dataclasses.replace(RTX3090, uuid="GPU-b"))
    both = make_plan(place([cell], make_host("a", RTX3090, BLACKWELL), one), n=1)
    assert len(both.refusals) == 1
    assert unmeasured.make_refusals(both, ()) == []
    (row,) = unmeasured.make_refusals(make_plan(place([cell], one), n=1), ())
    assert (row.status, row.target_id) == (Status.UNSUPPORTED, "GPU-b")
