"""Inventories: targets, nodes of one machine, and the recorded form."""

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import pytest

from featray.errors import InventoryFileError
from featray.planning import inventory
from featray.planning.inventory import Gpu, Host, Inventory

SHIPPED = Path(__file__).parents[3] / "clusters" / "liquidswords2.inventory.json"

BLACKWELL = Gpu(uuid="GPU-b", name="NVIDIA RTX PRO 6000 Blackwell Workstation Edition", compute_capability="12.0")
OLDER = Gpu(uuid="GPU-a", name="NVIDIA GeForce RTX 3090", compute_capability="8.6")


def test_gpus_are_targets_by_uuid_and_come_before_the_cpu() -> None:
    host = Host(host_id="h1", hostname="box", gpus=(BLACKWELL, OLDER), mps=True)
    targets = Inventory(hosts=(host,)).targets()
    assert [(target.target_id, target.device) for target in targets] == [
        ("GPU-a", "cuda"),
        ("GPU-b", "cuda"),
        ("mps@h1", "mps"),
        ("cpu@h1", "cpu"),
    ]
    assert [target.label for target in targets][1:3] == ["RTX PRO 6000 Blackwell", "MPS"]


def test_the_order_in_which_a_driver_lists_gpus_changes_nothing() -> None:
    one = Host(host_id="h1", hostname="box", gpus=(BLACKWELL, OLDER))
    other = dataclasses.replace(one, gpus=(OLDER, BLACKWELL))
    ids = [[target.target_id for target in Inventory(hosts=(host,)).targets()] for host in (one, other)]
    assert ids[0] == ids[1]


def test_a_host_that_failed_its_probe_offers_nothing() -> None:
    assert Inventory(hosts=(Host(host_id="h", hostname="h", gpus=(OLDER,), error="no answer"),)).targets() == ()


def test_nodes_of_one_machine_are_one_host() -> None:
    first = Host(host_id="h1", hostname="box", gpus=(OLDER,), node_ids=("n1",), node_gpus={"n1": ("GPU-a",)})
    second = Host(host_id="h1", hostname="box", gpus=(BLACKWELL,), node_ids=("n2",), node_gpus={"n2": ("GPU-b",)})
    (merged,) = inventory.merge([first, second, Host(host_id="h2", hostname="other")]).hosts[:1]
    assert merged.node_gpus == {"n1": ("GPU-a",), "n2": ("GPU-b",)}
    assert [gpu.uuid for gpu in merged.gpus] == ["GPU-a", "GPU-b"]


def test_a_recorded_inventory_is_read_back() -> None:
    host = Host(
        host_id="h1",
        hostname="box",
        gpus=(OLDER,),
        packages={"torch": "2.11.0"},
        cuda_architectures=("sm_86",),
        labels={"room": "lab"},
        node_ids=("n1",),
        node_gpus={"n1": ("GPU-a",)},
    )
    recorded = Inventory(hosts=(host,))
    assert inventory.from_json(inventory.to_json(recorded), "a.json") == recorded


def test_the_shipped_inventory_holds_two_unlike_gpus() -> None:
    (host,) = inventory.from_json(SHIPPED.read_text(), SHIPPED.name).hosts
    assert (host.hostname, host.cpu_count) == ("liquidswords2", 128)
    assert {gpu.name for gpu in host.gpus} == {BLACKWELL.name, OLDER.name}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a.json: not JSON"),
        ("[" * 100_000, "a.json: not JSON"),
        ("[]", "not an inventory of format 1; record one with `featray hosts --json`"),
        ('{"format": 2, "hosts": []}', "not an inventory of format 1"),
        ('{"format": 1}', "a.json: hosts: expected a list, got None"),
        ('{"format": 1, "hosts": [{"host_id": "a"}]}', "hostname"),
        ('{"format": 1, "hosts": [{"host_id": "a", "hostname": "a", "colour": 1}]}', "colour"),
        ('{"format": 1, "hosts": [3]}', "record it again"),
    ],
)
def test_what_is_no_inventory_is_refused(text: str, message: str) -> None:
    with pytest.raises(InventoryFileError) as caught:
        inventory.from_json(text, "a.json")
    assert message in str(caught.value)


def test_a_host_id_stands_once() -> None:
    hosts = [{"host_id": "a", "hostname": name} for name in ("x", "y")]
    with pytest.raises(InventoryFileError, match="host ids occur twice: a"):
        inventory.from_json(json.dumps({"format": 1, "hosts": hosts}), "a.json")


