"""Which targets share a block."""

from featray.core import targets
from featray.core.row import Row
from featray.rendering import hardware_blocks
from tests.support.report_rows import make_cpu_row, make_row


def headings(rows: list[Row]) -> list[str]:
    return [hardware_blocks.heading(block) for block in hardware_blocks.grouped(targets.name_targets(rows).values())]


def test_one_gpu_and_the_cpu_of_a_host_share_a_block() -> None:
    assert headings([make_cpu_row(), make_row()]) == ["box: RTX 4000"]


def test_two_gpus_and_the_cpu_of_a_host_have_a_block_each() -> None:
    rows = [make_row(), make_row(target_id="GPU-2", gpu_name="NVIDIA RTX 5000"), make_cpu_row()]
    assert headings(rows) == ["box: RTX 4000", "box: RTX 5000", "box: CPU"]


def test_equal_gpus_of_three_hosts_are_never_merged() -> None:
    rows = [
        make_row(hostname=f"box{host}", host_id=f"h{host}", target_id=f"GPU-{host}{gpu}")
        for host in range(3)
        for gpu in range(2)
    ]
    assert len(set(headings(rows))) == 6
    assert headings(rows)[0] == "box0: RTX 4000 (GPU-00)"


def test_cells_without_a_target_come_last() -> None:
    nowhere = make_row(target_id="none", hostname=None, host_id=None, gpu_name=None)
    assert headings([nowhere, make_row()]) == ["box: RTX 4000", "no target can run these"]
