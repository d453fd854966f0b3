"""Records of raylets: which of them run, and what happens to one that cannot be read."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from featray.cluster import raylet_records
from featray.cluster.raylet_records import RunningRaylet
from featray.errors import BackendError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    raylet_records.folder().mkdir(parents=True)
    return raylet_records.folder()


def this_process(address: str = "127.0.0.1:6379", *, head: bool = True) -> RunningRaylet:
    """Describe this process as if it were a raylet."""
    return raylet_records.describe(psutil.Process(), address=address, head=head, gpu=None, log=Path("/log"))


def ended_process() -> int:
    with subprocess.Popen(["true"]) as process:
        pass
    return process.pid


def test_a_record_is_kept_while_its_process_runs(folder: Path) -> None:
    raylet = this_process()
    raylet_records.save(raylet)
    assert raylet_records.running() == [raylet]
    assert [file.name for file in folder.iterdir()] == [f"{os.getpid()}.json"]
    raylet_records.forget(raylet)
    assert raylet_records.running() == []


def test_the_head_is_listed_first() -> None:
    raylets = []
    with subprocess.Popen(["sleep", "60"]) as other:
        for process, head in ((psutil.Process(other.pid), False), (psutil.Process(), True)):
            raylets.append(raylet_records.describe(process, address="a:1", head=head, gpu=None, log=Path("/log")))
            raylet_records.save(raylets[-1])
        assert [raylet.head for raylet in raylet_records.running()] == [True, False]
        other.kill()


OF_NO_NUMBER = '{"pid": "x", "created": 0, "address": "a:1", "head": true, "gpu": null, "log": "l"}'


@pytest.mark.parametrize("text", ['{"pid": 1, "crea', "", "[]", '{"pid": 1}', '{"pid": 1, "unknown": 2}', OF_NO_NUMBER])
def test_an_unreadable_record_names_itself_and_its_process(text: str, folder: Path) -> None:
    record = folder / f"{os.getpid()}.json"
    record.write_text(text)
    with pytest.raises(BackendError) as caught:
        raylet_records.running()
    assert str(caught.value).startswith(f"{record}: not a record of a raylet")
    assert f"process {os.getpid()}" in str(caught.value)


def test_an_unreadable_record_of_a_process_that_has_ended_is_removed(folder: Path) -> None:
    record = folder / f"{ended_process()}.json"
    record.write_text('{"pid": 1, "crea')
    assert raylet_records.running() == []
    assert not record.exists()


def test_a_raylet_is_still_known_after_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    raylet = this_process()
    raylet_records.save(raylet)
    boot, created = psutil.boot_time(), psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: created + 3600)
    assert raylet_records.running() == [raylet]
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: created)  # as macOS reports it
    assert raylet_records.running() == [raylet]
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: created + 3602)  # another process with that id
    assert raylet_records.running() == []


def test_a_zombie_does_not_run() -> None:
    with subprocess.Popen(["true"]) as process:
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        assert not raylet_records.is_running(psutil.Process(process.pid))
