"""`featray cluster`: what its options and files cannot be, and what its help says."""

import re
import sys
from pathlib import Path

import pytest

from featray.cli import app

SHIPPED = Path(__file__).parents[3] / "clusters"


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


SHORT = 65  # of 80 columns: what click leaves for a command's help beside the longest of our names


def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *command: str) -> str:
    monkeypatch.setattr(sys, "argv", ["featray", *command, "--help"])
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        app.main()
    return capsys.readouterr().out


def test_no_line_of_the_help_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capsys, monkeypatch, "cluster")
    assert "..." not in shown.partition("Options:")[2]
    whole = help_of(capsys, monkeypatch).splitlines()
    for name in ("status", "logs", "cancel", "hosts", "cluster"):
        (line,) = [each.strip() for each in whole if each.startswith(f"  {name} ")]
        text = line.removeprefix(name).strip()
        assert not text.endswith("...")
        assert len(text) <= SHORT


@pytest.mark.parametrize("command", [("cluster", "start"), ("cluster", "join"), ("cluster", "stop"), ("hosts",)])
def test_every_option_names_its_value(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_of(capsys, monkeypatch, *command).partition("Options:")[2]
    assert not re.search(r"<(str|int|int range|path)>", shown), shown


def test_the_help_says_that_a_label_may_be_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "may be repeated" in " ".join(help_of(capsys, monkeypatch, "cluster", "join").split())
