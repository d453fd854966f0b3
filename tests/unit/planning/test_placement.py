"""Placement: which cells run where, and why the others do not."""

import dataclasses

import pytest

from featray.core import detectors
from featray.errors import NothingMatches
from featray.planning import placement
from featray.planning.inventory import Gpu
from featray.sweep import Selector
from tests.support.places import BLACKWELL, RTX3090, make_cell, make_host, make_inventory, place


def test_a_cell_runs_on_every_target_of_its_device() -> None:
    placed = place([make_cell(device="cuda")], make_host("a", BLACKWELL, RTX3090), make_host("b", RTX3090))
    assert [unit.target.target_id for unit in placed.units] == [RTX3090.uuid, BLACKWELL.uuid, RTX3090.uuid]
    assert placed.refusals == ()


@pytest.mark.parametrize("gpus", [(BLACKWELL, RTX3090), (RTX3090, BLACKWELL)])
def test_a_gpu_is_found_by_name_in_either_enumeration_order(gpus: tuple[Gpu, ...]) -> None:
    selector = Selector(gpu=("*blackwell*",))
    placed = place([make_cell(device="cuda")], make_host("a", *gpus), selector=selector)
    assert [unit.target.target_id for unit in placed.units] == [BLACKWELL.uuid]


def test_cpu_cells_run_on_the_hosts_whose_gpu_the_sweep_names() -> None:
    placed = place([make_cell()], make_host("a", BLACKWELL), make_host("b"), selector=Selector(gpu=("*Blackwell*",)))
    assert [unit.target.target_id for unit in placed.units] == ["cpu@id-a"]


def test_a_cell_without_any_device_names_the_hosts_and_gpus_looked_at() -> None:
    placed = place([make_cell(device="mps"), make_cell()], make_host("a", RTX3090), make_host("b"))
    (refusal,) = placed.refusals
    assert refusal.target is None
    assert refusal.reason == "no mps device among a (NVIDIA GeForce RTX 3090); b (no GPU)"
    assert len(placed.units) == 2


def test_a_gpu_without_kernels_in_torch_is_refused_by_name() -> None:
    host = make_host("a", BLACKWELL, cuda_architectures=("sm_80", "sm_90"))
    (refusal,) = place([make_cell(device="cuda")], host).refusals
    assert refusal.reason == "torch 2.11.0 on a has no kernels for sm_120 (it has sm_80, sm_90)"


@pytest.mark.parametrize(
    ("capability", "built", "runs"),
    [
        ("8.6", ("sm_80",), True),  # same major, newer minor
        ("8.0", ("sm_86",), False),  # older minor
        ("9.0", ("sm_86",), False),  # other major
        ("12.0", ("compute_90",), True),  # PTX is compiled at load
        ("9.0", ("sm_90a",), True),
        ("10.3", ("sm_100a",), False),  # tied to one architecture
        ("12.0", (), True),  # not known: the child will find out
    ],
)
def test_binary_and_ptx_compatibility(capability: str, built: tuple[str, ...], runs: bool) -> None:
    assert (placement.lacking_kernels(capability, built) is None) is runs


def test_a_selector_that_matches_nothing_lists_what_exists_and_the_nearest() -> None:
    with pytest.raises(NothingMatches, match=r"no GPU matches 'NVIDIA GeForce RTX 3080'.*Did you mean.*3090"):
        place([make_cell()], make_host("a", RTX3090), selector=Selector(gpu=("NVIDIA GeForce RTX 3080",)))
    with pytest.raises(NothingMatches, match="no host matches 'boxx'; expected box"):
        place([make_cell()], make_host("box"), selector=Selector(host=("boxx",)))
    with pytest.raises(NothingMatches, match="no host is labelled 'lab=west'; expected lab=east"):
        place([make_cell()], make_host("a", labels={"lab": "east"}), selector=Selector(label={"lab": "west"}))


def test_a_memory_floor_applies_to_the_device_itself() -> None:
    selector = Selector(memory_min_b=48 * 1024**3)
    placed = place([make_cell(device="cuda")], make_host("a", BLACKWELL, RTX3090), selector=selector)
    assert [unit.target.target_id for unit in placed.units] == [BLACKWELL.uuid]


def test_a_gpu_whose_driver_does_not_tell_its_memory_meets_every_floor() -> None:
    unified = dataclasses.replace(BLACKWELL, name="NVIDIA GB10", memory_b=None)
    placed = place([make_cell(device="cuda")], make_host("a", unified), selector=Selector(memory_min_b=48 * 1024**3))
    assert [unit.target.target_id for unit in placed.units] == [unified.uuid]


def test_a_host_whose_probe_failed_offers_nothing() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b", error="its probe did not answer"))
    assert [unit.target.host.hostname for unit in placed.units] == ["a"]


def test_an_old_pyfeat_is_named_with_what_the_detector_needs() -> None:
    host = make_host("a", packages={"py-feat": "1.1.0"})
    (refusal,) = place([make_cell(detector=detectors.CATALOGUE["detectorv2"])], host).refusals
    assert refusal.reason == "py-feat 1.1.0 lacks Detectorv2; it needs 2.0 or newer"


def test_a_device_with_too_little_memory_is_refused() -> None:
    tiny = dataclasses.replace(RTX3090, memory_b=512 * 1024**2)
    (refusal,) = place([make_cell(device="cuda")], make_host("a", tiny)).refusals
    assert refusal.reason == "512.0 MiB of memory; a detector needs 1.0 GiB"


def test_interchangeable_targets_share_one_unit() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b"), interchangeable=True)
    (unit,) = placed.units
    assert [target.target_id for target in (unit.target, *unit.alternatives)] == ["cpu@id-a", "cpu@id-b"]


def test_an_inventory_without_hosts_refuses_every_cell() -> None:
    placed = placement.match([make_cell()], make_inventory().__class__(hosts=()), Selector())
    assert [refusal.reason for refusal in placed.refusals] == ["no cpu device among no hosts"]
