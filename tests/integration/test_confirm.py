"""`featray history --confirm` as a user runs it: two versions of a small package, Ctrl-C, and the verdict."""

import dataclasses
import json
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.core import cell, identity
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.detectors import Detector
from featray.core.row import Row
from featray.host import probe
from tests.support import builders
from tests.support.command import featray, start
from tests.support.histories import make_session
from tests.support.versions_of_packages import write_wheel

CALLS_S = {"2.1.5": 0.02, "2.2.0": 0.06}
"""So far apart that other work on the machine cannot decide it."""

FIVE_PROCESSES = """
from featray.analysis.advice import confirming_sweeps
confirming_sweeps.INVOCATIONS_MAX = 5
from featray.cli.app import main
main()
"""
"""Runs the command with fewer processes of each version: each takes three seconds, and five are enough here."""


def history_of(versions: Mapping[str, Path], here: Mapping[str, Any]) -> Iterator[Row]:
    """Make ten nights with the old version and ten with the new one, on this machine."""
    for day in range(20):
        version = "2.1.5" if day < 10 else "2.2.0"
        asked = Cell(
            detector=Detector(name="tick", class_name="tick:Tick", heading="tick"),
            input=builders.make_cell().input,
            device=Device.CPU,
            batch_size=1,
            environment="nightly",
            requirements=(f"py-feat @ {versions[version].as_uri()}",),
        )
        for row in make_session(day, CALLS_S[version], pyfeat=version, torch=None, torchvision=None, **here):
            yield dataclasses.replace(
                row, cell_id=cell.cell_id(asked), asked=identity.canonical(cell.to_asked(asked)), detector="tick"
            )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_suspected_step_is_confirmed_after_ctrl_c_by_a_run_of_both_versions(tmp_path: Path) -> None:
    wheels = {
        version: write_wheel(tmp_path / "wheels", version, call_s, package="py-feat")
        for version, call_s in CALLS_S.items()
    }
    host = probe.this_host()
    here = {"hostname": host.hostname, "host_id": host.host_id, "target_id": f"cpu@{host.host_id}", "device": "cpu"}
    results = tmp_path / "results"
    store.append(results, list(history_of(wheels, here)))
    command = ("history", "--confirm", "--backend", "inline", "--results", results)
    program = ("-c", FIVE_PROCESSES)
    with start(*command, program=program) as process:
        assert process.stderr is not None
        while not re.match(r"\[3/10\]", line := process.stderr.readline()):
            assert line, process.wait()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the next `featray history --confirm` goes on from there" in err

    done = featray(*command, "--json", timeout=500, program=program)
    assert done.code == 0, done.err
    (series,) = json.loads(done.out)["series"]
    (change,) = series["changes"]
    found = change["side_by_side"]
    assert 1 < found["low"] < found["ratio"] < found["high"]
    if found["verdict"] == "INCONCLUSIVE":  # this machine had other work beside one of the versions, and that is said
        assert change["state"] == "SUSPECTED"
        assert any("other processes" in reason for reason in found["reasons"])
        return
    assert (change["state"], found["verdict"]) == ("CONFIRMED", "SLOWER")
    again = featray(*command, program=program)
    assert "nothing to confirm" in again.err
