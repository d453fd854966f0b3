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


def test_hosts_whose_versions_have_changed_are_named_before_anything_is_measured(tmp_path: Path) -> None:
    loaded, results = load_sweep(tmp_path, "measure: {invocations: 1}"), tmp_path / "r"
    replay(loaded, results)
    (run_id,) = {row.run_id for row in stored_rows(results)}
    # Replayed rows come from hosts elsewhere; these look as if they had been measured here.
    measured = [dataclasses.replace(row, replayed=None, torch="2.11.0", pyfeat="2.1.5") for row in stored_rows(results)]
    shutil.rmtree(results / "rows")
    store.append(str(results), measured)

    def problems(**packages: str) -> tuple[str, ...]:
        host = make_host(packages={"py-feat": "2.1.5", "torch": "2.11.0", **packages})
        return prepare(SubmitRequest(sweep=loaded, results=str(results)), make_inventory(host), now=NOW).problems

    assert problems() == ()
    (problem,) = problems(torch="2.15.0")
    assert problem.startswith(f"2 rows of {run_id} were measured on box with torch 2.11.0, but box now has 2.15.0: ")
    assert "rerun=True" in problem


def test_the_reference_of_a_sweep_is_a_column_of_its_rows_and_no_part_of_its_cells(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}\nreference: {device: cpu, batch_size: 4}")
    replay(dataclasses.replace(loaded, reference=None), tmp_path / "r")
    again = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "r")), make_inventory(), now=NOW)
    assert again.plan.invocations == ()
    fresh = prepare(SubmitRequest(sweep=loaded, results=str(tmp_path / "new")), make_inventory(), now=NOW)
    invocation = fresh.plan.invocations[0].invocation
    row = record(invocation, invocation.cells[0], status="ok", started_at="2026-05-14T00:00:00Z")
    assert row.reference == '{"batch_size":4,"device":"cpu"}'
