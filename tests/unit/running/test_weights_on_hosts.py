"""Weights on hosts: hosts without weights leave the cells that need them to the others."""

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from featray.backends.replay import Replay
from featray.errors import NotReady
from featray.measurement import weights
from featray.measurement.weights import HubFile
from featray.running import weights_on_hosts
from tests.support.plans import make_cell, make_host, make_inventory, make_plan, place
from tests.support.replays import LateWeights, load_sweep, make_rows_of, stored_rows, submit


def test_weights_are_looked_for_on_every_host_that_work_may_move_to(tmp_path: Path) -> None:
    class Bare(Replay):
        def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:
            return {host: ["no network"] for host in needs}

    loaded = load_sweep(tmp_path, "interchangeable: true", weights="pretrained")
    hosts = make_inventory(make_host("a"), make_host("b"))
    with pytest.raises(NotReady, match="a: no network\n  b: no network"):
        submit(loaded, tmp_path / "r", Bare(hosts, [], source="tape"))
    assert stored_rows(tmp_path / "r") == ()


def test_a_host_without_weights_leaves_the_work_to_the_others_and_says_so(tmp_path: Path) -> None:
    class OneBare(Replay):
        def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:
            return {host: ["py-feat/x: y is not there; run hf"] for host in needs if host == "id-b"}

    loaded = load_sweep(tmp_path, "measure: {invocations: 1}", weights="pretrained")
    hosts = make_inventory(make_host("a"), make_host("b"))
    texts: list[str] = []
    backend = OneBare(hosts, make_rows_of(loaded), source="tape")
    submit(loaded, tmp_path / "r", backend, lambda progress: texts.append(progress.text or ""))
    ends = sorted((row.host_id, row.status) for row in stored_rows(tmp_path / "r") if row.host_id == "id-b")
    assert ends == [("id-b", "unsupported"), ("id-b", "unsupported")]
    assert sum(row.status == "ok" for row in stored_rows(tmp_path / "r")) == 2
    assert any("weights are missing: py-feat/x: y is not there" in text for text in texts)


def test_a_cell_that_was_refused_once_counts_by_what_became_of_it_later(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}", weights="pretrained")
    failing = [dataclasses.replace(row, status="failed", timed_s=None) for row in make_rows_of(loaded)]
    backend = LateWeights(make_inventory(), failing, source="tape")
    submit(loaded, tmp_path / "r", backend)
    assert {(row.target_id, row.status) for row in stored_rows(tmp_path / "r")} == {
        ("cpu@id-a", "failed"),
        ("cpu@id-late", "unsupported"),
    }
    backend.has_weights = True
    _, outcome = submit(loaded, tmp_path / "r", backend)
    assert outcome.stored == 2
    assert {(row.target_id, row.status) for row in stored_rows(tmp_path / "r")} == {
        ("cpu@id-a", "failed"),
        ("cpu@id-late", "failed"),
    }
    assert submit(loaded, tmp_path / "r", backend)[1].stored == 0


def test_a_host_that_joins_without_weights_leaves_the_run_whole(tmp_path: Path) -> None:
    loaded = load_sweep(tmp_path, "measure: {invocations: 1}", weights="pretrained")
    backend = LateWeights(make_inventory(), make_rows_of(loaded), source="tape")
    backend.joins, backend.arriving = True, ("late",)
    _, outcome = submit(loaded, tmp_path / "r", backend)
    assert {(row.target_id, row.status) for row in stored_rows(tmp_path / "r")} >= {("cpu@id-a", "ok")}
    assert any("hosts that joined: weights are missing" in problem for problem in outcome.problems)


def test_synthetic_files_are_those_of_py_feats_detectors_outside_environments() -> None:
    pyfeat = make_cell(weights="synthetic")
    others = [
        make_cell(detector="own", weights="synthetic"),
        make_cell(detector="detectorv2", weights="pretrained"),
        make_cell(detector="img2pose", weights="synthetic", requirements=("py-feat==2.0.3",), environment="old"),
    ]
    work = make_plan(place([pyfeat, *others]), n=1)
    assert {planned.invocation.cells[0].detector.name for planned in work.invocations} >= {"retinaface", "img2pose"}
    assert weights_on_hosts.list_synthetic(work) == set(weights.list_required(pyfeat.detector))
