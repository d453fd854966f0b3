"""The benchmarks: people run them. Here: each starts by the command that its help and the README give."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from tests.benchmarks import trust

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NAMES = sorted(file.stem for file in BENCHMARKS.glob("*.py"))


@pytest.mark.timeout(60)  # a program that takes no --help would run for minutes
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


def test_the_plain_loop_uses_names_that_featray_has() -> None:
    tree = ast.parse(trust.PLAIN)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "pathlib"]
    modules = {alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            assert pkgutil.resolve_name(f"{modules[node.value.id]}.{node.attr}") is not None
