"""Placement: which cells run where, and why the others do not."""

import dataclasses
from typing import Any

from featray.core.cell import Cell
from featray.planning import placement
from featray.planning.inventory import Host, Inventory, Target
from featray.planning.obstacle import Obstacle, ObstacleCause
from featray.sweep import Selector
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, place

GONE = Obstacle(cause=ObstacleCause.WEIGHTS_MISSING, reason="weights are missing")


def test_a_cell_runs_on_every_target_of_its_device() -> None:
    placed = place([make_cell(device="cuda")], make_host("a", BLACKWELL, RTX3090), make_host("b", RTX3090))
    assert [unit.target.target_id for unit in placed.units] == [RTX3090.uuid, BLACKWELL.uuid, RTX3090.uuid]
    assert placed.refusals == ()


def test_cpu_cells_run_on_the_hosts_whose_gpu_the_sweep_names() -> None:
    placed = place([make_cell()], make_host("a", BLACKWELL), make_host("b"), selector=Selector(gpu=("*Blackwell*",)))
    assert [unit.target.target_id for unit in placed.units] == ["cpu@id-a"]


def test_a_cell_without_any_device_names_the_hosts_and_gpus_looked_at() -> None:
    placed = place([make_cell(device="mps"), make_cell()], make_host("a", RTX3090), make_host("b"))
    (refusal,) = placed.refusals
    assert (refusal.target, refusal.cause) == (None, ObstacleCause.NO_DEVICE)
    assert refusal.reason == "no mps device among a (NVIDIA GeForce RTX 3090); b (no GPU)"
    assert len(placed.units) == 2


def test_a_target_that_can_never_run_a_cell_refuses_it_and_the_others_run_it() -> None:
    old = make_host("a", packages={"torch": "2.11.0"})
    placed = place([make_cell()], old, make_host("b"))
    (refusal,) = placed.refusals
    assert (refusal.target and refusal.target.target_id, refusal.cause) == (
        "cpu@id-a",
        ObstacleCause.PYFEAT_NOT_INSTALLED,
    )
    assert [unit.target.target_id for unit in placed.units] == ["cpu@id-b"]


def test_a_host_whose_probe_failed_offers_nothing() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b", error="its probe did not answer"))
    assert [unit.target.host.hostname for unit in placed.units] == ["a"]


def test_interchangeable_targets_share_one_unit() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b"), interchangeable=True)
    (unit,) = placed.units
    assert [target.target_id for target in unit.targets] == ["cpu@id-a", "cpu@id-b"]


def test_an_interchangeable_target_that_cannot_run_a_cell_is_no_refusal_while_another_can() -> None:
    asked = make_cell(device="cuda", targets="all")
    one, both = make_host("a", RTX3090), make_host("b", BLACKWELL, dataclasses.replace(RTX3090, uuid="GPU-2"))
    placed = place([asked], one, both, interchangeable=True)
    assert ([unit.target.host.hostname for unit in placed.units], placed.refusals) == (["b"], ())
    assert len(place([asked], one, both).refusals) == 1
    assert len(place([asked], one, interchangeable=True).refusals) == 1


def test_an_inventory_without_hosts_refuses_every_cell() -> None:
    placed = placement.match([make_cell()], Inventory(hosts=()), Selector())
    assert [refusal.reason for refusal in placed.refusals] == ["no cpu device among no hosts"]


def on(host: str) -> Obstacle | None:
    return GONE if host == "a" else None


def test_a_host_that_is_ruled_out_later_refuses_its_units() -> None:
    placed = placement.exclude(
        place([make_cell()], make_host("a"), make_host("b")), lambda _, target: on(target.host.hostname)
    )
    assert [unit.target.target_id for unit in placed.units] == ["cpu@id-b"]
    assert [(refusal.cause, refusal.reason) for refusal in placed.refusals] == [(GONE.cause, GONE.reason)]


