"""Fleet plans: time, cost, what cannot run and which hosts do nothing, as the plan of each host has it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from featray import store, sweep
from featray.core.choices import Device, Exclusive
from featray.errors import NothingMatches
from featray.host import clips
from featray.planning.fleet_plan import FleetPlan
from featray.planning.inventory import Gpu, Host
from featray.rendering import fleet_text
from featray.running import fleet_planning, preparation
from featray.running.preparation import SubmitRequest
from featray.sweep import Sweep
from tests.support.plans import RTX3090, make_host, make_inventory
from tests.support.replays import NOW, load_sweep, replay

GPU_WITHOUT_KERNELS = dataclasses.replace(RTX3090, compute_capability="7.0")


def gpu(number: int) -> Gpu:
    return dataclasses.replace(RTX3090, uuid=f"GPU-{number:08}-0000-4000-8000-000000000086")


def load(folder: Path, text: str = "measure: {invocations: 2}", both: bool = False) -> Sweep:
    loaded = load_sweep(folder, text)
    devices = (Device.CPU, Device.CUDA) if both else (Device.CPU,)
    return dataclasses.replace(loaded, axes=dataclasses.replace(loaded.axes, device=devices))


def plan(loaded: Sweep, *hosts: Host, results: Path | str = "/nowhere", **prices: float | None) -> FleetPlan:
    request = SubmitRequest(sweep=loaded, results=str(results), replay=None)
    return fleet_planning.plan_fleet(request, make_inventory(*hosts), prices, now=NOW)


def text_of(fleet: FleetPlan) -> str:
    return "\n".join([*fleet_text.table(fleet), *fleet_text.said(fleet)])


def test_time_and_units_are_those_of_the_plan_of_each_host(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    hosts = [make_host("a"), make_host("b"), make_host("c")]
    fleet = plan(loaded, *hosts)
    alone = preparation.prepare(SubmitRequest(sweep=loaded, results="/nowhere"), make_inventory(hosts[0]), now=NOW)
    together = preparation.prepare(SubmitRequest(sweep=loaded, results="/nowhere"), make_inventory(*hosts), now=NOW)
    assert [share.figures.time_s for share in fleet.shares] == [alone.plan.expected_s] * 3
    assert (fleet.time_s, fleet.units, fleet.left) == (
        together.plan.expected_s,
        len(together.placement.units),
        together.plan.remaining,
    )
    assert (fleet.cells, len(fleet.shares)) == (2, 3)


def test_gpus_of_a_host_take_turns_unless_the_sweep_says_otherwise(tmp_path: Path) -> None:
    loaded = load(tmp_path, both=True)
    host = make_host("a", gpu(1), gpu(2))
    in_turn, at_once = plan(loaded, host), plan(dataclasses.replace(loaded, exclusive=Exclusive.GPU), host)
    assert at_once.time_s < in_turn.time_s


def test_what_the_store_has_is_not_planned_again(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    replay(loaded, tmp_path / "r", hosts=make_inventory(make_host("a")))
    fleet = plan(loaded, make_host("a"), make_host("b"), results=tmp_path / "r")
    left = {share.host.hostname: (share.figures.done, share.figures.left) for share in fleet.shares}
    assert left == {"a": (4, 0), "b": (0, 4)}


def test_a_pilot_may_ask_for_more(tmp_path: Path) -> None:
    fleet = plan(load(tmp_path, "measure: {invocations: {pilot: 5, max: 10}}"), make_host("a"))
    assert fleet.time_max_s == pytest.approx(2 * fleet.time_s)


def test_costs_add_up_over_the_hosts_with_a_price(tmp_path: Path) -> None:
    fleet = plan(load(tmp_path), make_host("a"), make_host("b"), a=3.6, b=None, c=1.0)
    assert fleet.cost == pytest.approx(fleet.time_s / 1000)
    assert fleet.unpriced == ("b",)
    assert fleet.unknown_prices == ("c",)
    text = text_of(fleet)
    assert "price unknown: b; write price_per_hour of each host in the cluster file" in text
    assert "the cluster file has hosts that are not in the inventory: c" in text


def test_what_cannot_run_is_counted_by_reason_over_hosts(tmp_path: Path) -> None:
    loaded = load(tmp_path, both=True)
    old = [make_host(name, dataclasses.replace(GPU_WITHOUT_KERNELS, uuid=f"GPU-{name}")) for name in ("a", "b")]
    fleet = plan(loaded, *old, make_host("c"))
    (refusal,) = fleet.refusals
    assert (refusal.units, refusal.hosts) == (4, ("a", "b"))
    assert refusal.reason == "torch 2.11.0 has no kernels for sm_70 (it has sm_80, sm_86, sm_90, sm_120)"
    assert "cannot run: 4 units on 2 hosts (a, b): torch 2.11.0 has no kernels for sm_70" in text_of(fleet)


def test_hosts_that_measure_nothing_say_why(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    hosts = [make_host("a"), make_host("b", error="its probe did not answer"), make_host("c", packages={"torch": "2"})]
    fleet = plan(loaded, *hosts)
    assert {(idle.reason, idle.hosts) for idle in fleet.idle} == {
        ("not probed: its probe did not answer", ("b",)),
        ("no cell of the sweep can run there", ("c",)),
    }


def test_missing_software_is_summed_up(tmp_path: Path) -> None:
    fleet = plan(load(tmp_path), make_host("a"), make_host("b"))
    assert any("featray is not installed" in lack.reason and lack.hosts == ("a", "b") for lack in fleet.lacks)


def test_more_processes_than_processors_are_named(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    loaded = dataclasses.replace(loaded, axes=dataclasses.replace(loaded.axes, processes=(1, 16)))
    small, large = make_host("a", cpu_count=1), make_host("b", cpu_count=16)
    (lack,) = [lack for lack in plan(loaded, small, large).lacks if "side by side" in lack.reason]
    assert lack.hosts == ("a",)
    reason = (
        "a processor for each of 16 processes side by side; it has 1 processor and 64.0 GiB of memory, and they are "
        "not pinned to processors of their own"
    )
    assert lack.reason == reason
    assert f"missing on 1 host (a): {reason}" in text_of(plan(loaded, small, large))
    poor = make_host("a", cpu_count=1, memory_b=2 * 1024**3)  # 16 processes cannot run there at all
    assert not any("side by side" in lack.reason for lack in plan(loaded, poor).lacks)


def test_a_class_of_ones_own_that_was_never_measured_has_no_known_time(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert not any("unknown" in remark for remark in plan(loaded, make_host("a")).remarks)
    own = dataclasses.replace(loaded.detectors[0], class_name="own:Detector")
    fleet = plan(dataclasses.replace(loaded, detectors=(own,)), make_host("a"))
    (said,) = fleet.remarks
    assert fleet_text.title(fleet).endswith(": at least 30 s")  # the start of two processes
    assert fleet_text.record(fleet)["cells_of_unknown_time"] == 2
    assert said.startswith(
        "the time of a call is unknown for 2 cells: no row of this sweep tells it, so only the start"
    )


def test_packages_that_are_not_recorded_are_named(tmp_path: Path) -> None:
    said = "packages not recorded: 1 host (b); what is not installed there is unknown"
    assert said in text_of(plan(load(tmp_path), make_host("a"), make_host("b", packages={})))


def test_hosts_of_one_name_and_one_price_are_named(tmp_path: Path) -> None:
    twins = [make_host("a", host_id="id_1"), make_host("a", host_id="id_2")]
    said = "2 hosts are called a: the price of a counts for each; name them by host_id"
    assert said in text_of(plan(load(tmp_path), *twins, a=2.0))
    assert said not in text_of(plan(load(tmp_path), *twins, id_1=2.0, id_2=3.0))


def test_a_fleet_that_can_run_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="no cell can run on any of the hosts: py-feat is not installed"):
        plan(load(tmp_path), make_host("c", packages={"torch": "2"}))


def test_interchangeable_cells_are_shared_out(tmp_path: Path) -> None:
    loaded = dataclasses.replace(load(tmp_path, "measure: {invocations: 4}"), interchangeable=True)
    one, four = plan(loaded, make_host("a")), plan(loaded, *(make_host(name) for name in "abcd"))
    assert (one.left, four.left) == (8, 8)
    assert four.time_s < one.time_s / 2


def share(loaded: Sweep, **axes: Any) -> Sweep:
    changed = dataclasses.replace(loaded.axes, **axes)
    return dataclasses.replace(loaded, axes=changed, interchangeable=True)


def test_interchangeable_cells_count_once_also_where_the_first_host_cannot_run_them_all(tmp_path: Path) -> None:
    loaded = share(load(tmp_path, both=True))  # two cells on a CPU, two on a GPU
    hosts = make_host("a"), make_host("b", gpu(1), gpu(2)), make_host("c", gpu(3))
    fleet = plan(loaded, *hosts)
    together = preparation.prepare(SubmitRequest(sweep=loaded, results="/nowhere"), make_inventory(*hosts), now=NOW)
    assert (fleet.cells, fleet.units) == (4, 4)
    assert fleet.left == together.plan.remaining == 8
    assert sum(each.figures.left for each in fleet.shares) == 8
    assert all(each.figures.units >= 1 for each in fleet.shares)
    assert (fleet.refusals, fleet.idle) == ((), ())
    assert "4 cells, 4 units on 3 hosts, 8 measurements left" in text_of(fleet)


def test_of_interchangeable_cells_each_goes_only_where_it_can_run(tmp_path: Path) -> None:
    loaded = share(load(tmp_path, both=True), device=(Device.CUDA,), targets=("all",))
    fleet = plan(loaded, make_host("a", gpu(1)), make_host("b", gpu(2), gpu(3)))
    (working,) = fleet.shares
    assert (working.host.hostname, working.figures.units, working.figures.left) == ("b", 2, 4)
    (idle,) = fleet.idle
    assert idle.hosts == ("a",)
    assert idle.reason == "no cell of the sweep can run there: `targets: all` needs two CUDA GPUs, and there is one"
    assert fleet.refusals == ()
    nowhere = plan(share(load(tmp_path, both=True), targets=("all",)), make_host("a", gpu(1)))
    assert [(lack.hosts, lack.units) for lack in nowhere.refusals] == [(("a",), 2)]  # no host can run these


def test_what_one_of_interchangeable_hosts_has_measured_is_done_for_all(tmp_path: Path) -> None:
    loaded = share(load(tmp_path))
    replay(loaded, tmp_path / "r", hosts=make_inventory(make_host("b")))
    fleet = plan(loaded, make_host("a"), make_host("b"), results=tmp_path / "r")
    assert (fleet.left, fleet.units) == (0, 2)
    assert [(each.host.hostname, each.figures.done) for each in fleet.shares] == [("b", 4)]
    assert [lack.hosts for lack in fleet.idle] == [("a",)]
    assert "nothing left to measure" in text_of(fleet)


def set_times(results: Path, seconds: Mapping[str, float]) -> None:
    """Write what a replay left again, each call as long as it takes on the host of that name."""
    rows = store.read(results, every_attempt=True).rows
    (results / "rows").rename(results / "before")
    timed = [
        dataclasses.replace(
            row, warmup_s=[], timed_s=[seconds[row.target_id.removeprefix("cpu@id-")]] * 4, import_s=4.0, load_s=0.5
        )
        for row in rows
    ]
    store.append(results, timed)


def test_measured_hosts_are_as_fast_as_they_were_measured(tmp_path: Path) -> None:
    loaded, hosts = load(tmp_path), [make_host(name) for name in "abc"]
    replay(loaded, tmp_path / "r", hosts=make_inventory(*hosts))
    set_times(tmp_path / "r", {"a": 10.0, "b": 30.0, "c": 50.0})
    loaded = dataclasses.replace(loaded, name="demo", interchangeable=True)
    request = SubmitRequest(sweep=loaded, results=str(tmp_path / "r"), rerun=True, replay=None)
    fleet = fleet_planning.plan_fleet(request, make_inventory(*hosts), now=NOW)
    # Two cells, twice each: 45 s a measurement on a, 125 s on b, 205 s on c. The bound by hand: 3 on a, 1 on b.
    assert {share.host.hostname: share.figures.time_s for share in fleet.shares} == {"a": 135.0, "b": 125.0}
    together = preparation.prepare(request, make_inventory(*hosts), now=NOW)
    assert together.plan.expected_s == fleet.time_s


@pytest.mark.parametrize("exclusive", list(Exclusive))
def test_interchangeable_cells_take_as_long_on_the_fleet_as_the_plan_tells(
    tmp_path: Path, exclusive: Exclusive
) -> None:
    loaded = share(load(tmp_path), device=(Device.CUDA,), batch_size=tuple(range(1, 8)))
    loaded = dataclasses.replace(loaded, exclusive=exclusive)
    hosts = make_host("a", gpu(1)), make_host("b", gpu(2), gpu(3))
    fleet = plan(loaded, *hosts)
    together = preparation.prepare(SubmitRequest(sweep=loaded, results="/nowhere"), make_inventory(*hosts), now=NOW)
    assert fleet.time_s == together.plan.expected_s
    assert sum(each.figures.left for each in fleet.shares) == together.plan.remaining == 14


def test_a_host_that_was_never_measured_starts_and_measures_like_the_others(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    replay(loaded, tmp_path / "r", hosts=make_inventory(make_host("a")))
    set_times(tmp_path / "r", {"a": 10.0})
    fleet = plan(loaded, make_host("a"), make_host("b"), results=tmp_path / "r")
    request = SubmitRequest(sweep=loaded, results=str(tmp_path / "r"), replay=None)
    alone = preparation.prepare(request, make_inventory(make_host("b")), now=NOW)
    assert alone.plan.expected_s == pytest.approx(2 * (5.0 + 2 * 40.0))
    assert {share.host.hostname: share.figures.time_s for share in fleet.shares}["b"] == alone.plan.expected_s


def test_more_hosts_than_measurements_are_named(tmp_path: Path) -> None:
    fleet = plan(share(load(tmp_path)), *(make_host(name) for name in "abcdef"))
    assert (len(fleet.shares), fleet.left, fleet.units) == (4, 4, 2)
    (idle,) = fleet.idle
    assert (len(idle.hosts), idle.reason) == (2, "what it could measure is measured, or ends earlier on other hosts")


def test_plain_values_of_a_fleet(tmp_path: Path) -> None:
    record = fleet_text.record(plan(load(tmp_path), make_host("a"), a=1.0))
    assert record["hosts"][0]["hostname"] == "a"
    assert record["cost"] == record["hosts"][0]["cost"]
    assert fleet_text.record(plan(load(tmp_path), make_host("a")))["cost"] is None


def test_a_search_counts_what_may_come(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text("detectors: [retinaface]\ninputs: [short]\naxes: {device: cpu}\nsearch: {batch_size: {max: 8}}\n")
    fleet = plan(sweep.load(path, probe_clip=clips.probe), make_host("a"))
    assert fleet.left == 1
    assert fleet.time_max_s > 4 * fleet.time_s


def test_all_gpus_of_a_host_count_where_there_are_two_and_are_refused_elsewhere(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    axes = dataclasses.replace(loaded.axes, device=(Device.CUDA,), targets=(1, "all"), batch_size=(1,))
    fleet = plan(dataclasses.replace(loaded, axes=axes), make_host("a", gpu(1), gpu(2)), make_host("b", gpu(3)))
    shares = {share.host.hostname: share for share in fleet.shares}
    assert (shares["a"].figures.units, shares["b"].figures.units) == (3, 1)
    assert len(shares["a"].devices) == 3
    (lack,) = fleet.refusals
    assert (lack.reason, lack.hosts, lack.units) == ("`targets: all` needs two CUDA GPUs, and there is one", ("b",), 1)
