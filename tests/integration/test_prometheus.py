"""The queries of the dashboard for Grafana, asked of a real Prometheus that has read figures as Ray gives them."""

import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from featray.api.dashboard import grafana
from featray.backends import COUNTERS, FIGURES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus (apt-get install prometheus)"),
]

LABELS = 'Component="core_worker",NodeAddress="127.0.0.1",SessionName="session_1",Version="2.60.0",WorkerId="01"'
OF = {"rows": ("ok", "oom"), "fps": ("RTX 3090", "CPU"), "lease": ("RTX 3090", "CPU"), "waiting": ("RTX 3090", "CPU")}
NODE = ("ray_node_cpu_utilization{}", 'ray_node_gpus_utilization{GpuIndex="0"}', 'ray_node_gram_used{GpuIndex="0"}')


def write_figures() -> str:
    """Write every figure as Ray's agent does."""
    lines = []
    for name in FIGURES:
        full = f"ray_featray_{name}" + "_total" * (name in COUNTERS)
        lines += [f"# TYPE {full} {'counter' if name in COUNTERS else 'gauge'}"]
        lines += [f'{full}{{{LABELS},of="{of}"}} 1.0' for of in OF.get(name, ("",))]
    return "\n".join([*lines, *(f"{figure} 50.0" for figure in NODE)]) + "\n"


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(write_figures().encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as exporter,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        threading.Thread(target=exporter.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        target = f"127.0.0.1:{exporter.server_address[1]}"
        jobs = [{"job_name": "ray", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}]
        (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": jobs}))
        command = ["prometheus", "--config.file=prometheus.yml", f"--web.listen-address={place}"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            yield f"http://{place}"
        finally:
            process.terminate()
            process.wait(30)
            exporter.shutdown()


def ask(prometheus: str, query: str) -> list[Any]:
    """Ask for a query's values, as soon as Prometheus has read the figures."""
    url = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    until = time.monotonic() + 60
    values: list[Any] = []
    while not values and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                values = json.load(answer)["data"]["result"]
        except OSError:  # it starts
            time.sleep(0.2)
    return values


PANELS = {
    panel["title"]: panel["targets"][0]["expr"].replace("$target", ".*") for panel in json.loads(grafana())["panels"]
}


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_has_values(title: str, prometheus: str) -> None:
    values = ask(prometheus, PANELS[title])
    assert values
    if title == "Without a number":
        assert [value["value"][1] for value in values] == ["1"]
    if title == "Targets":
        assert {value["metric"]["of"]: value["value"][1] for value in values} == {"RTX 3090": "2", "CPU": "2"}
