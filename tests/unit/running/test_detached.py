"""Detached submits: where their driver runs, and by which interpreter."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from featray import store
from featray.backends.ray.jobs import Job, Jobs
from featray.errors import BackendError, BadInput, Busy
from featray.running import claims, detached
from tests.support.builders import make_row
from tests.support.replays import load_sweep

SHIPPED = Path(__file__).parents[3] / "clusters"

LAB = "hosts: [{name: a, address: 192.0.2.1}, {name: b, address: 192.0.2.2, venv: ~/v}]\nhead: b\n"


def test_an_interpreter_that_was_named_wins(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    for address in (None, "192.0.2.1:6379", "http://127.0.0.1:8265", str(tmp_path / "lab.yaml")):
        assert detached.driver_place(address, python="/opt/python")[1] == "/opt/python"


def test_a_cluster_file_names_the_interpreter_of_its_head(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    assert detached.driver_place(str(tmp_path / "lab.yaml")) == ("192.0.2.2:6379", "~/v/bin/python")


@pytest.mark.parametrize("address", [None, "127.0.0.1:6379", "localhost:7000"])
def test_a_cluster_of_this_machine_runs_this_interpreter(address: str | None) -> None:
    assert detached.driver_place(address) == (address, sys.executable)


@pytest.mark.parametrize("address", ["192.0.2.1:6379", "[:6379", "http://192.0.2.1:8265"])
def test_a_head_elsewhere_is_never_given_this_machines_interpreter(address: str) -> None:
    with pytest.raises(BackendError, match="python="):
        detached.driver_place(address)


def test_a_tunnel_is_not_taken_for_a_head_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))  # no head of featray's runs here
    with pytest.raises(BackendError, match="python="):
        detached.driver_place("http://127.0.0.1:8265")


def test_an_embedded_ray_takes_no_detached_submit() -> None:
    with pytest.raises(BadInput, match=r"local\.yaml names no hosts"):
        detached.driver_place(str(SHIPPED / "local.yaml"))


class RecordedJobs(Jobs):
    """Records what would be submitted instead of asking a cluster."""

    def __init__(self) -> None:
        self.command: list[str] = []
        self.metadata: Mapping[str, str] = {}
        self.files: list[str] = []
        self.known: tuple[Job, ...] = ()
        self.name = ""

    def all(self) -> tuple[Job, ...]:
        return self.known

    def submit(
        self,
        command: Sequence[str],
        *,
        name: str,
        metadata: Mapping[str, str],
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        self.command, self.metadata, self.name, self.variables = list(command), metadata, name, variables
        self.files = [file.name for file in folder.iterdir()] if folder else []
        return name


def test_a_sweep_file_travels_with_its_job(tmp_path: Path) -> None:
    jobs, loaded = RecordedJobs(), load_sweep(tmp_path)
    job = detached.start(
        jobs, loaded, tmp_path / "demo.yaml", python="/opt/python", results=str(tmp_path / "r"), options=["--rerun"]
    )
    assert job.startswith("demo-")
    assert jobs.files == ["demo.yaml"]
    assert jobs.command == [
        *("/opt/python", "-m", "featray", "submit", "--address", "auto", "--json"),
        *("--results", str(tmp_path / "r"), "--rerun", "demo.yaml"),
    ]
    assert jobs.metadata["featray_sweep"] == "demo"
    assert jobs.metadata["featray_run"] == jobs.name == job
    assert jobs.variables == {"FEATRAY_LOG_TEXT": "1", "FEATRAY_RUN_ID": job}


def test_a_submit_that_goes_on_with_a_run_has_its_id_and_a_job_of_its_own(tmp_path: Path) -> None:
    jobs, loaded, results = RecordedJobs(), load_sweep(tmp_path), tmp_path / "r"
    run_id = "demo-20260514-231532-a1b2"
    store.append(results, [make_row(sweep="demo", run_id=run_id)])
    file = tmp_path / "demo.yaml"

    def start(*options: str) -> str:
        return detached.start(jobs, loaded, file, python="python", results=str(results), options=options)

    assert (start(), jobs.name) == (run_id, run_id)
    jobs.known = (Job(id=run_id, state="succeeded", metadata={}, started_at=None, ended_at=None),)
    assert (start(), jobs.name) == (run_id, f"{run_id}-2")
    assert start("--rerun") == jobs.name != run_id


def test_the_driver_gives_its_new_run_the_id_that_was_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_RUN_ID", "demo-20260514-231532-a1b2")
    assert claims.detached_run_id("demo") == "demo-20260514-231532-a1b2"
    assert claims.detached_run_id("other") is None
    monkeypatch.setenv("FEATRAY_RUN_ID", "raysubmit_12345")
    assert claims.detached_run_id("demo") is None


def test_a_sweep_that_is_being_measured_is_refused_before_a_job_starts(tmp_path: Path) -> None:
    jobs, loaded = RecordedJobs(), load_sweep(tmp_path)
    with claims.claim(str(tmp_path), "demo"), pytest.raises(Busy, match="demo is being submitted"):
        detached.start(jobs, loaded, tmp_path / "demo.yaml", python="python", results=str(tmp_path), options=[])
    assert jobs.command == []


def submitted(state: str, **metadata: str) -> Job:
    return Job(id="demo-1", state=state, metadata=metadata, started_at=None, ended_at=None)


def test_a_sweep_that_a_detached_submit_is_about_to_measure_is_refused_with_what_to_do(tmp_path: Path) -> None:
    jobs, loaded = RecordedJobs(), load_sweep(tmp_path)
    results = str(tmp_path / "r")
    same = {"featray_sweep": "demo", "featray_store": results, "featray_user": "ann@box", "featray_run": "demo-0"}

    def start() -> str:
        file, address = tmp_path / "demo.yaml", "http://127.0.0.1:1"
        return detached.start(jobs, loaded, file, python="python", results=results, options=[], address=address)

    for state in ("pending", "running"):
        jobs.known = (submitted(state, **same),)
        with pytest.raises(Busy) as refused:
            start()
        option = "--address http://127.0.0.1:1"
        assert str(refused.value) == (
            f"demo is already submitted to {results}: demo-0 of ann@box ({state}). Follow it with "
            f"`featray status demo-0 --watch {option}`, or end it first with `featray cancel demo-0 {option}`"
        )
    assert jobs.command == []
    jobs.known = (
        submitted("stopped", **same),
        submitted("running", **{**same, "featray_sweep": "other"}),
        submitted("running", **{**same, "featray_store": "/elsewhere"}),
    )
    assert start().startswith("demo-")


def test_a_store_whose_address_carries_credentials_never_stands_in_a_jobs_command_line(tmp_path: Path) -> None:
    jobs, loaded = RecordedJobs(), load_sweep(tmp_path)
    results = "s3://KEY:SECRET@bucket/results"
    with pytest.raises(BadInput, match="AWS_SECRET_ACCESS_KEY"):
        detached.start(jobs, loaded, tmp_path / "demo.yaml", python="python", results=results, options=[])
    assert jobs.command == []
