"""What `featray hosts` draws."""

import dataclasses

import pytest

from featray.cli import hosts
from featray.planning.inventory import Host
from tests.support.plans import BLACKWELL, RTX3090, make_host, make_inventory


def drawn(*shown: Host, width: int | None = None) -> list[str]:
    return hosts.draw(make_inventory(*shown), width)


def gpus(*shown: Host) -> list[str]:
    """List the lines that name a GPU, without what they are about."""
    return [line.removeprefix("  GPU").strip() for line in drawn(*shown) if " GPU-" in line]


def test_figures_come_first_and_the_name_last() -> None:
    headings, line = drawn(make_host("box", RTX3090, cpu_count=64))[:2]
    assert headings.split("  ")[-1] == "host"
    assert line.split()[-1] == "box"
    assert line.split()[0] == "64"


def test_a_gpu_has_its_id_and_the_name_that_reports_have_for_it() -> None:
    assert gpus(make_host("box", RTX3090)) == [f"{RTX3090.uuid}  RTX 3090"]


def test_two_gpus_of_one_model_have_names_of_their_own() -> None:
    twin = dataclasses.replace(RTX3090, uuid="GPU-ffff0000-0000-4000-8000-000000000086")
    names = [line.partition("  ")[2] for line in gpus(make_host("box", RTX3090, twin))]
    assert names == ["RTX 3090 (GPU-a3090000)", "RTX 3090 (GPU-ffff0000)"]


def test_one_model_on_two_hosts_is_named_with_its_host() -> None:
    other = dataclasses.replace(RTX3090, uuid="GPU-ffff0000-0000-4000-8000-000000000086")
    names = [line.partition("  ")[2] for line in gpus(make_host("box", RTX3090, BLACKWELL), make_host("shelf", other))]
    assert names == ["RTX 3090 of box", "RTX PRO 6000 Blackwell", "RTX 3090 of shelf"]


def test_a_host_that_was_not_probed_says_why() -> None:
    lines = drawn(make_host("box", error="its probe did not answer within 90 s"))
    assert lines[1].split() == ["-"] * 6 + ["box"]
    assert lines[-1].split(maxsplit=2)[2] == "its probe did not answer within 90 s"


def test_a_host_without_a_gpu_and_a_mac_say_so() -> None:
    lines = drawn(make_host("box"), make_host("mac", mps=True))
    assert ("none" in lines[1], "Apple" in lines[2]) == (True, True)
    assert any("Apple GPU (mps)" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_every_id_is_whole_on_a_terminal(width: int) -> None:
    lines = drawn(make_host("box.with.a.long.name.example.org", RTX3090, BLACKWELL), width=width)
    assert max(map(len, lines)) <= width
    assert {RTX3090.uuid, BLACKWELL.uuid, "box.with.a.long.name.example.org"} <= set(" ".join(lines).split())
