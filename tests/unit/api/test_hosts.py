"""`featray.hosts` and the check of a sweep, on this machine alone."""

import os
from pathlib import Path

import pytest

import featray
from featray import api
from tests.support.replays import load_sweep

pytestmark = pytest.mark.long


def test_this_machine_is_probed_without_ray() -> None:
    (host,) = featray.hosts().hosts
    assert host.hostname == os.uname().nodename
    assert host.disk_free_b is not None


@pytest.mark.usefixtures("quick_probe")
def test_what_a_host_lacks_comes_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    load_sweep(tmp_path, weights="pretrained")
    inventory, lacks = api.check(tmp_path / "demo.yaml")
    assert len(inventory.hosts) == 1
    assert [lack.what for lack in lacks if "weights are not cached" in lack.what]
    assert any("hf download py-feat/retinaface_r34" in (lack.remedy or "") for lack in lacks)


@pytest.mark.usefixtures("quick_probe")
def test_a_detector_class_of_ones_own_is_imported_by_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    (tmp_path / "mine.yaml").write_text(
        "detectors: [{class: 'json.decoder:Own'}]\ninputs: [short]\naxes: {device: cpu, batch_size: 1}\n"
    )
    _, lacks = api.check(tmp_path / "mine.yaml")
    assert any("json.decoder:Own cannot be imported on" in lack.what for lack in lacks)
    assert any("(json.decoder has no Own)" in lack.what for lack in lacks)
