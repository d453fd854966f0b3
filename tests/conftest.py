"""What every test shares: the switch for the slow ones, the fast subset, and folders apart from the user's own."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ALL, Shell

DOWNLOADS = os.environ.get("FEATRAY_TEST_DOWNLOADS") == "1"
REHEARSAL = os.environ.get("FEATRAY_GPU_REHEARSAL") == "1"  # the tests of a GPU run on the CPU, as far as they can
UNIT = Path(__file__).parent / "unit"


def pytest_configure() -> None:
    """Prepare what the processes that tests start inherit.

    They must receive Ctrl-C: a shell makes what it runs in the background ignore it. And they may keep bytecode: where
    that is forbidden, each of hundreds of processes compiles featray again.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _reason_to_skip(marker: str) -> str | None:
    """Say why tests with a marker cannot run here; None when they can."""
    if marker == "gpu":
        from featray.measurement import nvml

        return None if REHEARSAL or nvml.list_boards() else "no NVIDIA GPU on this machine"
    if marker == "download":
        return None if DOWNLOADS else "installs another torch, gigabytes: set FEATRAY_TEST_DOWNLOADS=1 to run it"
    if not ALL:
        return f"{marker}: set FEATRAY_TEST_ALL=1 to run it"
    if marker == "root" and os.geteuid() != 0:
        return "needs root, to make network namespaces"
    if marker == "root" and shutil.which("ip") is None:
        return "needs the ip command of iproute2"
    if marker == "browser" and shutil.which("chromium") is None:
        return "needs chromium on the PATH"
    return None


@pytest.hookimpl(tryfirst=True)  # before `-m fast` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run here, with its reason, and mark the fast subset."""
    for item in items:
        for marker in ("gpu", "download", "slow", "root", "browser"):
            if item.get_closest_marker(marker) and (reason := _reason_to_skip(marker)):
                item.add_marker(pytest.mark.skip(reason=reason))
        if item.path.is_relative_to(UNIT) and not item.get_closest_marker("long"):
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep weights, spools and leases of the tests apart from the user's; FEATRAY_TEST_CACHE names a cache to reuse."""
    monkeypatch = pytest.MonkeyPatch()
    cache = Path(os.environ.get("FEATRAY_TEST_CACHE") or tmp_path_factory.mktemp("cache"))
    monkeypatch.setenv("FEATRAY_CACHE", str(cache))
    monkeypatch.setenv("FEATRAY_LEASES", str(tmp_path_factory.mktemp("leases")))
    yield cache
    monkeypatch.undo()


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the history that ships with featray into a store of its own, without what the user has measured."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "rows").mkdir()
    (shipped,) = (Path(__file__).parents[1] / "results" / "rows").glob("history-*.parquet")
    shutil.copy(shipped, folder / "rows")
    return folder


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run commands in this process, in an empty folder."""
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def quick_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask torch nothing when this machine is probed: importing it takes seconds."""
    from featray.host import probe

    probe_host = probe.this_host
    monkeypatch.setattr(probe, "this_host", lambda **_: probe_host())
