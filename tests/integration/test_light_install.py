"""An installation without the extra `measure`: it reads, compares, reports and plans, and says what measuring needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT, environment

BLOCK = """
import sys
NAMES = {"ray", "torch", "torchvision", "torchcodec", "feat", "av", "pynvml", "huggingface_hub", "xgboost"}
def without(find):
    return lambda name, *rest: None if name.partition(".")[0] in NAMES else find(name, *rest)
class Light:
    def __init__(self, finder):
        self.finder, self.find_spec = finder, without(finder.find_spec)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path = list(map(Light, sys.meta_path))
"""
"""Hides the modules of the extra from this process; its distributions stay."""


def run(code: str, folder: Path, block: str = BLOCK) -> "subprocess.CompletedProcess[str]":
    """Run Python in which the modules of the extra cannot be found."""
    return subprocess.run(
        [sys.executable, "-c", block + code],
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


WITHOUT_UNIX = BLOCK.replace("NAMES = {", 'NAMES = {"fcntl", "resource", "pwd", "grp", "termios", ')
"""Hides what Python lacks on Windows, too."""


def test_reading_needs_nothing_that_windows_lacks(tmp_path: Path, history: Path) -> None:
    code = f"""
for name in NAMES: sys.modules.pop(name, None)
import featray
results, new = {str(history)!r}, "2026-05-14-c716340"
featray.load(results)
featray.report(new, results=results, output="-", form="html")
featray.compare("2026-05-03-864962c", new, results=results)
featray.history(results=results)
featray.report_all(results, output="pages")
featray.export("csv", results=results)
sys.argv = ["featray", "plan", "quickstart"]
from featray.cli.app import main
main()
"""
    done = run(code, tmp_path, WITHOUT_UNIX)
    assert done.returncode == 2, done.stderr
    assert "this command needs Linux or macOS" in done.stderr
    assert "WSL 2" in done.stderr


def test_reading_and_planning_need_no_torch_and_no_ray(tmp_path: Path, history: Path) -> None:
    code = f"""
import featray
results, new = {str(history)!r}, "2026-05-14-c716340"
featray.load(results)
featray.report(new, results=results, output="-", form="html").plot()
featray.compare("2026-05-03-864962c", new, results=results).plot()
featray.recommend(results=results)
featray.suggest(new, results=results)
featray.export("csv", results=results)
featray.schema()
featray.init(devices=["cpu"])
featray.plan("blackwell", inventory={str(ROOT / "clusters" / "liquidswords2.inventory.json")!r})
featray.doctor()
import sys
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{"ray", "torch", "feat", "av"}}))
"""
    done = run(code, tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["submit", "quickstart"], ["calibrate"], ["status"], ["measure", "--sweep", "quickstart", "--cell", "x"]],
)
def test_measuring_names_the_extra(arguments: list[str], tmp_path: Path) -> None:
    code = f"import sys; sys.argv = ['featray', *{arguments!r}]; from featray.cli.app import main; main()"
    done = run(code, tmp_path)
    assert done.returncode == 2, done.stderr
    assert "this installation reads and plans, but cannot measure: " in done.stderr
    assert "python -m pip install 'featray[measure]'" in done.stderr
    assert "Traceback" not in done.stderr
