"""Several Ray nodes of this machine, as hosts of their own: where cells run, what cannot run, who leaves, who joins."""

import dataclasses
import itertools
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from featray import store
from featray.core.row import Row
from featray.host import input_files
from tests.support.command import CommandResult, featray, list_children, start
from tests.support.failing_sweeps import release, wait_until, wait_until_stalled, write_stalling, write_sweep

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FIRST_GPU, SECOND_GPU = "GPU-aaaaaaaa-0000-4000-8000-000000000001", "GPU-bbbbbbbb-0000-4000-8000-000000000002"

SWEEP = """
detectors:
- {name: tick, class: "featray.measurement.clockwork:Clockwork", keywords: {seconds_per_frame: 0.0005, frames: 72}}
inputs: [short]
measure: {warmup: 1, repeats: 3, min_time_s: 0, stages: false, invocations: 1}
"""


class Nodes:
    """The cluster: `ray_nodes` in a process of its own."""

    def __init__(self, home: Path) -> None:
        self._home, self._token = str(home), secrets.token_hex(32)
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("ray_nodes.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self._token},
        )
        self.address = self._answer()

    def tell(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill_head(self) -> None:
        for process in psutil.Process(self._process.pid).children(recursive=True):
            if process.name() == "gcs_server":
                process.kill()

    def close(self) -> None:
        self._process.communicate(timeout=60)

    def submit(self, sweep: Path, results: Path) -> "subprocess.Popen[str]":
        arguments = ("--address", self.address, "--results", results)
        return start("submit", sweep, *arguments, HOME=self._home, RAY_AUTH_TOKEN=self._token)

    def check(self, sweep: Path, cwd: Path) -> CommandResult:
        arguments = ("--check", sweep, "--address", self.address)
        return featray("hosts", *arguments, cwd=cwd, HOME=self._home, RAY_AUTH_TOKEN=self._token)

    def plan(self, sweep: Path, results: Path) -> CommandResult:
        arguments = ("--address", self.address, "--results", results, "--json")
        return featray("plan", sweep, *arguments, HOME=self._home, RAY_AUTH_TOKEN=self._token)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    nodes = Nodes(tmp_path_factory.mktemp("home"))
    try:
        nodes.tell("add", "back", FIRST_GPU)
        nodes.tell("add", "back", SECOND_GPU)
        yield nodes
    finally:
        nodes.close()


def ended(process: "subprocess.Popen[str]", seconds: float = 120) -> tuple[int, str]:
    _, err = process.communicate(timeout=seconds)
    return process.returncode, err


def host_id(host: str) -> str:
    code = "from featray.measurement import provenance; print(provenance.compute_host_id())"
    variables = {**os.environ, "FEATRAY_HOST_ID": host}
    return subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    ).stdout.strip()


def rows_of(results: Path) -> tuple[Row, ...]:
    return store.read(str(results)).rows


