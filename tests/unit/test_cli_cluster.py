"""`featray cluster`: what its options and files cannot be, and what its help says."""

import sys
from pathlib import Path

import pytest

from featray.cli import app

SHIPPED = Path(__file__).parents[2] / "clusters"


@pytest.fixture(autouse=True)
def _no_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach no host, also where a command goes further than it should."""
    monkeypatch.setenv("FEATRAY_SSH", "false")


def complain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run the command in this process; return the one message of its bad input."""
    monkeypatch.setattr(sys, "argv", ["featray", "cluster", *arguments])
    with pytest.raises(SystemExit) as ended:
        app.main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said.err
    assert said.err.startswith("featray: error: ")
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    return said.err


@pytest.mark.parametrize("command", ["start", "join", "stop", "status"])
def test_an_embedded_cluster_needs_no_start(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = complain(capsys, monkeypatch, command, str(SHIPPED / "local.yaml"))
    assert "local.yaml names no hosts: its Ray is embedded, starts with `featray submit`" in said


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
def test_an_option_that_belongs_in_the_file_is_not_dropped(
    command: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = complain(capsys, monkeypatch, command, str(SHIPPED / "lab.yaml"), *options)
    assert f"{options[0]} does not go with a cluster file; {(BELONGS | PORTS)[options]}" in said
