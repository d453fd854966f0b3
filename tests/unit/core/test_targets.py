"""What every reader calls a device."""

from featray.core import targets
from tests.support.report_rows import make_row

EDITIONS = ["NVIDIA RTX PRO 6000 Blackwell Server Edition", "NVIDIA RTX PRO 6000 Blackwell Workstation Edition"]


def device_names(gpu_names: list[str]) -> list[str]:
    rows = [make_row(gpu_name=name, target_id=f"GPU-{number}") for number, name in enumerate(gpu_names)]
    return [target.device_name for target in targets.of_rows(rows).values()]


def test_gpus_have_short_names() -> None:
    names = ["NVIDIA GeForce RTX 3090", EDITIONS[1], "NVIDIA H200 NVL"]
    assert device_names(names) == ["RTX 3090", "RTX PRO 6000 Blackwell", "H200 NVL"]


def test_two_editions_of_a_gpu_keep_the_edition_in_their_names() -> None:
    assert device_names(EDITIONS) == [name.removeprefix("NVIDIA ") for name in EDITIONS]


def test_two_equal_gpus_of_a_host_are_named_with_their_ids() -> None:
    rows = [make_row(target_id="GPU-1"), make_row(target_id="GPU-2")]
    assert [target.name for target in targets.of_rows(rows).values()] == ["RTX 4000 (GPU-1)", "RTX 4000 (GPU-2)"]


def test_equal_gpus_of_two_hosts_are_named_with_their_hosts() -> None:
    rows = [make_row(), make_row(target_id="GPU-2", hostname="shelf", host_id="host-2")]
    assert [target.name for target in targets.of_rows(rows).values()] == ["RTX 4000 of box", "RTX 4000 of shelf"]