def spans(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return sorted((row.started_at, str(row.ended_at)) for row in rows)


def overlap(rows: Sequence[Row]) -> bool:
    return any(before[1] > after[0] for before, after in itertools.pairwise(spans(rows)))


@dataclasses.dataclass(frozen=True)
class Placed:
    """A submit of cells for every node and for none: what was planned before, how it ended, and its rows."""

    refusal: str
    code: int
    err: str
    rows: tuple[Row, ...]


@pytest.fixture(scope="module")
def placed(cluster: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Placed:
    folder = tmp_path_factory.mktemp("placed")
    sweep = folder / "place.yaml"
    sweep.write_text(SWEEP + "axes: {device: [cpu, cuda, mps], batch_size: [1, 2]}")
    planned = cluster.plan(sweep, folder / "r")
    (reason,) = {refusal["reason"] for refusal in json.loads(planned.out)["refusals"]}
    code, err = ended(cluster.submit(sweep, folder / "r"))
    return Placed(refusal=reason, code=code, err=err, rows=rows_of(folder / "r"))


def test_every_cell_runs_on_the_node_that_it_belongs_to(placed: Placed) -> None:
    assert placed.code == 1, placed.err  # no GPU is there: the cuda units have no number
    cpu = [(row.target_id, row.host_id, row.status) for row in placed.rows if row.device == "cpu"]
    assert sorted(cpu) == sorted((f"cpu@{id_}", id_, "ok") for id_ in map(host_id, ("front", "back")) for _ in range(2))
    cuda = {(row.target_id, row.host_id) for row in placed.rows if row.device == "cuda"}
    assert cuda == {(FIRST_GPU, host_id("back")), (SECOND_GPU, host_id("back"))}
    assert {row.timed_s for row in placed.rows if row.device == "cuda"} == {None}


def test_a_cell_that_no_node_can_run_is_named_at_once_and_the_rest_runs(placed: Placed) -> None:
    assert "mps" in placed.refusal
    assert placed.err.index(placed.refusal) < placed.err.index("[1/")
    ends = [(row.status, row.target_id) for row in placed.rows if row.device == "mps"]
    assert ends == [("infeasible", "none")] * 2
    assert {row.status for row in placed.rows if row.device == "cpu"} == {"ok"}


def test_a_check_finds_the_clips_that_a_host_lacks(cluster: Nodes, tmp_path: Path) -> None:
    shutil.copy(input_files.find_packaged("multi_face.jpg"), tmp_path / "faces.jpg")
    sweep = tmp_path / "own.yaml"
    tick = SWEEP.replace("[short]", "[CLIP]") + "axes: {device: cpu, batch_size: 1}"
    sweep.write_text(tick.replace("CLIP", str(tmp_path / "faces.jpg")))
    ready = cluster.check(sweep, tmp_path)
    assert (ready.code, ready.err) == (0, f"every selected host is ready for {sweep}\n")
    sweep.write_text(tick.replace("CLIP", "/proc/self/cwd/faces.jpg"))  # exists for this process, and not for Ray's
    lacking = cluster.check(sweep, tmp_path)
    assert lacking.code == 1
    assert "/proc/self/cwd/faces.jpg is not there, or cannot be read\n    rsync -a --mkpath " in lacking.err


def test_two_drivers_share_hosts_and_store_and_each_host_measures_for_one_at_a_time(
    cluster: Nodes, tmp_path: Path
) -> None:
    sweeps = [write_sweep(tmp_path, "seconds: 0.2", sizes=[1, 4], n=2, name=name) for name in ("ann", "bob")]
    people = [cluster.submit(sweep, tmp_path / "r") for sweep in sweeps]
    ends = [ended(submit) for submit in people]
    assert [code for code, _ in ends] == [0, 0], ends
    assert "stored twice" not in "".join(err for _, err in ends)
    rows, checked = rows_of(tmp_path / "r"), store.check(str(tmp_path / "r"))
    assert (checked.problems, checked.duplicates, checked.unfinished) == ((), 0, ())
    assert len({row.key() for row in rows}) == len(rows) == 16
    assert len(list((tmp_path / "r" / "reports").glob("*.md"))) == 2
    for host in ("front", "back"):
        own = [row for row in rows if row.host_id == host_id(host)]
        assert len(own) == 8
        assert not overlap(own)
    assert overlap(rows)


def test_a_killed_node_costs_only_its_own_units(cluster: Nodes, tmp_path: Path) -> None:
    cluster.tell("add", "leaving")
    sweep, results = write_sweep(tmp_path, "seconds: 0.3", sizes=[1, 4], n=6), tmp_path / "r"
    with cluster.submit(sweep, results) as process:
        wait_until(lambda: any(row.host_id == host_id("leaving") for row in rows_of(results)), 90)
        begun = time.monotonic()
        cluster.tell("kill", "leaving")
        code, err = ended(process)
    assert code == 1, err
    assert time.monotonic() - begun < 90
    rows = rows_of(results)
    assert len(rows) == 36
    far = [row for row in rows if row.target_id == f"cpu@{host_id('leaving')}"]
    assert len(far) == 12
    assert {row.status for row in far} == {"ok", "lost"}
    assert {row.status for row in rows if row not in far} == {"ok"}
    assert "set aside after 3 invocations in a row were lost" in err


def node_of(child: int) -> str:
    """Return the GPU of the node that a measuring child runs on, from the environment of its raylet."""
    (raylet,) = (process for process in psutil.Process(child).parents() if process.name() == "raylet")
    return raylet.environ()["CUDA_VISIBLE_DEVICES"]


def test_a_host_that_loses_one_of_its_nodes_measures_on_through_the_other(cluster: Nodes, tmp_path: Path) -> None:
    gpus = [f"GPU-cccccccc-0000-4000-8000-00000000000{number}" for number in (1, 2)]
    for gpu in gpus:
        cluster.tell("add", "pair", gpu)
    (sweep, stalled), results = write_stalling(tmp_path, sizes=[1, 4]), tmp_path / "r"
    sweep.write_text(sweep.read_text() + "hosts: {label: {room: pair}}\n")
    with cluster.submit(sweep, results) as process:
        wait_until_stalled(stalled, results)
        killed = node_of(list_children()[0])
        cluster.tell("kill", "pair", killed)
        code, err = ended(process)
    cluster.tell("kill", "pair", next(gpu for gpu in gpus if gpu != killed))
    assert code == 0, err
    assert {(row.status, row.target_id) for row in rows_of(results)} == {("ok", f"cpu@{host_id('pair')}")}
    assert len(rows_of(results)) == 4
    assert "set aside" not in err


def test_a_node_that_joins_gets_its_share(cluster: Nodes, tmp_path: Path) -> None:
    (sweep, stalled), results = write_stalling(tmp_path, sizes=[1, 4]), tmp_path / "r"
    with cluster.submit(sweep, results) as process:
        wait_until_stalled(stalled, results)
        cluster.tell("add", "joining")
        assert process.stderr is not None
        while "joined; its share of the sweep is measured after the rest" not in (line := process.stderr.readline()):
            assert line, process.wait()
        release(stalled)
        code, err = ended(process)
    cluster.tell("kill", "joining")
    assert code == 0, err
    rows = rows_of(results)
    assert len(rows) == 12
    assert sum(row.target_id == f"cpu@{host_id('joining')}" for row in rows) == 4
    assert len({row.run_id for row in rows}) == 1


def test_a_head_that_goes_away_ends_the_sweep_with_a_message_and_a_report(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path / "home")
    try:
        sweep, results = write_sweep(tmp_path, "seconds: 0.7", sizes=[1, 4, 8, 16], n=8), tmp_path / "r"
        with nodes.submit(sweep, results) as process:
            wait_until(lambda: list((results / "rows").rglob("*.parquet")), 120)
            nodes.kill_head()
            begun = time.monotonic()
            _, err = process.communicate(timeout=90)
        assert process.returncode == 4, err
        assert time.monotonic() - begun < 60
        assert "is gone" in err
        assert "the next submit goes on from there; report of what is stored: " in err
        assert "Traceback" not in err
        (report,) = (results / "reports").glob("*.md")
        assert "faulty" in report.read_text(encoding="utf-8")
        assert {row.status for row in store.read(str(results)).rows} == {"ok"}
    finally:
        nodes.close()
