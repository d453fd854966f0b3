"""Arguments of several verbs: sweep files and recorded hosts."""

from pathlib import Path

import pytest

from featray.api import arguments
from featray.errors import BadInput, InventoryFileError
from featray.planning import inventory
from tests.support.plans import make_host, make_inventory
from tests.support.replays import load_sweep


def test_a_sweep_may_not_take_the_name_of_the_calibration(tmp_path: Path) -> None:
    load_sweep(tmp_path, "name: calibration")
    assert arguments.load_sweep(tmp_path / "demo.yaml").name == "calibration"
    with pytest.raises(BadInput, match="the name 'calibration' is reserved for `featray calibrate`"):
        arguments.load_sweep_to_submit(tmp_path / "demo.yaml")


def test_hosts_come_from_a_recorded_inventory_or_from_this_machine(tmp_path: Path) -> None:
    recorded = make_inventory(make_host("box"))
    (tmp_path / "hosts.json").write_text(inventory.to_json(recorded), encoding="utf-8")
    assert [host.hostname for host in arguments.recorded_or_here(tmp_path / "hosts.json").hosts] == ["box"]
    assert len(arguments.recorded_or_here(None).hosts) == 1


def test_an_inventory_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InventoryFileError, match=r"missing\.json: cannot be read"):
        arguments.recorded_or_here(tmp_path / "missing.json")


def test_an_inventory_without_hosts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text('{"format": 1, "hosts": []}', encoding="utf-8")
    with pytest.raises(
        InventoryFileError, match=r"none\.json: holds no hosts; record them with `featray hosts --json`"
    ):
        arguments.recorded_or_here(tmp_path / "none.json")
