"""Hosts that join a running cluster later, each with an address of its own: `featray cluster join FILE`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.hosts import NETWORK, Network
from tests.support.command import CommandResult, featray

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

HEAD = f"{NETWORK}.10:6379"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with Network(tmp_path_factory.mktemp("hosts"), ["alpha", "beta"]) as up:
        yield up


def write(folder: Path, *names: str, python: str = sys.executable) -> Path:
    """Write a cluster file of some hosts; all but alpha get `python` as their interpreter."""
    file = folder / "lab.yaml"
    numbers = {"alpha": 10, "beta": 11, "gamma": 12}
    hosts = [
        f"{{name: {name}, address: {NETWORK}.{numbers[name]}, gpus: [], "
        f"python: {sys.executable if name == 'alpha' else python}}}"
        for name in names
    ]
    file.write_text(f"hosts: [{', '.join(hosts)}]\n")
    return file


def desk(network: Network, name: str, *arguments: str | Path) -> CommandResult:
    """Run featray on a machine that reaches the hosts over ssh alone, with a home of its own."""
    home = network.folder / name
    home.mkdir(exist_ok=True)
    return featray(*arguments, HOME=str(home), FEATRAY_CACHE=str(home / "cache"), FEATRAY_SSH=network.ssh())


def test_hosts_join_a_head_that_runs_already(network: Network, tmp_path: Path) -> None:
    file = write(tmp_path, "alpha", "beta", "gamma")
    too_early = desk(network, "mine", "cluster", "join", file)
    assert (too_early.code, f"alpha runs no head at {HEAD}" in too_early.err) == (4, True), too_early.err

    started = desk(network, "mine", "cluster", "start", write(tmp_path, "alpha"))
    assert started.code == 0, started.err
    try:
        again = desk(network, "mine", "cluster", "start", write(tmp_path, "alpha", "beta"))
        assert again.code == 5
        assert f"alpha is already in the cluster of {HEAD}" in again.err
        assert f"featray cluster join {file}" in again.err

        # Another desk, whose token is not the head's; the other hosts join although one is missing.
        joined = desk(network, "other", "cluster", "join", write(tmp_path, "alpha", "beta", "gamma"))
        assert joined.code == 4
        assert f"gamma ({NETWORK}.12) cannot be used" in joined.err
        shown = network.hosts["alpha"].featray("cluster", "status")
        assert shown.stdout.count("alive") == 2, shown.stdout
        assert "unknown" not in joined.err

        once_more = desk(network, "other", "cluster", "join", write(tmp_path, "alpha", "beta"))
        assert (once_more.code, once_more.err) == (0, "beta: already in the cluster\n")
    finally:
        stopped = desk(network, "mine", "cluster", "stop", write(tmp_path, "alpha", "beta"))
    assert stopped.code == 0, stopped.err
