"""The structure of the package, and what importing it costs."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer import Typer

from featray.cli.app import app
from tests.support.command import Shell

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("ray", "torch", "feat", "pandas", "pyarrow", "pydantic", "scipy", "plotly", "yaml", "av")


def commands(of: Typer, *before: str) -> list[tuple[str, ...]]:
    """List every command and group that is registered, in the order of `--help`."""
    own = [(*before, str(each.name or (each.callback and each.callback.__name__))) for each in of.registered_commands]
    for group in of.registered_groups:
        assert group.name
        assert group.typer_instance
        own += [(*before, group.name), *commands(group.typer_instance, *before, group.name)]
    return own


COMMANDS = commands(app)


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
    done = run(
        "-c", f"import featray.measurement.invocation_run, sys; print([n for n in {HEAVY!r} if n in sys.modules])"
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_help_names_every_command() -> None:
    done = run("-m", "featray", "--help")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.partition("Commands:\n")[2].splitlines()]
    assert listed == [command for command, *rest in COMMANDS if not rest]
    assert (
        "..." not in done.stdout.partition("Commands:\n")[2]
    )  # a line that is cut in the middle of a phrase tells nothing
    assert {"submit", "plan", "report", "compare", "hosts", "measure", "import", "export", "store"} <= set(listed)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(command: tuple[str, ...], shell: Shell) -> None:
    told = shell(*command, "--help")
    assert told.code == 0
    usage, _, rest = told.out.partition("\n\n")
    assert usage.split()[:3] == ["Usage:", "featray", command[0]]
    assert rest.partition("\n\n")[0].strip().endswith(".")


def test_python_m_featray_is_the_command() -> None:
    assert run("-m", "featray", "--version").stdout.startswith("featray ")
