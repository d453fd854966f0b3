"""The wheel alone, in an empty folder: what a new user has after `pip install featray`."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.command import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it without its dependencies, which this environment lends; return its `featray`."""
    folder = tmp_path_factory.mktemp("wheel")
    run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)], folder)
    (wheel,) = folder.glob("featray-*.whl")
    run(["uv", "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], folder)
    python = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    lent = {sysconfig.get_paths()["purelib"], *(path for path in sys.path if path.endswith("site-packages"))}
    (packages / "lent.pth").write_text("\n".join(sorted(lent)))
    run(["uv", "pip", "install", "--quiet", "--no-deps", "--python", str(python), str(wheel)], folder)
    return python.with_name("featray")


def run(command: list[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_steps_work_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    assert run([str(installed), "init", "lab", "--device", "cpu"], tmp_path) == "sweeps/lab.yaml\n"
    assert "6 cells" in run([str(installed), "plan", "lab"], tmp_path)
    assert "4 cells" in run([str(installed), "plan", "quickstart"], tmp_path)
    assert "Python" in run([str(installed), "doctor"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sweeps"]
