"""`featray.plan`: hosts come from one place."""

from pathlib import Path

import pytest

import featray
from featray.errors import BadInput, NothingMatches
from featray.planning import inventory
from tests.support.plans import make_host, make_inventory
from tests.support.replays import load_sweep


def test_a_plan_on_recorded_hosts_writes_nothing(tmp_path: Path) -> None:
    load_sweep(tmp_path, "measure: {invocations: 1}")
    hosts, results = tmp_path / "hosts.json", tmp_path / "results"
    hosts.write_text(inventory.to_json(make_inventory(make_host("box"))), encoding="utf-8")
    planned = featray.plan(tmp_path / "demo.yaml", results=str(results), inventory=hosts)
    assert [unit.target.host.hostname for unit in planned.placement.units] == ["box", "box"]
    assert not results.exists()


def test_recorded_hosts_and_a_cluster_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="inventory= and address= do not go together"):
        featray.plan(tmp_path / "demo.yaml", inventory="hosts.json", address="head:6379")


def test_a_class_that_cannot_be_imported_here_is_not_planned_and_not_submitted(tmp_path: Path) -> None:
    text = (
        "detectors: [{name: own, class: 'nowhere_here.detectors:Own'}, {name: c, class: "
        "'featray.measurement.clockwork:Clockwork'}]\ninputs: [short]\naxes: {device: cpu, batch_size: 1}\n"
    )
    (tmp_path / "mine.yaml").write_text(text)
    placed = featray.plan(tmp_path / "mine.yaml", results=str(tmp_path / "r")).placement
    assert [unit.cell.detector.name for unit in placed.units] == ["c"]
    assert "nowhere_here.detectors:Own cannot be imported on " in placed.refusals[0].reason
    (tmp_path / "mine.yaml").write_text(text.partition(", {name: c")[0] + "]\n" + text.partition("\n")[2])
    with pytest.raises(
        NothingMatches, match=r"no cell can run anywhere: nowhere_here.detectors:Own cannot be imported"
    ):
        featray.submit(tmp_path / "mine.yaml", results=str(tmp_path / "r"), backend="inline", progress=False)


def test_hosts_of_several_files_count_together_and_none_twice(tmp_path: Path) -> None:
    load_sweep(tmp_path, "measure: {invocations: 1}")
    for name in ("box", "shelf"):
        (tmp_path / f"{name}.json").write_text(inventory.to_json(make_inventory(make_host(name))), encoding="utf-8")
    both = [tmp_path / "box.json", tmp_path / "shelf.json"]
    planned = featray.plan_fleet(tmp_path / "demo.yaml", results=str(tmp_path / "r"), inventory=both)
    assert sorted(share.host.hostname for share in planned.shares) == ["box", "shelf"]
    with pytest.raises(BadInput, match=r"box.json: host box \(.*\) is also in .*box.json; leave one out"):
        featray.plan(tmp_path / "demo.yaml", results=str(tmp_path / "r"), inventory=[*both, both[0]])
    with pytest.raises(BadInput, match="an empty list"):
        featray.plan(tmp_path / "demo.yaml", results=str(tmp_path / "r"), inventory=[])
