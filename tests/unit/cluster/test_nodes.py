"""Which raylets a machine gets, and how one that does not start is reported; a child stands in for `ray start`."""

import importlib
import sys
import types
from pathlib import Path

import psutil
import pytest

from featray.cluster import nodes, raylet_records
from featray.cluster.nodes import HeadOptions, Raylet
from featray.core.version import __version__
from featray.errors import BackendError, Busy


def plan(gpus: tuple[str, ...], head: HeadOptions | None = None) -> list[Raylet]:
    return nodes.plan_raylets(
        address="10.0.0.1:6379", ip="10.0.0.2", name="box", gpus=gpus, cpus=8, labels={"room": "lab"}, head=head
    )


def test_each_gpu_gets_a_raylet_that_sees_and_names_only_it() -> None:
    first, second = plan(("GPU-a", "GPU-b"))
    assert (first.gpu, second.gpu) == ("GPU-a", "GPU-b")
    version = f"featray.version={__version__}"
    assert f"--labels=featray.gpu=GPU-b,featray.host=box,{version},room=lab" in second.arguments
    assert {"--address=10.0.0.1:6379", "--num-gpus=1", "--num-cpus=4", "--node-ip-address=10.0.0.2"} <= set(
        second.arguments
    )
    assert nodes.raylet_variables("GPU-b")["CUDA_VISIBLE_DEVICES"] == "GPU-b"


def test_a_machine_without_gpus_gets_one_raylet_that_sees_none() -> None:
    (only,) = plan(())
    labels = f"--labels=featray.host=box,featray.version={__version__},room=lab"
    assert {"--num-gpus=0", "--num-cpus=8", labels} <= set(only.arguments)
    assert nodes.raylet_variables(None)["CUDA_VISIBLE_DEVICES"] == ""


def test_the_head_is_the_first_raylet_with_its_dashboard_on_loopback() -> None:
    first, second = plan(("GPU-a", "GPU-b"), HeadOptions(port=6379, dashboard_port=8265))
    assert (first.head, second.head) == (True, False)
    assert {"--head", "--port=6379", "--dashboard-host=127.0.0.1"} <= set(first.arguments)
    assert "--head" not in second.arguments


def test_every_raylet_demands_the_token() -> None:
    assert nodes.raylet_variables(None)["RAY_AUTH_MODE"] == "token"


def test_a_version_is_written_as_a_label_that_ray_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "__version__", "0.1.0+local")
    assert nodes.version_label() == "0.1.0-local"


@pytest.fixture
def ray_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace `ray start`, which is run by this interpreter, with a script that a test writes."""
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    script = tmp_path / "ray_start"
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\nexec {sys.executable} {script}\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    return script


def test_a_raylet_that_came_up_is_recorded_and_ended_with_all_that_it_started(
    ray_start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "STOP_S", 0.5)  # the script, unlike `ray start --block`, does not end what it started
    ray_start.write_text(
        "import subprocess, time\nsubprocess.Popen(['sleep', '60'])\nprint('Ray runtime started', flush=True)\n"
        "time.sleep(60)\n"
    )
    (started,) = nodes.start(plan(()), "10.0.0.1:6379")
    family = [psutil.Process(started.pid), *psutil.Process(started.pid).children()]
    assert raylet_records.running() == [started]
    with pytest.raises(Busy, match=r"already in the cluster of 10\.0\.0\.1:6379; leave it: featray cluster stop"):
        nodes.start(plan(()), "10.0.0.1:6379")
    assert nodes.stop() == [started]
    assert raylet_records.running() == []
    _, alive = psutil.wait_procs(family, timeout=10)
    assert [process for process in alive if raylet_records.is_running(process)] == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("ValueError: no such address\nSee the docs", "Ray did not start: ValueError: no such address (whole log: "),
        ("one\ntwo", "Ray did not start: two (whole log: "),
        ("", "Ray did not start: the log is empty (whole log: "),
        ("InvalidAuthToken", "10.0.0.1:6379 refuses this machine's token; put the head's in "),
    ],
)
def test_a_raylet_that_does_not_start_is_reported_in_rays_words(ray_start: Path, output: str, message: str) -> None:
    ray_start.write_text(f"print({output!r})")
    with pytest.raises(BackendError) as caught:
        nodes.start(plan(()), "10.0.0.1:6379")
    assert str(caught.value).startswith(message)
    assert raylet_records.running() == []


def test_raylets_that_were_started_before_the_one_that_fails_are_ended(ray_start: Path) -> None:
    count = ray_start.with_suffix(".count")
    ray_start.write_text(
        f"import pathlib, time\ncount = pathlib.Path({str(count)!r})\n"
        "if count.exists(): raise SystemExit('ValueError: the second fails')\n"
        "count.touch()\nprint('Ray runtime started', flush=True)\ntime.sleep(60)\n"
    )
    with pytest.raises(BackendError, match="the second fails"):
        nodes.start(plan(("GPU-a", "GPU-b")), "10.0.0.1:6379")
    assert raylet_records.running() == []


def test_ray_itself_finds_the_hook_that_leaves_out_its_client() -> None:
    module, _, name = nodes.raylet_variables(None)["RAY_START_HOOK"].rpartition(".")  # as Ray reads it
    parameters = types.SimpleNamespace(ray_client_server_port=10001)
    getattr(importlib.import_module(module), name)(parameters, True)
    assert parameters.ray_client_server_port is None
