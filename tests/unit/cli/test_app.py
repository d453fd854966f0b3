"""The command itself: what its help lists, and how it is started."""

import re
import signal
import subprocess
import sys

import pytest
from typer import Typer

from featray.cli.app import app
from tests.support.command import Shell


def commands(of: Typer, *before: str) -> list[tuple[str, ...]]:
    """List every command and group that is registered, in the order of `--help`."""
    names = [
        (*before, str(command.name or getattr(command.callback, "__name__", ""))) for command in of.registered_commands
    ]
    for group in of.registered_groups:
        assert group.name
        assert group.typer_instance
        names += [(*before, group.name), *commands(group.typer_instance, *before, group.name)]
    return names


COMMANDS = commands(app)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m featray`."""
    return subprocess.run(
        [sys.executable, "-m", "featray", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    listed = done.stdout.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == [name for name, *rest in COMMANDS if not rest]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(command: tuple[str, ...], shell: Shell) -> None:
    ran = shell(*command, "--help")
    assert ran.code == 0
    usage, _, rest = ran.out.partition("\n\n")
    assert usage.split()[:3] == ["Usage:", "featray", command[0]]
    assert rest.partition("\n\n")[0].strip().endswith(".")


@pytest.mark.parametrize("group", [(), ("cluster",), ("store",)], ids=" ".join)
def test_no_line_of_the_list_of_commands_is_cut(
    group: tuple[str, ...], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = shell(*group, "--help").out.partition("Commands:\n")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_option_names_its_value(command: tuple[str, ...], shell: Shell) -> None:
    options = shell(*command, "--help").out.partition("Options:")[2]
    assert not re.search(r"<(str|int|int range|float|path)>", options), options


def test_python_m_featray_is_the_command() -> None:
    assert run("--version").stdout.startswith("featray ")


@pytest.mark.parametrize("module", ["ray", "another"])
def test_the_exit_code_survives_what_ray_does_at_its_end(module: str) -> None:
    code = (
        "import atexit, os, sys, types\n"
        f"sys.modules[{module!r}] = types.ModuleType({module!r})\n"
        "atexit.register(os.abort)\n"
        "sys.argv = ['featray', 'submit']\n"
        "from featray.cli import app\n"
        "app.run()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Missing argument 'SWEEP'" in done.stderr
    assert done.returncode == (2 if module == "ray" else -signal.SIGABRT)
