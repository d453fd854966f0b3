"""A cluster of three hosts with names and addresses of their own, started and measured by featray itself."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.integration.hosts import NETWORK, Host, Network
from tests.support.command import CommandResult, featray

pytestmark = [pytest.mark.root, pytest.mark.timeout(900)]

FIRST_GPU, SECOND_GPU = "GPU-aaaaaaaa-0000-4000-8000-000000000001", "GPU-bbbbbbbb-0000-4000-8000-000000000002"

LAB = f"""
head: alpha
hosts:
  - {{name: alpha, address: {NETWORK}.10, gpus: [], labels: {{room: server}}, python: PYTHON}}
  - {{name: beta, address: {NETWORK}.11, gpus: [{FIRST_GPU}, {SECOND_GPU}], python: PYTHON}}
  - {{name: gamma, address: {NETWORK}.12, gpus: [], python: PYTHON}}
"""

SWEEP = """
name: everywhere
detectors:
- {name: tick, class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.0005, frames: 72}}
inputs: [short]
axes: {device: [cpu, cuda], batch_size: [1, 2]}
measure: {warmup: 1, repeats: 3, min_time_s: 0, stages: false, invocations: 1}
"""


def from_desk(network: Network, *arguments: str | Path) -> CommandResult:
    """Run featray on this machine, which reaches the hosts over ssh alone."""
    desk = network.folder / "desk"
    desk.mkdir(exist_ok=True)
    return featray(*arguments, HOME=str(desk), FEATRAY_CACHE=str(desk / "cache"), FEATRAY_SSH=network.ssh())


SOON_GONE = {"RAY_health_check_period_ms": "1000", "RAY_health_check_timeout_ms": "3000"}
"""Lets the head give up a silent host after 20 s; by default that takes Ray over a minute."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with Network(tmp_path_factory.mktemp("hosts"), ["alpha", "beta", "gamma"], SOON_GONE) as up:
        yield up


@pytest.fixture(scope="module")
def lab(network: Network) -> Iterator[Path]:
    """Start the cluster from its file, and stop it at the end."""
    file = network.folder / "lab.yaml"
    file.write_text(LAB.replace("PYTHON", sys.executable))
    started = from_desk(network, "cluster", "start", file)
    assert started.code == 0, started.err
    assert f"ssh -N -L 8265:127.0.0.1:8265 {NETWORK}.10" in started.out
    yield file
    stopped = from_desk(network, "cluster", "stop", file)
    assert stopped.code == 0, stopped.err
    assert [host.processes("raylet") for host in network.hosts.values()] == [[], [], []]


def driver(network: Network) -> Host:
    return network.hosts["alpha"]


def test_every_host_has_the_token_for_its_owner_alone(network: Network, lab: Path) -> None:  # noqa: ARG001 - starts the cluster
    files = [host.folder / "home" / ".ray" / "auth_token" for host in network.hosts.values()]
    assert len({file.read_text() for file in files}) == 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_cluster_shows_one_raylet_per_gpu(network: Network, lab: Path) -> None:
    shown = driver(network).featray("cluster", "status", str(lab))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("alive") == 4
    assert FIRST_GPU in shown.stdout
    assert SECOND_GPU in shown.stdout


def test_each_machine_is_one_host_however_many_nodes_it_has(network: Network, lab: Path) -> None:
    shown = driver(network).featray("hosts", "--address", str(lab), "--json")
    assert shown.returncode == 0, shown.stderr
    hosts = {host["hostname"]: host for host in json.loads(shown.stdout)["hosts"]}
    assert sorted(hosts) == ["alpha", "beta", "gamma"]
    assert {host["error"] for host in hosts.values()} == {None}
    assert [hosts[name]["address"] for name in sorted(hosts)] == [f"{NETWORK}.{n}" for n in (10, 11, 12)]
    assert sorted(gpu["uuid"] for gpu in hosts["beta"]["gpus"]) == [FIRST_GPU, SECOND_GPU]
    assert len(hosts["beta"]["node_ids"]) == 2
    assert hosts["alpha"]["labels"]["room"] == "server"


def test_cells_run_on_their_targets_and_a_missing_gpu_gives_no_number(network: Network, lab: Path) -> None:
    sweep, results = network.folder / "everywhere.yaml", network.folder / "results"
    sweep.write_text(SWEEP)
    done = driver(network).featray("submit", str(sweep), "--address", str(lab), "--results", str(results))
    assert done.returncode == 1, done.stderr  # the cuda units have no number
    rows = pd.read_parquet(results / "rows")
    cpu, cuda = rows[rows["device"] == "cpu"], rows[rows["device"] == "cuda"]
    assert set(cpu["status"]) == {"ok"}
    assert sorted(cpu["hostname"]) == sorted(["alpha", "beta", "gamma"] * 2)
    assert (cpu["target_id"] == "cpu@" + cpu["host_id"]).all()
    assert sorted(cuda["target_id"]) == sorted([FIRST_GPU, SECOND_GPU] * 2)
    assert set(cuda["status"]) <= {"unsupported", "wrong_device"}
    assert all(uuid in reason for uuid, reason in zip(cuda["target_id"], cuda["reason"], strict=True))
    assert cuda["timed_s"].isna().all()