def test_an_interchangeable_unit_goes_on_with_the_targets_that_are_left() -> None:
    placed = place([make_cell()], make_host("a"), make_host("b"), interchangeable=True)
    measured = dataclasses.replace(
        placed, units=tuple(dataclasses.replace(unit, was_measured_here=True) for unit in placed.units)
    )

    def find_obstacle(_: Cell, target: Target) -> Obstacle | None:
        return on(target.host.hostname)

    left = placement.exclude(measured, find_obstacle)
    (unit,) = left.units
    assert left.refusals == ()
    assert ([target.target_id for target in unit.targets], unit.was_measured_here) == (["cpu@id-b"], False)
    assert placement.exclude(measured, lambda *_: GONE).units == ()


def test_cells_of_few_processes_run_where_cells_of_many_do_not() -> None:
    small = make_host("a", memory_b=3 * 1024**3)
    placed = place([make_cell(processes=count) for count in (1, 4)], small)
    assert [unit.cell.processes for unit in placed.units] == [1]
    assert [refusal.cell.processes for refusal in placed.refusals] == [4]


ALL = make_cell(device="cuda", targets="all")


def test_all_gpus_of_a_host_are_one_target() -> None:
    placed = place([ALL, make_cell(device="cuda")], make_host("a", BLACKWELL, RTX3090), make_host("b", RTX3090))
    whole, *alone = placed.units
    assert whole.target.gpus == (RTX3090, BLACKWELL)  # in the order of their UUIDs
    assert whole.target.target_id.startswith("all-")
    assert whole.target.target_id.endswith("@id-a")
    assert whole.target.label == "2 GPUs"
    assert [unit.target.target_id for unit in alone] == [RTX3090.uuid, BLACKWELL.uuid, RTX3090.uuid]


def reasons(*hosts: Host, selector: Selector | None = None, **changes: Any) -> list[str]:
    asked = make_cell(**{"device": "cuda", "targets": "all", **changes})
    placed = place([asked], *hosts, selector=selector)
    assert placed.units == ()
    return [refusal.reason for refusal in placed.refusals]


def test_a_host_with_one_gpu_says_why_it_has_no_unit_of_all() -> None:
    both = make_host("a", BLACKWELL, RTX3090)
    assert reasons(make_host("b", RTX3090)) == ["`targets: all` needs two CUDA GPUs, and there is one on b"]
    assert reasons(make_host("b")) == ["no cuda device among b (no GPU)"]
    picked = Selector(gpu=("*3090*",))
    assert reasons(both, selector=picked) == [
        "`targets: all` needs two CUDA GPUs, and `hosts` of the sweep picks one on a"
    ]
    assert reasons(make_host("c"), device="cpu") == [
        "`targets: all` is for several CUDA GPUs, and there is one cpu device on c"
    ]


def test_slices_of_a_gpu_are_no_gpus() -> None:
    slices = [dataclasses.replace(RTX3090, uuid=f"MIG-{number}") for number in (1, 2)]
    assert reasons(make_host("a", *slices)) == [
        "`targets: all` needs two CUDA GPUs, and there are only slices of one on a"
    ]
    assert reasons(make_host("a", RTX3090, *slices)) == ["`targets: all` needs two CUDA GPUs, and there is one on a"]


def test_another_set_of_gpus_is_another_target() -> None:
    third = dataclasses.replace(RTX3090, uuid="GPU-third")
    (two,), (three,) = (place([ALL], make_host("a", RTX3090, BLACKWELL, *more)).units for more in ((), (third,)))
    assert two.target.target_id != three.target.target_id
    assert three.target.label == "3 GPUs"


def test_all_gpus_of_a_host_can_be_named_as_the_only_target() -> None:
    host = make_host("a", BLACKWELL, RTX3090)
    (unit,) = place([ALL], host).units
    (again,) = place([ALL], host, selector=Selector(target_id=unit.target.target_id)).units
    assert again.target == unit.target
