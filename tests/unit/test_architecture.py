"""The structure of the package, and what importing it costs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("ray", "torch", "feat", "pandas", "pyarrow", "pydantic", "scipy", "plotly", "yaml", "av")


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def test_imports_go_one_way() -> None:
    done = run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_ruff_has_nothing_to_say(command: tuple[str, ...]) -> None:
    done = run("-m", "ruff", *command, "--no-cache", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_has_nothing_to_say() -> None:
    done = run("-m", "mypy")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("code", ["import featray", "import featray.cli.app", "import featray.api"])
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    check = f"{code}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = run("-c", check)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_measuring_child_starts_without_pydantic_or_ray() -> None:
    done = run("-c", f"import featray.measurement.session, sys; print([n for n in {HEAVY!r} if n in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_help_names_every_command() -> None:
    done = run("-m", "featray", "--help")
    assert done.returncode == 0
    for command in ("submit", "plan", "report", "compare", "hosts", "measure", "import", "export", "store"):
        assert command in done.stdout


def test_python_m_featray_is_the_command() -> None:
    assert run("-m", "featray", "--version").stdout.startswith("featray ")
