"""Preparation: what a submit would do, and what its user should know before it starts."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from featray import store, sweep
from featray.core.invocation import record
from featray.errors import NothingMatches
from featray.host import clips
from featray.running.preparation import SubmitRequest, prepare
from featray.sweep import Sweep
from tests.support.command import ROOT
from tests.support.plans import BLACKWELL, RTX3090, make_host, make_inventory
from tests.support.replays import NOW, load_sweep, replay, stored_rows


def test_the_flagship_plans_36_cells_on_the_blackwell_in_either_order_of_gpus() -> None:
    loaded = sweep.load(ROOT / "sweeps" / "blackwell.yaml", probe_clip=clips.probe)
    for gpus in ((BLACKWELL, RTX3090), (RTX3090, BLACKWELL)):
        hosts = make_inventory(make_host("liquidswords2", *gpus))
        prepared = prepare(SubmitRequest(sweep=loaded, results="/nowhere"), hosts, now=NOW)
        assert len(prepared.placement.units) == 36
        assert {unit.target.target_id for unit in prepared.placement.units} == {BLACKWELL.uuid}
        assert {planned.invocation.gpu_uuid for planned in prepared.plan.invocations} == {BLACKWELL.uuid}


def test_a_sweep_for_a_gpu_that_is_not_here_names_what_is() -> None:
    loaded = sweep.load(ROOT / "sweeps" / "blackwell.yaml", probe_clip=clips.probe)
    with pytest.raises(NothingMatches, match=r"no GPU matches .*Blackwell.*box \(NVIDIA GeForce RTX 3090\)"):
        prepare(SubmitRequest(sweep=loaded, results="/nowhere"), make_inventory(make_host("box", RTX3090)), now=NOW)


def test_resume_goes_by_what_was_asked_not_by_its_name(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    replay(loaded, tmp_path / "r")
    renamed = dataclasses.replace(loaded, description="other words")
    assert replay(renamed, tmp_path / "r").stored == 0


def test_a_host_whose_probe_failed_is_named_and_the_others_measure(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    hosts = make_inventory(make_host("a"), make_host("b", error="its probe did not answer within 90 s"))
    outcome = replay(loaded, tmp_path / "r", hosts=hosts)
    assert outcome.problems == ["b was left out: its probe did not answer within 90 s"]
    assert {row.status for row in stored_rows(tmp_path / "r")} == {"ok"}
    planned = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "new")), hosts, now=NOW)
    assert planned.problems == ("b was left out: its probe did not answer within 90 s",)


def test_a_removed_run_is_not_continued_where_an_archive_still_holds_its_rows(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    replay(loaded, results)
    (first,) = {row.run_id for row in stored_rows(results)}
    (file,) = (results / "rows").glob("*.parquet")
    shutil.copy(file, file.with_name(f"history-{file.name}"))
    store.remove(results, run_id=first)
    assert store.latest_run(results, loaded.name) == first
    assert replay(loaded, results).stored == 2
    assert len({row.run_id for row in stored_rows(results)}) == 2


def measure_before(loaded: Sweep, results: Path, *hosts: str) -> str:
    """Store rows of a run that look as if they had been measured with torch 2.11.0 on these hosts; name the run."""
    replay(loaded, results, hosts=make_inventory(*map(make_host, hosts)))
    measured = [dataclasses.replace(row, replayed=None, torch="2.11.0", pyfeat="2.1.5") for row in stored_rows(results)]
    shutil.rmtree(results / "rows")
    store.append(str(results), measured)
    return measured[0].run_id


def test_a_newer_imported_run_is_named_and_not_continued(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    own, newer = measure_before(loaded, results, "box"), "demo-20991231-080000-0b0b"
    request, hosts = SubmitRequest(sweep=loaded, results=str(results), replay=False), make_inventory(make_host("box"))
    assert prepare(request, hosts, now=NOW).notes == ()
    half = stored_rows(results)[:1]
    store.append(results, [dataclasses.replace(row, run_id=newer, bundle="lab.featray sha256:1") for row in half])
    prepared = prepare(request, hosts, now=NOW)
    assert (prepared.plan.run.run_id, prepared.plan.done, prepared.plan.remaining) == (own, 2, 0)
    assert prepared.notes == (f"{newer} is a newer run of this sweep, but it was imported; new rows go into {own}",)
    again = prepare(dataclasses.replace(request, rerun=True), hosts, now=NOW)
    assert (again.plan.done, again.notes) == (0, ())


def problems_now(loaded: Sweep, results: Path, *hosts: str, **packages: str) -> tuple[str, ...]:
    """List what is said before a submit, where these hosts have other packages now."""
    now = [make_host(name, packages={"py-feat": "2.1.5", "torch": "2.11.0", **packages}) for name in hosts]
    return prepare(SubmitRequest(sweep=loaded, results=str(results)), make_inventory(*now), now=NOW).problems


def test_hosts_whose_versions_have_changed_are_named_before_anything_is_measured(tmp_path: Path) -> None:
    results = tmp_path / "r"
    run_id = measure_before(load_sweep(tmp_path, "measure: {invocations: 1}"), results, "box")
    more = load_sweep(tmp_path, "measure: {invocations: 2}")
    assert problems_now(more, results, "box") == ()
    assert problems_now(more, results, "box", torch="2.15.0") == (
        f"2 rows of {run_id} were measured on box with torch 2.11.0, but box now has 2.15.0: "
        "new rows beside them make them stale; rerun=True measures everything again",
    )


def test_where_no_new_rows_come_none_is_called_stale(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    run_id = measure_before(loaded, results, "box")
    assert problems_now(loaded, results, "box", torch="2.15.0") == (
        f"2 rows of {run_id} were measured on box with torch 2.11.0, but box now has 2.15.0; "
        "rerun=True measures everything again",
    )


def test_one_difference_of_many_hosts_is_one_problem(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    run_id = measure_before(loaded, results, "a", "b", "c", "d")
    torch, pyfeat = problems_now(loaded, results, "a", "b", "c", "d", torch="2.15.0", **{"py-feat": "2.2.0"})
    assert torch == (
        f"8 rows of {run_id} were measured on 4 hosts (a, b, c and 1 more) with torch 2.11.0, but they now have "
        "2.15.0; rerun=True measures everything again"
    )
    assert "with py-feat 2.1.5, but they now have 2.2.0; " in pyfeat


def test_only_rows_of_units_that_get_new_ones_become_stale(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 2}"), tmp_path / "r"
    measure_before(loaded, results, "a", "b")
    lacking = ("cpu@id-b", 4, 2)
    kept = [row for row in stored_rows(results) if (row.target_id, row.batch_size, row.invocation) != lacking]
    shutil.rmtree(results / "rows")
    store.append(str(results), kept)
    (problem,) = problems_now(loaded, results, "a", "b", torch="2.15.0")
    assert problem.startswith("7 rows of ")
    assert "but they now have 2.15.0: new rows beside them make 1 of them stale; rerun=True" in problem


def test_hosts_whose_probe_failed_alike_are_one_problem(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}")
    silent = [make_host(name, error="no answer within 90 s") for name in ("b", "c")]
    hosts = make_inventory(make_host("a"), *silent, make_host("d", error="no Python"))
    prepared = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "r")), hosts, now=NOW)
    assert prepared.problems == (
        "2 hosts (b, c) were left out: no answer within 90 s",
        "d was left out: no Python",
    )


def test_the_reference_of_a_sweep_is_a_column_of_its_rows_and_no_part_of_its_cells(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}\nreference: {device: cpu, batch_size: 4}")
    replay(dataclasses.replace(loaded, reference=None), tmp_path / "r")
    again = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "r")), make_inventory(), now=NOW)
    assert again.plan.invocations == ()
    fresh = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "new")), make_inventory(), now=NOW)
    invocation = fresh.plan.invocations[0].invocation
    row = record(invocation, invocation.cells[0], status="ok", started_at="2026-05-14T00:00:00Z")
    assert row.reference == '{"batch_size":4,"device":"cpu"}'
