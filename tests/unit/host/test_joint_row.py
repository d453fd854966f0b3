"""Rows of processes side by side as one row."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from featray.core.row import Row
from featray.core.status import Status
from featray.host import joint_row
from featray.host.joint_row import MeasuredMember
from featray.measurement import protocol
from tests.support.builders import BLACKWELL, CPU, RTX3090, make_row

SPANS = ((0.0, 1.0), (1.0, 2.0))


def make_member(row: Row, timed: Any = SPANS, other: Any = ()) -> MeasuredMember:
    return MeasuredMember(row=row, timed_spans=timed, other_spans=other)


def join(*rows: Row, **changes: Any) -> Row:
    settings: dict[str, Any] = {"pinned_cpus": "0; 1", "mps_daemon": False, "spread_max": 0.05}
    return joint_row.join([make_member(row) for row in rows], **{**settings, **changes})


def test_two_equal_processes_take_half_the_time_per_call_together() -> None:
    row = join(make_row(timed_s=[2.0, 2.0], processes=2), make_row(timed_s=[2.0, 2.0], processes=2))
    assert row.timed_s == [1.0, 1.0]
    assert row.process_timed_s == {"1": [2.0, 2.0], "2": [2.0, 2.0]}
    assert (row.status, row.pinned_cpus) == (Status.OK, "0; 1")


def test_unequal_processes_add_their_rates_and_a_faster_ones_further_repeats_are_its_own() -> None:
    # 1/2 + 1/6 calls per second are 2/3, so 1.5 s per call
    row = join(make_row(timed_s=[2.0, 2.0, 2.0]), make_row(timed_s=[6.0]))
    assert row.timed_s == pytest.approx([1.5])
    assert row.process_timed_s == {"1": [2.0, 2.0, 2.0], "2": [6.0]}


def test_the_start_is_that_of_the_slowest_and_warm_up_that_of_all_together() -> None:
    row = join(make_row(load_s=2.0, warmup_s=[4.0, 2.0]), make_row(load_s=3.0, warmup_s=[4.0, 2.0]))
    assert (row.load_s, row.warmup_s) == (3.0, [2.0, 1.0])


def test_memory_of_processes_is_added_and_that_of_the_device_is_not() -> None:
    columns = {"rss_peak_b": 3, "gpu_memory_reserved_peak_b": 5, "gpu_memory_used_peak_b": 11}
    row = join(make_row(**columns), make_row(**{**columns, "rss_peak_b": 4}))
    assert (row.rss_peak_b, row.gpu_memory_reserved_peak_b, row.gpu_memory_used_peak_b) == (7, 10, 11)
    assert join(make_row(rss_peak_b=3), make_row()).rss_peak_b is None


def test_the_processes_themselves_are_no_others() -> None:
    # each keeps one of four processors busy, a stranger another half: 62.5% in all, of which 37.5% are not its own
    columns = {"cpu_utilization": 0.625, "cpu_other": 0.375, "steal_share": 0.0}
    row = join(make_row(**columns), make_row(**columns))
    assert row.cpu_other == pytest.approx(0.125)
    gpu = join(make_row(foreign_gpu_processes=2), make_row(foreign_gpu_processes=1))
    assert gpu.foreign_gpu_processes == 1


def test_the_server_of_mps_is_no_other_process() -> None:
    row = join(make_row(foreign_gpu_processes=2), make_row(foreign_gpu_processes=2), mps_daemon=True)
    assert (row.foreign_gpu_processes, row.mps_daemon) == (0, True)


def test_a_cpu_has_no_mps() -> None:
    assert join(make_row(**CPU), make_row(**CPU)).mps_daemon is None


def test_energy_is_that_of_the_gpu_for_the_calls_of_all() -> None:
    # while a process makes its two calls of 2 s the GPU takes 400 J, and both processes make two: 100 J per call
    rows = [make_row(timed_s=[2.0, 2.0], energy_j=400.0, calls_per_repeat=1) for _ in range(2)]
    row = join(*rows)
    assert row.energy_j == pytest.approx(200.0)  # of two calls, as many as `timed_s` has
    assert join(rows[0], dataclasses.replace(rows[1], energy_j=None)).energy_j is None


def test_energy_of_the_processors_is_shared_alike_and_the_idle_power_is_the_least() -> None:
    first = make_row(timed_s=[2.0, 2.0], cpu_energy_j=400.0, cpu_idle_power_w=20.0, idle_power_w=None)
    row = join(first, dataclasses.replace(first, cpu_idle_power_w=35.0, idle_power_w=60.0))  # it saw the other load
    assert row.cpu_energy_j == pytest.approx(200.0)
    assert (row.cpu_idle_power_w, row.idle_power_w) == (20.0, 60.0)


def test_stages_are_those_of_the_middle_and_sustained_rates_are_added() -> None:
    row = join(
        make_row(stages_s={"decode": 1.0}, sustained_hz=[10.0, 8.0]),
        make_row(stages_s={"decode": 3.0}, sustained_hz=[12.0, 9.0, 9.0]),
    )
    assert row.stages_s == {"decode": 2.0}
    assert row.sustained_hz == [22.0, 17.0]


def test_a_sustained_run_that_one_left_out_is_none() -> None:
    row = join(make_row(sustained_hz=[10.0]), make_row(sustained_hz=None))
    assert row.sustained_hz is None
    assert protocol.SUSTAINED in (row.unmet_rules or ())


def test_a_rule_that_one_process_does_not_meet_is_not_met() -> None:
    row = join(make_row(unmet_rules=["warmup_steady"]), make_row(unmet_rules=["few_batches"]))
    assert row.unmet_rules == ["warmup_steady", "few_batches"]


def test_the_scatter_is_that_of_all_together() -> None:
    # one is slow where the other is quick: 1/2 + 1/1 calls per second in both repeats
    opposed = [make_row(timed_s=[2.0, 1.0], unmet_rules=["spread"]), make_row(timed_s=[1.0, 2.0])]
    assert join(*opposed).unmet_rules == []
    alike = [make_row(timed_s=[2.0, 1.0], unmet_rules=["spread"]), make_row(timed_s=[2.0, 1.0])]
    assert join(*alike).unmet_rules == ["spread"]


def test_timed_calls_while_another_process_did_nothing_are_named() -> None:
    whole, short = make_member(make_row()), make_member(make_row(), timed=((0.0, 1.0),))
    assert joint_row.share_together([whole, short]) == 0.5
    accompanied = make_member(make_row(), timed=((0.0, 1.0),), other=((1.0, 2.5),))
    assert joint_row.share_together([whole, accompanied]) == 1.0
    row = joint_row.join([whole, short], pinned_cpus=None, mps_daemon=False, spread_max=0.05)
    assert row.unmet_rules == [protocol.TOGETHER]


def test_processes_that_compute_different_things_have_no_time() -> None:
    other = make_row(work={"au_model": '"svm"'})
    row = join(make_row(work={"au_model": '"xgb"'}), other)
    assert (row.status, row.timed_s) == (Status.WRONG_WORK, None)
    assert row.reason == "process 2 of 2 computed other work than process 1: au_model"


def test_every_process_shows_its_output_in_some_invocation() -> None:
    summaries: list[dict[str, list[float]]] = [{"Pitch": [float(number), 0.0, 1.0]} for number in (1, 2)]
    shown = [
        join(*(make_row(invocation=number, output_summary=summary) for summary in summaries)).output_summary
        for number in (1, 2, 3)
    ]
    assert shown == [summaries[0], summaries[1], summaries[0]]


def test_what_is_odd_about_a_process_is_told_with_its_number() -> None:
    assert join(make_row(reason="x"), make_row()).reason == "process 1: x"


GPUS = {RTX3090["gpu_uuid"]: RTX3090["gpu_name"], BLACKWELL["gpu_uuid"]: BLACKWELL["gpu_name"]}


def on_both(processes: int = 1, **columns: Sequence[Any]) -> Row:
    """Join the rows of processes on both GPUs; each column has a value for the RTX 3090 and one for the Blackwell."""
    rows = [
        make_row(
            **{
                **gpu,
                "target_id": "all-1@id-box",
                "targets": "all",
                "processes": processes,
                "gpus": GPUS,
                **{name: values[index] for name, values in columns.items()},
            }
        )
        for index, gpu in enumerate((RTX3090, BLACKWELL))
        for _ in range(processes)
    ]
    return join(*rows)


def test_two_gpus_add_their_speeds_and_are_named_in_order() -> None:
    row = on_both(timed_s=([2.0, 2.0], [1.0, 1.0]))
    assert row.timed_s == pytest.approx([2 / 3, 2 / 3])
    assert row.process_timed_s == {"1": [2.0, 2.0], "2": [1.0, 1.0]}
    assert row.gpus == GPUS
    assert list(row.gpus) == list(GPUS)
    assert (row.gpu_uuid, row.gpu_name) == (None, " + ".join(GPUS.values()))
    assert (row.gpu_memory_b, row.compute_capability, row.mps_daemon) == (24 * 1024**3, None, None)


def test_power_and_energy_of_gpus_are_added() -> None:
    # 300 W and 500 W for 2 s: together they make three calls per 2 s, which take 1600 J
    row = on_both(
        timed_s=([2.0], [1.0]), power_median_w=(300.0, 500.0), energy_j=(600.0, 500.0), idle_power_w=(20.0, 30.0)
    )
    assert (row.power_median_w, row.idle_power_w) == (800.0, 50.0)
    assert row.energy_j == pytest.approx(1600 / 3)  # of one call, as `timed_s` has
    assert on_both(timed_s=([2.0], [1.0]), energy_j=(600.0, None)).energy_j is None


def test_energy_of_processes_on_one_gpu_is_counted_once() -> None:
    row = on_both(2, timed_s=([2.0], [2.0]), energy_j=(600.0, 1000.0), power_median_w=(300.0, 500.0))
    assert row.timed_s == [0.5]
    assert row.energy_j == pytest.approx(800.0 * 0.5)
    assert row.power_median_w == 800.0


def test_memory_is_that_of_the_fullest_gpu_and_of_the_host_in_all() -> None:
    row = on_both(2, gpu_memory_reserved_peak_b=(5, 7), gpu_memory_used_peak_b=(11, 15), rss_peak_b=(3, 4))
    assert (row.gpu_memory_reserved_peak_b, row.gpu_memory_used_peak_b, row.rss_peak_b) == (14, 15, 14)
    first, second = RTX3090["gpu_uuid"], BLACKWELL["gpu_uuid"]
    assert row.gpus_memory_reserved_peak_b == {first: 10, second: 14}
    assert row.gpus_memory_used_peak_b == {first: 11, second: 15}
    assert on_both(gpu_memory_reserved_peak_b=(5, None)).gpus_memory_reserved_peak_b is None
    assert join(make_row(), make_row()).gpus_memory_used_peak_b is None  # one GPU


def test_heat_throttling_and_clocks_are_those_of_the_worst_gpu() -> None:
    row = on_both(
        temperature_max_c=(60.0, 80.0),
        throttled=(False, True),
        throttle_reasons=([], ["hw_slowdown"]),
        sm_clock_median_hz=(1.9e9, 1.8e9),
        sm_clock_max_hz=(2.0e9, 3.0e9),
        gpu_utilization_median=(0.5, 0.7),
    )
    assert (row.temperature_max_c, row.throttled, row.throttle_reasons) == (80.0, True, ["hw_slowdown"])
    assert (row.sm_clock_median_hz, row.sm_clock_max_hz) == (1.8e9, 3.0e9)
    assert row.gpu_utilization_median == pytest.approx(0.6)


def test_settings_that_differ_between_gpus_are_left_out() -> None:
    row = on_both(power_limit_w=(350.0, 600.0), pcie_width=(16, 8), gpu_ecc=(False, True), gpu_persistence=(True, True))
    assert (row.power_limit_w, row.pcie_width, row.gpu_ecc, row.gpu_persistence) == (950.0, 8, None, True)


def test_the_processes_of_a_gpu_are_no_others_there() -> None:
    assert on_both(2, foreign_gpu_processes=(1, 1)).foreign_gpu_processes == 0
    assert on_both(2, foreign_gpu_processes=(3, 2)).foreign_gpu_processes == 3


def test_every_gpu_shows_its_output_in_some_invocation_under_the_same_names() -> None:
    for number in (1, 2):
        assert on_both(invocation=(number, number)).gpus == GPUS
