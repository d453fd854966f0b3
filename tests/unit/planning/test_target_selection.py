"""Target selection: which targets a sweep's `hosts` picks, and what is said when it picks none."""

import dataclasses

import pytest

from featray.errors import NothingMatches
from featray.planning import target_selection
from featray.planning.inventory import Gpu, Host, Inventory
from featray.sweep import Selector
from tests.support.plans import BLACKWELL, RTX3090, make_host, make_inventory


def select(selector: Selector, *hosts: Host) -> list[str]:
    return [target.target_id for target in target_selection.select(make_inventory(*hosts), selector)]


@pytest.mark.parametrize("gpus", [(BLACKWELL, RTX3090), (RTX3090, BLACKWELL)])
def test_a_gpu_is_found_by_name_in_either_enumeration_order(gpus: tuple[Gpu, ...]) -> None:
    assert select(Selector(gpu=("*blackwell*",)), make_host("a", *gpus)) == [BLACKWELL.uuid, "cpu@id-a"]


def test_a_gpu_pattern_picks_the_cpu_of_the_hosts_that_have_one() -> None:
    assert select(Selector(gpu=(BLACKWELL.uuid,)), make_host("a", BLACKWELL), make_host("b")) == [
        BLACKWELL.uuid,
        "cpu@id-a",
    ]


def test_hosts_are_picked_by_name_id_or_label() -> None:
    hosts = make_host("a", labels={"lab": "east"}), make_host("b", labels={"lab": "west"})
    assert select(Selector(host=("B",)), *hosts) == ["cpu@id-b"]
    assert select(Selector(host=("id-a", "c*")), *hosts) == ["cpu@id-a"]
    assert select(Selector(label={"lab": "west"}), *hosts) == ["cpu@id-b"]
    assert select(Selector(), *hosts) == ["cpu@id-a", "cpu@id-b"]


def test_a_memory_floor_applies_to_the_device_itself() -> None:
    selector = Selector(memory_min_b=48 * 1024**3)
    assert select(selector, make_host("a", BLACKWELL, RTX3090)) == [BLACKWELL.uuid, "cpu@id-a"]


def test_a_gpu_whose_driver_does_not_say_its_memory_meets_every_floor() -> None:
    unified = dataclasses.replace(BLACKWELL, name="NVIDIA GB10", memory_b=None)
    assert unified.uuid in select(Selector(memory_min_b=48 * 1024**3), make_host("a", unified))


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (Selector(gpu=("NVIDIA GeForce RTX 3080",)), r"no GPU matches 'NVIDIA GeForce RTX 3080'.*Did you mean.*3090"),
        (Selector(host=("boxx",)), r"no host matches 'boxx'; expected box\. Did you mean 'box'\?"),
        (Selector(label={"lab": "west"}), "no host is labelled 'lab=west'; expected lab=east"),
        (Selector(host=("box",), memory_min_b=1024**4), r"no host meets every part .*; looked at box \(NVIDIA GeForce"),
    ],
)
def test_a_selector_that_matches_nothing_lists_what_exists_and_the_nearest(selector: Selector, message: str) -> None:
    with pytest.raises(NothingMatches, match=message):
        select(selector, make_host("box", RTX3090, labels={"lab": "east"}))


def test_without_any_host_nothing_is_picked_and_nothing_is_wrong() -> None:
    assert target_selection.select(Inventory(hosts=()), Selector(host=("box",))) == ()


def test_hosts_are_described_with_their_gpus_or_why_there_are_none() -> None:
    silent = make_host("c", error="its probe did not answer")
    hosts = (make_host("a", RTX3090), make_host("b"), silent)
    assert target_selection.describe(hosts) == (
        "a (NVIDIA GeForce RTX 3090); b (no GPU); c (not probed: its probe did not answer)"
    )
    assert target_selection.describe(()) == "no hosts"
