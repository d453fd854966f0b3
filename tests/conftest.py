"""What every test shares: the switch for the long ones, and a featray that touches nothing of the user's."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Shell

ALL = os.environ.get("FEATRAY_TEST_ALL") == "1"


def pytest_configure() -> None:
    """Let processes that tests start hear Ctrl-C: a shell starts what runs in its background deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _why_not(marker: str) -> str | None:
    """Say why tests of a marker do not run here; None when they do."""
    if marker == "gpu":
        from featray.measurement import nvml

        return None if nvml.list_boards() else "no NVIDIA GPU on this machine"
    if not ALL:
        return f"{marker}: set FEATRAY_TEST_ALL=1 to run it"
    if marker == "root" and os.geteuid() != 0:
        return "needs root, to make network namespaces"
    if marker == "root" and shutil.which("ip") is None:
        return "needs the ip command of iproute2"
    if marker == "browser" and shutil.which("chromium") is None:
        return "needs chromium on the PATH"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with its reason, what this machine or this run is not for."""
    for item in items:
        for marker in ("gpu", "slow", "root", "browser"):
            if item.get_closest_marker(marker) and (reason := _why_not(marker)):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep weights, spools and leases of the tests apart from the user's; reuse a cache that the caller names."""
    monkeypatch = pytest.MonkeyPatch()
    cache = Path(os.environ.get("FEATRAY_TEST_CACHE") or tmp_path_factory.mktemp("cache"))
    monkeypatch.setenv("FEATRAY_CACHE", str(cache))
    monkeypatch.setenv("FEATRAY_LEASES", str(tmp_path_factory.mktemp("leases")))
    yield cache
    monkeypatch.undo()


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the history that ships with featray as a store of its own: what the user has measured stays out."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "rows").mkdir()
    (shipped,) = (Path(__file__).parents[1] / "results" / "rows").glob("history-*.parquet")
    shutil.copy(shipped, folder / "rows")
    return folder


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run commands in this process, in an empty folder."""
    return Shell(tmp_path, monkeypatch, capsys)
