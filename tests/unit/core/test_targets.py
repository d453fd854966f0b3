"""The one name of a device, among the devices that are named together."""

import pytest

from featray.core import targets
from featray.core.row import NO_TARGET
from featray.core.targets import KnownDevice
from tests.support.report_rows import make_row

RTX = "NVIDIA GeForce RTX 3090"
WORKSTATION = "NVIDIA RTX PRO 6000 Blackwell Workstation Edition"
SERVER = "NVIDIA RTX PRO 6000 Blackwell Server Edition"


def gpu(target_id: str, host: str = "h1", *, name: str = RTX, hostname: str | None = "box") -> KnownDevice:
    return KnownDevice(target_id=target_id, device="cuda", host_id=host, hostname=hostname, gpu_name=name)


def cpu(host: str, hostname: str | None = None) -> KnownDevice:
    return KnownDevice(target_id=f"cpu@{host}", device="cpu", host_id=host, hostname=hostname)


def names(*devices: KnownDevice) -> list[str]:
    return [target.name for target in targets.name_devices(devices).values()]


def places(*devices: KnownDevice) -> list[str]:
    return [target.place for target in targets.name_devices(devices).values()]


def test_a_device_alone_is_named_by_its_model() -> None:
    assert names(gpu("GPU-a"), cpu("h1", "box")) == ["RTX 3090", "CPU"]
    assert places(gpu("GPU-a"), cpu("h1", "box")) == ["RTX 3090 of box", "CPU of box"]
    mps = KnownDevice(target_id="mps@h1", device="mps", host_id="h1", hostname="mac")
    assert names(mps, cpu("h1", "mac")) == ["MPS", "CPU"]


def test_equal_gpus_of_two_hosts_are_named_with_their_hosts() -> None:
    assert names(gpu("GPU-a"), gpu("GPU-b", "h2", hostname="shelf")) == ["RTX 3090 of box", "RTX 3090 of shelf"]


def test_two_equal_gpus_of_a_host_are_named_with_the_beginning_of_their_ids() -> None:
    twins = gpu("GPU-1f0c22aa-0000-4000"), gpu("GPU-7b3d99ee-0000-4000")
    assert names(*twins) == ["RTX 3090 (GPU-1f0c22aa)", "RTX 3090 (GPU-7b3d99ee)"]


def test_equal_gpus_are_named_with_their_host_also_where_a_host_has_two_of_them() -> None:
    devices = gpu("GPU-1f0c22aa-0"), gpu("GPU-7b3d99ee-0"), gpu("GPU-c", "h2", hostname="shelf")
    assert names(*devices) == [
        "RTX 3090 (GPU-1f0c22aa) of box",
        "RTX 3090 (GPU-7b3d99ee) of box",
        "RTX 3090 of shelf",
    ]
    assert names(*devices) == places(*devices)


def test_a_model_that_one_host_alone_has_is_named_without_it() -> None:
    devices = gpu("GPU-1f0c22aa-0"), gpu("GPU-7b3d99ee-0"), gpu("GPU-c", "h2", name=SERVER, hostname="shelf")
    assert names(*devices) == ["RTX 3090 (GPU-1f0c22aa)", "RTX 3090 (GPU-7b3d99ee)", "RTX PRO 6000 Blackwell"]


def test_only_ids_of_one_host_and_model_need_be_told_apart() -> None:
    twins = [gpu(f"GPU-12345678-{host}{number}", host, hostname=host) for host in ("a", "b") for number in (1, 2)]
    far_apart = gpu("GPU-12345678-a3", "a", name=SERVER, hostname="a"), gpu("GPU-87654321-a1", "a", hostname="a")
    assert names(twins[0], *far_apart) == [
        "RTX 3090 (GPU-12345678)",
        "RTX PRO 6000 Blackwell",
        "RTX 3090 (GPU-87654321)",
    ]
    assert names(*twins) == [
        "RTX 3090 (GPU-123…8-a1) of a",
        "RTX 3090 (GPU-123…8-a2) of a",
        "RTX 3090 (GPU-123…8-b1) of b",
        "RTX 3090 (GPU-123…8-b2) of b",
    ]


def test_ids_are_written_by_their_beginnings_else_by_beginning_and_end_else_longer() -> None:
    same = "GPU-12345678"  # 12 characters
    ends_alike = [f"{same}-{middle}-0123" for middle in ("aaaaaaa", "bbbbbbb")]
    assert list(targets.short_ids(ends_alike).values()) == [f"{same}-aaaaaaa-012", f"{same}-bbbbbbb-012"]
    assert list(targets.short_ids([f"{same}-0-aaaa", f"{same}-0-bbbb"]).values()) == ["GPU-123…aaaa", "GPU-123…bbbb"]
    assert list(targets.short_ids(["MIG-GPU-7b3d99ee/1/0", "MIG-GPU-7b3d99ee/2/0"]).values()) == [
        "MIG-GPU…/1/0",
        "MIG-GPU…/2/0",
    ]
    assert targets.short_ids([same]) == {same: same}
    assert targets.short_ids([]) == {}


