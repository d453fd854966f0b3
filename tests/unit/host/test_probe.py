"""A probe that hangs, crashes or prints no host costs that host, never the command."""

import json
import os
import sys
import time

import pytest

from featray.core.version import __version__
from featray.host import probe
from featray.measurement import provenance


def test_this_machine_describes_itself() -> None:
    host = probe.this_host()
    assert host.error is None
    assert (host.host_id, host.hostname) == (provenance.compute_host_id(), os.uname().nodename)
    assert host.cpu_count == os.cpu_count()
    assert host.packages["featray"] == __version__
    assert host.disk_free_b is not None


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import time; time.sleep(60)", "its probe did not answer within 1 s"),
        ("import os; os.kill(os.getpid(), 11)", "its probe failed: exit code -11"),
        ("raise OSError('no such driver')", "its probe failed: OSError: no such driver"),
        ("print('hello')", "its probe printed no host"),
        ('print(\'{"format": 1, "hosts": []}\')', "its probe printed no host"),
    ],
)
def test_a_failing_probe_names_its_reason(program: str, error: str) -> None:
    started = time.monotonic()
    host = probe.run_probe([sys.executable, "-c", program], limit_s=1.0 if "sleep" in program else 30.0)
    assert host.error == error
    assert host.hostname == os.uname().nodename
    assert time.monotonic() - started < 20


def test_a_process_that_a_probe_leaves_behind_is_not_waited_for() -> None:
    program = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    started = time.monotonic()
    assert probe.run_probe([sys.executable, "-c", program], limit_s=1.0).error is not None
    assert time.monotonic() - started < 20


def test_a_probe_prints_a_recorded_inventory() -> None:
    line = json.dumps({"format": 1, "hosts": [{"host_id": "h", "hostname": "box"}]})
    assert probe.run_probe([sys.executable, "-c", f"print({line!r})"], limit_s=30.0).hostname == "box"
