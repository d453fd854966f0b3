"""`featray cluster`: options and files that it refuses, and its help."""

from pathlib import Path

import pytest

from tests.support.command import Shell

SHIPPED = Path(__file__).parents[3] / "clusters"


@pytest.fixture(autouse=True)
def _no_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach no host, also where a command goes further than it should."""
    monkeypatch.setenv("FEATRAY_SSH", "false")


@pytest.mark.parametrize("command", ["start", "join", "stop", "status"])
def test_an_embedded_cluster_needs_no_start(command: str, shell: Shell) -> None:
    message = shell.complain("cluster", command, SHIPPED / "local.yaml")
    assert "local.yaml names no hosts: its Ray is embedded, starts with `featray submit`" in message


BELONGS = {
    ("--ip", "10.0.0.1"): "write `address` of the host in ",
    ("--name", "box"): "write `name` of the host in ",
    ("--gpus", "all"): "write `gpus` of the host in ",
    ("--label", "a=b"): "write `labels` of the host in ",
    ("--token-stdin",): "its hosts get the token over ssh",
}
PORTS = {("--port", "6379"): "write `port` in ", ("--dashboard-port", "8265"): "write `dashboard_port` in "}


@pytest.mark.parametrize(
    ("command", "options"),
    [*(("start", options) for options in BELONGS | PORTS), *(("join", options) for options in BELONGS)],
)
def test_an_option_that_belongs_in_the_file_is_refused(command: str, options: tuple[str, ...], shell: Shell) -> None:
    message = shell.complain("cluster", command, SHIPPED / "lab.yaml", *options)
    assert f"{options[0]} does not go with a cluster file; {(BELONGS | PORTS)[options]}" in message


def test_the_help_says_that_a_label_may_be_repeated(shell: Shell) -> None:
    assert "may be repeated" in " ".join(shell("cluster", "join", "--help").out.split())