def test_a_node_offers_the_gpus_that_it_was_started_with_and_no_other() -> None:
    both = (BLACKWELL, OLDER)
    assert inventory.select_offered(both, "GPU-a", has_gpus=True) == (OLDER,)
    assert inventory.select_offered(both, None, has_gpus=True) == both
    assert inventory.select_offered(both, None, has_gpus=False) == ()
    assert [gpu.uuid for gpu in inventory.select_offered(both, "GPU-unseen", has_gpus=True)] == ["GPU-unseen"]


@pytest.mark.parametrize(
    ("gpus", "offered", "leased"),
    [
        ((OLDER, BLACKWELL), 2, 2),
        ((OLDER,), 1, 1),
        ((OLDER, dataclasses.replace(OLDER, uuid="GPU-c")), 2, 2),  # Ray may have given either to somebody else
        ((), 0, 0),
    ],
)
def test_a_node_with_several_gpus_is_leased_whole(gpus: tuple[Gpu, ...], offered: int, leased: int) -> None:
    node_gpus = {"n1": tuple(gpu.uuid for gpu in gpus)}
    host = Host(host_id="h", hostname="box", gpus=gpus, node_ids=("n1",), node_gpus=node_gpus)
    assert host.gpus_to_lease("n1", offered) == leased


def test_labels_of_two_gpus_of_one_name_differ() -> None:
    twin = dataclasses.replace(OLDER, uuid="GPU-12345678-0000")
    labels = [
        target.label for target in Inventory(hosts=(Host(host_id="h", hostname="box", gpus=(OLDER, twin)),)).targets()
    ]
    assert len(set(labels)) == 3
    assert any(label.endswith("(GPU-12345678)") for label in labels)


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**400,
    1e999,
    "",
    "\x1b[2J",
    "x" * 300,
    [],
    [None],
    [1],
    {},
    {"a": None},
    [[]],
)


def mutate(draw: random.Random, value: Any) -> Any:
    """Change one part of a value of JSON: replace it, drop it or add to it."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        name = draw.choice(sorted(value))
        if draw.random() < 0.1:
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: mutate(draw, value[name])}
    if isinstance(value, list) and value and draw.random() < 0.8:
        index = draw.randrange(len(value))
        changed = value[index] if draw.random() < 0.1 else mutate(draw, value[index])
        return [*value[:index], changed, *value[index:][draw.randrange(2) :]]
    return draw.choice(ODD)


def test_a_mutated_inventory_is_read_or_refused_with_its_file() -> None:
    draw = random.Random(1)
    hosts = (Host(host_id="a", hostname="a", gpus=(Gpu(uuid="GPU-1", name="RTX"),), packages={"torch": "2"}),)
    recorded = json.loads(inventory.to_json(Inventory(hosts=(*hosts, Host(host_id="b", hostname="b", load_1m=0.5)))))
    messages = []
    for _ in range(1000):
        try:
            read = inventory.from_json(json.dumps(mutate(draw, recorded)), "inv.json")
        except InventoryFileError as error:
            messages.append(str(error))
        else:
            assert inventory.from_json(inventory.to_json(read), "inv.json") == read
            read.targets()
    assert 100 < len(messages) < 1000
    assert all(message.startswith("inv.json: ") and len(message) < 300 for message in messages)


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ("[3]", r"inv.json: hosts\[0\]: expected an object, got 3; record it again"),
        ('[{"host_id": "a"}]', r"inv.json: hosts\[0\]: hostname is missing"),
        ('[{"host_id": "a", "hostname": "a", "cpu_count": "8"}]', r"hosts\[0\].cpu_count: expected a whole number"),
        ('[{"host_id": "a", "hostname": "a", "cpu_count": 0}]', r"cpu_count: expected a whole number from 1 or null"),
        ('[{"host_id": "a", "hostname": "a", "memory_b": 0}]', r"memory_b: expected a whole number from 1 or null"),
        ('[{"host_id": "a", "hostname": "a", "gpus": [{"uuid": "G"}]}]', r"hosts\[0\].gpus\[0\]: name is missing"),
        ('[{"host_id": "a", "hostname": "a", "color": 1}]', r"hosts\[0\]: unknown field 'color'"),
        (
            '[{"host_id": "a", "hostname": "a", "gpus": [{"uuid": "G", "name": "X", "compute_capability": "new"}]}]',
            r"hosts\[0\].gpus\[0\].compute_capability: expected such as 8.9 or null, got 'new'",
        ),
        ("[" * 100_000, "inv.json: not JSON"),
        ("1" * 5000, "inv.json: not JSON"),
    ],
    ids=["number", "missing", "text", "processors", "memory", "gpu", "unknown", "capability", "deep", "digits"],
)
def test_a_wrong_inventory_is_named_with_file_and_place(hosts: str, message: str) -> None:
    with pytest.raises(InventoryFileError, match=message):
        inventory.from_json(f'{{"format": 1, "hosts": {hosts}}}', "inv.json")
