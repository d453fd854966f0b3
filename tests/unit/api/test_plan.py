"""`featray.plan`: hosts come from one place."""

from pathlib import Path

import pytest

import featray
from featray.errors import BadInput
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
    with pytest.raises(BadInput, match="--inventory and --address do not go together"):
        featray.plan(tmp_path / "demo.yaml", inventory="hosts.json", address="head:6379")
