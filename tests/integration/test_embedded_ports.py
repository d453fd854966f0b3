"""An embedded Ray listens on loopback alone, so that no other machine can read its metrics or reach it."""

import subprocess
import sys

import pytest

LIST_PORTS = """
import time
from featray.backends.ray import link  # before Ray itself, for its settings
import psutil, ray
link.connect(None, {})
own = psutil.Process()
deadline = time.monotonic() + 60
while not ray.nodes()[0]["MetricsExportPort"] and time.monotonic() < deadline:
    time.sleep(0.5)
time.sleep(3)  # the agents open their ports one after the other
for process in (own, *own.children(recursive=True)):
    try:
        for port in process.net_connections(kind="inet"):
            if port.status == psutil.CONN_LISTEN:
                print(process.name(), port.laddr.ip.removeprefix("::ffff:"), port.laddr.port, sep=",", flush=True)
    except psutil.Error:
        continue
ray.shutdown()
"""


@pytest.mark.timeout(180)
def test_no_port_of_an_embedded_ray_is_open_to_other_machines() -> None:
    done = subprocess.run([sys.executable, "-c", LIST_PORTS], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    ports = [line.split(",") for line in done.stdout.splitlines()]
    assert {"gcs_server", "raylet", "ray::DashboardAgent"} <= {name for name, _, _ in ports}
    assert [port for port in ports if port[1] not in ("127.0.0.1", "::1")] == []
