"""The table of `featray hosts`."""

import dataclasses

from featray.cli import hosts
from featray.planning.inventory import Host
from tests.support.plans import BLACKWELL, RTX3090, make_host, make_inventory


def cells(*shown: Host) -> list[list[str]]:
    """Draw hosts; return the lines of each one's GPU cell."""
    drawn = hosts.table(make_inventory(*shown))
    (column,) = [column for column in drawn.columns if column.header == "GPUs"]
    return [str(cell).splitlines() for cell in column.cells]


def test_a_gpu_begins_with_the_name_that_reports_have_for_it() -> None:
    (lines,) = cells(make_host("box", RTX3090))
    assert lines[:3] == ["RTX 3090", RTX3090.name, RTX3090.uuid]


def test_two_gpus_of_one_model_have_names_of_their_own() -> None:
    twin = dataclasses.replace(RTX3090, uuid="GPU-ffff0000-0000-4000-8000-000000000086")
    (lines,) = cells(make_host("box", RTX3090, twin))
    assert [line for line in lines if line.startswith("RTX 3090")] == [
        "RTX 3090 (GPU-a3090000)",
        "RTX 3090 (GPU-ffff0000)",
    ]


def test_one_model_on_two_hosts_is_named_with_its_host() -> None:
    other = dataclasses.replace(RTX3090, uuid="GPU-ffff0000-0000-4000-8000-000000000086")
    first, second = cells(make_host("box", RTX3090, BLACKWELL), make_host("shelf", other))
    assert first[0] == "RTX 3090 of box"
    assert second[0] == "RTX 3090 of shelf"
    assert "RTX PRO 6000 Blackwell" in first


def test_a_host_that_was_not_probed_says_why() -> None:
    drawn = hosts.table(make_inventory(make_host("box", error="its probe did not answer within 90 s")))
    assert [str(cell) for cell in list(drawn.columns)[1].cells] == ["not probed: its probe did not answer within 90 s"]


def test_a_host_without_a_gpu_and_a_mac_say_so() -> None:
    assert cells(make_host("box"), make_host("mac", mps=True)) == [["none"], ["MPS", "Apple GPU (mps)"]]
