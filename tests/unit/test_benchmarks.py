"""The benchmarks are run by hand; here only that each starts by the one command that README and module give."""

import importlib
import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NAMES = sorted(file.stem for file in BENCHMARKS.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmarks_own_help_gives_the_command_of_the_readme(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        importlib.import_module(f"tests.benchmarks.{name}").main()
    assert f"uv run python -m tests.benchmarks.{name}" in capsys.readouterr().out


def test_the_readme_has_a_command_for_every_benchmark_and_no_other() -> None:
    text = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"`uv run python -m tests\.benchmarks\.(\w+)", text))) == NAMES
