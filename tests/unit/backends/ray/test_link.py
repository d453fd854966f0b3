"""What needs no running Ray: an address without a head, pinned tasks, and what is left of an embedded Ray."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
import ray
from ray._private import ray_constants

from featray.backends.ray import link
from featray.backends.ray.server_process import wait_until_ended
from featray.cluster import raylet_records
from featray.cluster.raylet_records import RunningRaylet
from featray.errors import BackendError, BadInput
from tests.support.failing_sweeps import wait_until


def test_an_address_without_a_head_is_refused_before_ray_is_started() -> None:
    with pytest.raises(BackendError, match=r"no Ray head answers at 127\.0\.0\.1:9"):
        link.connect("127.0.0.1:9", {})
    assert not ray.is_initialized()


def test_auto_is_the_cluster_that_featray_started_whatever_other_ray_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    head = RunningRaylet(pid=1, created=0, address="127.0.0.1:9", head=True, gpu=None, log="x")
    monkeypatch.setattr(raylet_records, "running", lambda: [head])
    with pytest.raises(BackendError, match=r"no Ray head answers at 127\.0\.0\.1:9"):
        link.connect("auto", {})
    assert not ray.is_initialized()


def test_an_embedded_ray_is_never_started_without_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(BadInput, match="unset RAY_AUTH_MODE"):
        link.connect(None, {})
    assert not ray.is_initialized()


def test_only_the_start_of_an_embedded_ray_is_kept_to_loopback() -> None:
    before = (os.environ.get(link.SEVERAL_NODES), ray_constants.ENABLE_RAY_CLUSTER)
    with link._on_loopback():
        assert (os.environ[link.SEVERAL_NODES], ray_constants.ENABLE_RAY_CLUSTER) == ("0", False)
    assert (os.environ.get(link.SEVERAL_NODES), ray_constants.ENABLE_RAY_CLUSTER) == before


def test_a_task_is_pinned_to_its_node_and_runs_nowhere_else() -> None:
    strategy = link.pin_to("a" * 56)
    assert (strategy.node_id, strategy.soft) == ("a" * 56, False)


def test_of_an_error_the_first_line_is_shown_and_of_a_tasks_error_that_of_its_cause() -> None:
    assert link.first_line(ValueError("one\ntwo")) == "one"
    assert link.first_line(ValueError()) == "ValueError"
    failed = ray.exceptions.RayTaskError("f", "traceback", OSError("disk full\nat /x"))
    assert link.first_line(failed) == "disk full"


def test_rays_processes_are_killed_with_an_embedded_ray_and_what_they_started_and_no_other() -> None:
    script = "exec -a {} bash -c 'sleep 60 & echo $!; wait'"
    commands = [["bash", "-c", script.format(name)] for name in ("ray::raylet", "somebody")]
    rays, other = (subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands)
    started = [psutil.Process(int(next(child.stdout or iter(())))) for child in (rays, other)]
    try:
        link.kill_embedded()
        assert rays.wait(timeout=10) == -9
        wait_until_ended(started[:1], 10)
        assert [raylet_records.is_running(process) for process in started] == [False, True]
        assert other.poll() is None
    finally:
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for child in (rays, other):
            child.kill()
            child.communicate()


def test_a_second_ctrl_c_waits_until_all_of_an_embedded_ray_have_been_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "exec -a ray::raylet bash -c 'sleep 60 & sleep 60 & wait'"
    child = subprocess.Popen(["bash", "-c", script])
    below: list[psutil.Process] = []
    while len(below) < 2:
        below = psutil.Process(child.pid).children()
    kill = link._kill

    def interrupted(processes: Iterable[psutil.Process]) -> None:
        signal.raise_signal(signal.SIGINT)
        kill(processes)

    monkeypatch.setattr(link, "_kill", interrupted)
    with pytest.raises(KeyboardInterrupt):
        link.kill_embedded()
    assert child.wait(timeout=10) == -9
    wait_until_ended(below, 10)
    assert not any(map(raylet_records.is_running, below))


LISTENING = """
import multiprocessing, sys, time
from multiprocessing import forkserver
if __name__ == "__main__":
    forkserver.ensure_running()
    open(sys.argv[1], "w").close()
    time.sleep(60)
"""


def test_the_sockets_of_a_fork_server_below_ray_are_removed_with_it(tmp_path: Path) -> None:
    (tmp_path / "pymp-other").mkdir()
    (tmp_path / "pymp-other" / "listener-other").touch()
    (tmp_path / "main.py").write_text(LISTENING, encoding="utf-8")
    command = f"{sys.executable} {tmp_path}/main.py {tmp_path}/up & wait"
    process = subprocess.Popen(
        ["bash", "-c", f"exec -a ray::dashboard bash -c '{command}'"], env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    try:
        wait_until((tmp_path / "up").exists, 30)
        assert len(list(tmp_path.glob("pymp-*/listener-*"))) == 2
        link.kill_embedded()
        assert process.wait(timeout=10) == -9
        assert [path.name for path in tmp_path.glob("pymp-*/*")] == ["listener-other"]
        assert len(list(tmp_path.glob("pymp-*"))) == 1
    finally:
        process.kill()
        process.wait()
