"""The list at the head of a report."""

import json
from typing import Any

from featray.analysis import units
from featray.rendering import metadata
from tests.support.builders import RTX3090, make_whole_rows
from tests.support.report_rows import make_cpu_row, make_report, make_row


def test_a_label_lists_every_value_once() -> None:
    rows = [make_row(), make_row(cell_id="b", torch="2.5.1"), make_row(cell_id="c")]
    assert dict(metadata.of_block(units.gather(rows)))["PyTorch"] == "2.11.0+cu128, 2.5.1"


def test_a_label_without_a_value_is_left_out() -> None:
    labels = dict(metadata.of_block(units.gather([make_cpu_row(hostname=None)])))
    assert "GPU" not in labels
    assert "Host" not in labels


def test_devices_are_listed_in_the_order_of_the_tables() -> None:
    assert dict(metadata.of_report(units.gather([make_row(), make_cpu_row()])))["Devices swept"] == "cpu, cuda"


def test_the_variables_of_the_sweep_are_listed_if_it_set_any() -> None:
    asked = {"env": {"OMP_NUM_THREADS": "4", "NVIDIA_TF32_OVERRIDE": "0"}}
    rows = [make_row(asked=json.dumps(asked)), make_row(cell_id="b")]
    assert dict(metadata.of_report(units.gather(rows)))["Variables of the sweep"] == "NVIDIA_TF32_OVERRIDE=0"
    assert "Variables of the sweep" not in dict(metadata.of_report(units.gather([make_row()])))


def test_the_date_is_that_of_the_first_row_in_utc() -> None:
    rows = [make_row(started_at="2026-05-15T01:15:32.000+02:00"), make_row(started_at="2026-05-16T00:00:00.000+00:00")]
    assert metadata.date(rows) == "2026-05-14 23:15:32"
    assert metadata.date([]) is None


def test_a_gpu_is_named_in_full_with_its_memory() -> None:
    (unit,) = units.gather([make_row(gpu_memory_b=24 * 2**30)])
    assert dict(metadata.of_block([unit]))["GPU"] == "CUDA 12.8, NVIDIA RTX 4000 (24.0 GiB)"


def labels_of(**changes: Any) -> dict[str, str]:
    """Read the block of one unit with these columns."""
    return dict(metadata.of_block(units.gather([make_row(**changes)])))


def test_settings_of_the_machine_are_listed_where_they_are_known() -> None:
    labels = labels_of(
        cpu_governor="powersave",
        cpu_turbo=False,
        cpu_quota=6.0,
        power_limit_w=350.0,
        tf32_matmul=False,
        tf32_cudnn=True,
        matmul_precision="highest",
    )
    assert labels["CPU settings"] == "governor powersave, turbo off, quota of 6 CPUs"
    assert labels["GPU power limit"] == "350 W"
    assert labels["TF32"] == "in convolutions"
    assert labels["Matmul precision"] == "highest"


def test_settings_that_are_unknown_or_cannot_be_otherwise_have_no_label() -> None:
    labels = labels_of(matmul_precision="highest")
    assert {"CPU settings", "GPU power limit", "TF32", "Matmul precision"} & labels.keys() == set()
    assert labels_of(matmul_precision="medium")["Matmul precision"] == "medium"
    assert labels_of(tf32_matmul=False, tf32_cudnn=False)["TF32"] == "off"
    assert labels_of(tf32_matmul=True, tf32_cudnn=True)["TF32"] == "in matrix products and convolutions"


def test_a_report_names_the_bundle_that_its_rows_came_in() -> None:
    whole = dict(metadata.of_whole(units.gather([make_row(bundle="after-1.featray sha256:0123456789ab")])))
    assert whole["Came in"] == "after-1.featray sha256:0123456789ab"


def test_processes_side_by_side_are_explained_where_there_are_any() -> None:
    rows = [make_row(), make_row(cell_id="b", processes=2, pinned_cpus="0; 1", mps_daemon=True)]
    found = units.gather(rows)
    assert dict(metadata.of_report(found))["Processes side by side (times are of all together, `ms each` of one)"] == (
        "1, 2"
    )
    assert dict(metadata.of_block(found))["CPUs of each process"] == "0; 1"
    assert dict(metadata.of_block(found))["MPS daemon"] == "on"
    assert not any("Processes" in label for label, _ in metadata.of_report(units.gather(rows[:1])))


def test_a_setting_that_changed_while_a_unit_was_measured_has_both_values() -> None:
    governors = {1: "performance", 2: "performance", 3: "powersave"}
    rows = [make_row(invocation=number, cpu_governor=name) for number, name in governors.items()]
    assert dict(make_report(rows).metadata)["CPU settings"] == "governor performance, governor powersave"


def test_a_setting_that_only_some_invocations_had_is_said_to_miss_in_the_others() -> None:
    rows = [make_row(invocation=number, cpu_quota=quota) for number, quota in {1: None, 2: 1.0, 3: 1.0}.items()]
    assert dict(make_report(rows).metadata)["CPU settings"] == "quota of 1 CPUs (not in 1 of 3 invocations)"


def test_each_gpu_that_worked_at_the_same_time_is_named() -> None:
    labels = dict(metadata.of_block(units.gather(make_whole_rows([0.5]))))
    assert labels["At the same time"] == "GPU-a3090000, GPU-b1acc000"
    assert labels["GPU"] == "CUDA 12.8, RTX 3090 + RTX PRO 6000 Blackwell"
    twin = {**RTX3090, "gpu_uuid": "GPU-ffff"}
    labels = dict(metadata.of_block(units.gather(make_whole_rows([0.5], RTX3090, twin))))
    assert labels["GPU"] == "CUDA 12.8, 2 x RTX 3090"


def test_gpus_at_the_same_time_are_told_apart() -> None:
    twins = [
        {**RTX3090, "target_id": uuid, "gpu_uuid": uuid} for uuid in ("GPU-00000002-0000-1", "GPU-00000002-0000-2")
    ]
    labels = dict(metadata.of_block(units.gather(make_whole_rows([0.5], *twins))))
    assert labels["At the same time"] == "GPU-000…00-1, GPU-000…00-2"
