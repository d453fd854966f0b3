"""The command itself: what its help lists, and how it is started."""

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer import Typer

from featray import errors, store
from featray.cli.app import app
from featray.cli.examples import EXAMPLES
from tests.support.builders import make_rows
from tests.support.command import ROOT, Shell, environment, start


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
    listed = done.stdout.partition("Commands:\n")[2].partition("\n\n")[0]
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
    listed = shell(*group, "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_option_names_its_value(command: tuple[str, ...], shell: Shell) -> None:
    options = shell(*command, "--help").out.partition("Options:")[2]
    assert not re.search(r"<(str|int|int range|float|path)>", options), options


def test_python_m_featray_is_the_command() -> None:
    assert run("--version").stdout.startswith("featray ")


def exit_codes(text: str, line: str) -> dict[int, str]:
    """Read the table of exit codes: code -> meaning."""
    return {int(code): meaning for code, meaning in re.findall(line, text, flags=re.MULTILINE)}


@pytest.mark.parametrize("command", [(), ("compare",)], ids=["featray", "featray compare"])
def test_the_exit_codes_of_the_help_are_those_of_the_readme(command: tuple[str, ...], shell: Shell) -> None:
    listed = exit_codes(shell(*command, "--help").out.partition("Exit codes:\n")[2], r"^ +(\d+)  +(\S.*)$")
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("| exit code |")[2].partition("\n\n")[0]
    assert listed == exit_codes(readme.replace("`", ""), r"^\| (\d+) \| (.*) \|$")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FeatrayError)]
    assert {kind.exit_code for kind in kinds} < set(listed)


@pytest.fixture
def slower(tmp_path: Path) -> tuple[str, ...]:
    """Give the arguments of a comparison with a gate that fails."""
    rows = [row for batch in (1, 4, 16) for row in make_rows([1.0, 1.01, 0.99], batch_size=batch)]
    rows += [
        row for batch in (1, 4, 16) for row in make_rows([2.0, 2.02, 1.98], run_id="b", sweep="b", batch_size=batch)
    ]
    store.append(str(tmp_path), rows)
    return ("compare", "demo", "b", "--fail-if", "slower", "--json", "--results", str(tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["found at the end", "found by the first line"])
def test_a_reader_that_has_closed_the_pipe_is_no_failed_gate(slower: tuple[str, ...], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "featray", *slower],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
        env=environment(PYTHONUNBUFFERED=unbuffered),
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.long
def test_a_reader_that_closes_the_pipe_after_a_line_is_no_failed_gate(slower: tuple[str, ...]) -> None:
    with start(*slower) as process:
        assert process.stdout
        assert process.stderr
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)  # less than is written, so that the command waits
        os.read(process.stdout.fileno(), 1)  # not read(), which takes as much as it gets
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 128 + signal.SIGPIPE


@pytest.mark.long
def test_errors_to_a_closed_pipe_have_that_exit_code_too() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "featray", "compare", "nothing"], stdout=writer, stderr=writer, check=False, timeout=60
    )
    os.close(writer)
    assert done.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    "printed",
    ["'a line'", "'a line', flush=True", "'x' * 100_000"],
    ids=["found at the end", "found by the first line", "longer than the buffer"],
)
def test_a_full_disk_is_said(printed: str) -> None:
    command = f"lambda **options: print({printed})"
    code = f"from featray.cli import app; app.app = {command}; app.main()"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(PYTHONUNBUFFERED=""),
        )
    assert done.returncode == 120
    assert done.stderr == b"featray: error: the output cannot be written: No space left on device\n"


def test_a_kept_log_that_cannot_be_written_ends_with_a_warning_and_nothing_else_does() -> None:
    code = (
        "from pathlib import Path; from featray.cli import app, output_streams;"
        "app.app = lambda **options: (output_streams.copy_to(Path('/dev/full')), print('a', flush=True), print('b'));"
        "app.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    warning = "featray: warning: this log is kept no further: No space left on device"
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, ["a", warning, "b"], "")


def test_progress_in_a_pipe_comes_line_by_line() -> None:
    code = (
        "import sys; from featray.cli import app, console;"
        "app.app = lambda **options: (console.say('begun'), sys.stdin.read()); app.main()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline() == "begun\n"
        process.communicate()


@pytest.mark.long
def test_a_closed_output_changes_no_exit_code(slower: tuple[str, ...]) -> None:
    script = 'exec "$0" -m featray "$@" >&- 2>&-'
    told = [argument for argument in slower if argument not in {"--fail-if", "slower", "--json"}]
    for arguments, code in ((told, 0), (slower, 1), (["nothing"], 2)):
        done = subprocess.run(["/bin/sh", "-c", script, sys.executable, *arguments], check=False, timeout=60)
        assert done.returncode == code, arguments


@pytest.mark.parametrize(
    "command",
    [("plan", "quickstart"), ("submit", "FILE"), ("report",), ("store", "ls"), ("estimate", "--hours", "3")],
    ids=" ".join,
)
def test_a_current_folder_that_was_deleted_is_one_line(
    command: tuple[str, ...], shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tmp_path / "demo.yaml"
    sweep.write_text("detectors: [retinaface]\ninputs: [short]\naxes: {device: cpu, batch_size: 1}\n", encoding="utf-8")

    def refuse() -> str:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getcwd", refuse)
    said = shell.complain(*(sweep if part == "FILE" else part for part in command))
    assert "the current folder was deleted; change to another one, such as with `cd ~`, and try again" in said


def test_another_error_of_the_system_keeps_its_traceback() -> None:
    code = "from featray.cli import app; app.app = lambda **options: open('/no such file'); app.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "FileNotFoundError: [Errno 2] No such file or directory: '/no such file'"


def test_every_command_has_examples() -> None:
    runnable = {" ".join(name) for name in COMMANDS} - {"cluster", "store"}
    assert set(EXAMPLES) == runnable


def test_a_command_that_ends_does_not_look_for_cycles_in_what_it_imported() -> None:
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"  # it runs after what is registered later
        "from featray.cli import app\n"
        "sys.argv = ['featray', '--version']\n"
        "app.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "True"