REAL = """
name: real
detectors: [detectorv2]
inputs: [{like: short, skip_frames: 36}]
axes: {device: cpu, batch_size: 2, threads: 1}
weights: synthetic
hosts: {host: gamma}
measure: {warmup: 1, repeats: 2, min_time_s: 0, stages: false, invocations: 1}
"""


def test_a_real_detector_is_measured_on_a_host_that_is_not_the_drivers(network: Network, lab: Path) -> None:
    weights, far = Path(os.environ["FEATRAY_CACHE"]) / "synthetic", network.hosts["gamma"]
    weights.mkdir(exist_ok=True)
    (far.folder / "cache" / "synthetic").symlink_to(weights)  # a gigabyte, which other tests need too
    sweep, results = network.folder / "real.yaml", network.folder / "real"
    sweep.write_text(REAL)
    done = driver(network).featray("submit", str(sweep), "--address", str(lab), "--results", str(results))
    assert done.returncode == 0, done.stderr
    rows = pd.read_parquet(results / "rows")
    assert list(rows["hostname"]) == ["gamma"]
    assert list(rows["target_id"]) == ["cpu@" + _host_id(far)]
    assert set(zip(rows["status"], rows["weights"], rows["frames"], rows["faces"], strict=True)) == {
        ("ok", "synthetic", 2, 2)
    }


@pytest.mark.parametrize(
    ("token", "message"), [(None, "which has no token"), ("f" * 64, "refuses this machine's token")]
)
def test_a_driver_that_lacks_the_token_is_refused(
    network: Network, lab: Path, tmp_path: Path, token: str | None, message: str
) -> None:
    if token is not None:
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text(token)
    sweep = network.folder / "everywhere.yaml"
    sweep.write_text(SWEEP)
    arguments = ("submit", str(sweep), "--address", str(lab), "--results", str(tmp_path / "results"))
    refused = network.hosts["gamma"].featray(*arguments, HOME=str(tmp_path))
    assert refused.returncode == 4, refused.stderr
    assert message in refused.stderr
    assert "featray cluster token" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "results" / "rows").exists()


def test_a_host_that_is_not_there_stops_the_start_before_anything_runs(network: Network, tmp_path: Path) -> None:
    file = tmp_path / "far.yaml"
    file.write_text(LAB.replace("PYTHON", sys.executable).replace(f"{NETWORK}.12", f"{NETWORK}.99"))
    refused = from_desk(network, "cluster", "start", file)
    assert refused.code == 4
    assert f"gamma ({NETWORK}.99) cannot be used: ssh: connect to host {NETWORK}.99" in refused.err


SLOW = """
name: slow
detectors:
- {name: tick, class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.015, frames: 72}}
inputs: [short]
axes: {device: cpu, batch_size: [1, 2]}
measure: {warmup: 1, repeats: 3, min_time_s: 0, stages: false, invocations: 2, time_limit_s: 20, load_limit_s: 20}
"""


def test_a_host_whose_cable_is_pulled_costs_only_its_own_units(network: Network, lab: Path) -> None:
    sweep, results = network.folder / "slow.yaml", network.folder / "pulled"
    sweep.write_text(SLOW)
    alpha = driver(network)
    arguments = ("-m", "featray", "submit", str(sweep), "--address", str(lab), "--results", str(results))
    begun = time.monotonic()
    with subprocess.Popen(
        alpha.command([sys.executable, *arguments]), stderr=subprocess.PIPE, text=True, env=alpha.environment()
    ) as submit:
        while not list((results / "rows").rglob("*.parquet")):
            assert submit.poll() is None
            assert time.monotonic() - begun < 120
            time.sleep(0.2)
        network.unplug("gamma")  # it goes on measuring, but its rows cannot reach the driver
        _, stderr = submit.communicate(timeout=400)
    network.plug("gamma")
    assert submit.returncode == 1, stderr
    rows = pd.read_parquet(results / "rows").sort_values("attempt")
    last = rows.groupby(["cell_id", "target_id", "invocation"]).tail(1)
    assert len(last) == 12
    far = last["target_id"] == "cpu@" + _host_id(network.hosts["gamma"])
    assert set(last[~far]["status"]) == {"ok"}
    assert set(last[far]["status"]) <= {"ok", "lost"}
    assert "lost" in set(last[far]["status"])


def _host_id(host: Host) -> str:
    code = "from featray.measurement import provenance; print(provenance.compute_host_id())"
    return host.run(sys.executable, "-c", code).stdout.strip()