def test_a_short_name_begins_with_what_tells_a_target_from_the_others() -> None:
    def short(*devices: KnownDevice) -> list[str]:
        return [target.short_name for target in targets.name_devices(devices).values()]

    twins = gpu("GPU-1f0c22aa-0"), gpu("GPU-7b3d99ee-0")
    assert short(gpu("GPU-a"), cpu("h1", "box")) == ["RTX 3090", "CPU"]
    assert short(*twins) == ["GPU-1f0c22aa RTX 3090", "GPU-7b3d99ee RTX 3090"]
    assert short(*twins, gpu("GPU-c", "h2", hostname="shelf"), cpu("h2", "shelf")) == [
        "box GPU-1f0c22aa RTX 3090",
        "box GPU-7b3d99ee RTX 3090",
        "shelf RTX 3090",
        "shelf CPU",
    ]


def test_hosts_of_one_name_are_named_with_their_ids() -> None:
    devices = gpu("GPU-a", "0123456789abcdef"), gpu("GPU-b", "fedcba9876543210")
    assert names(*devices) == ["RTX 3090 of box (0123456789ab)", "RTX 3090 of box (fedcba987654)"]


def test_a_host_without_a_name_is_named_by_its_id() -> None:
    assert names(cpu("h1"), cpu("h2", "shelf")) == ["CPU of h1", "CPU of shelf"]


@pytest.mark.parametrize("edition", [WORKSTATION, SERVER])
def test_the_only_edition_of_a_model_is_left_out(edition: str) -> None:
    assert names(gpu("GPU-a", name=edition)) == ["RTX PRO 6000 Blackwell"]


def test_two_editions_of_a_model_keep_their_edition() -> None:
    assert names(gpu("GPU-a", name=WORKSTATION), gpu("GPU-b", name=SERVER)) == [
        "RTX PRO 6000 Blackwell Workstation Edition",
        "RTX PRO 6000 Blackwell Server Edition",
    ]


def test_names_lose_their_vendor_and_nothing_else() -> None:
    models = targets.short_models([RTX, "NVIDIA H200 NVL", "AMD Instinct MI300X", "NVIDIA RTX 6000 Ada Generation"])
    assert list(models.values()) == ["RTX 3090", "H200 NVL", "AMD Instinct MI300X", "RTX 6000 Ada Generation"]


def test_long_names_lose_their_middle() -> None:
    (target,) = targets.name_devices([gpu("GPU-a", name="X" * 90, hostname="h" * 90)]).values()
    assert len(target.device_name) == targets.NAME_LENGTH
    assert len(target.host_name) == targets.HOST_LENGTH
    assert "…" in target.place


def test_a_cell_without_a_target_belongs_to_no_host() -> None:
    row = make_row(target_id=NO_TARGET, host_id=None, hostname=None, gpu_name=None, gpu_uuid=None)
    (target,) = targets.name_targets([row]).values()
    assert (target.name, target.place) == ("no target", "no target")


def test_rows_of_one_target_complete_each_other() -> None:
    lost = make_row(status="lost", gpu_name=None, hostname=None, host_id=None)
    named = targets.name_targets([lost, make_row(), lost])
    assert [(target.name, target.host_name, target.host_id) for target in named.values()] == [
        ("RTX 4000", "box", "host-1")
    ]


def test_a_lost_row_takes_its_host_from_its_target_and_the_name_from_other_rows() -> None:
    lost = make_row(target_id="cpu@host-1", device="cpu", gpu_name=None, hostname=None, host_id=None)
    named = targets.name_targets([lost, make_row()])
    assert named["cpu@host-1"].place == "CPU of box"
    unknown = make_row(gpu_name=None, hostname=None, host_id=None)
    assert targets.name_targets([unknown])["GPU-1"].place == "CUDA of unknown host"


def test_targets_are_named_in_the_order_in_which_they_come() -> None:
    rows = [make_row(target_id="GPU-2"), make_row(target_id="GPU-1"), make_row(target_id="GPU-2")]
    assert list(targets.name_targets(rows)) == ["GPU-2", "GPU-1"]
    assert targets.name_targets([]) == {}


def whole(host: str = "h1", hostname: str = "box", gpus: int = 2, target_id: str = "all-0123456789ab") -> KnownDevice:
    name = f"{target_id}@{host}"
    return KnownDevice(target_id=name, device="cuda", host_id=host, hostname=hostname, gpu_name=RTX, gpus=gpus)


def test_all_gpus_of_a_host_are_named_by_their_number() -> None:
    assert names(gpu("GPU-a"), whole()) == ["RTX 3090", "2 GPUs"]
    assert places(whole(gpus=4)) == ["4 GPUs of box"]
    assert names(whole(), whole("h2", "shelf")) == ["2 GPUs of box", "2 GPUs of shelf"]
    assert names(whole(), whole(target_id="all-ba9876543210")) == ["2 GPUs (all-01234567)", "2 GPUs (all-ba987654)"]


def test_a_lost_row_of_all_gpus_knows_how_many_there_were() -> None:
    lost = make_row(target_id="all-0@h1", gpus={"GPU-a": RTX, "GPU-b": WORKSTATION}, gpu_name=None, hostname="box")
    assert targets.name_targets([lost])["all-0@h1"].name == "2 GPUs"
