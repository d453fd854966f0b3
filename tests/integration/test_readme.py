"""The README keeps its word: each command and function that it shows exists, and those that need no cluster are run."""

import ast
import inspect
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

import featray
from featray import store, sweep
from featray.api.results import Result
from featray.core.inputs import CATALOGUE as INPUTS
from featray.host import clips, input_files
from tests.support.builders import CPU
from tests.support.command import ROOT, Shell
from tests.support.replays import make_rows_of

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
LINES = [line.removeprefix("uv run ") for language, text in BLOCKS if not language for line in text.splitlines()]
COMMANDS = sorted({*filter(re.compile("featray ").match, LINES), *re.findall(r"`(featray [a-z][^`]*)`", README)})
"""Every command in a code block, in a table or in a sentence."""
PYTHON = [text for language, text in BLOCKS if language == "python"]
"""Lines that read what is there, and lines that measure or need files of the reader's."""

GATE = (
    "python3 -m pip install uv && uv run featray submit sweeps/quickstart.yaml",
    "python3 -m pip install uv && uv run pytest",
)
"""The two commands that are run from the README as they stand: by people who try featray, and by `.ci/run`."""


@pytest.fixture
def checkout(shell: Shell, history: Path) -> Shell:
    """Give a folder with the shipped history, and the sweeps and the clip of the README's examples."""
    shutil.copytree(history, shell.folder / "results")
    clips = shell.folder / "sweeps" / "clips"
    clips.mkdir(parents=True)
    for language, text in BLOCKS:
        if language == "yaml":
            (shell.folder / text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    (clips / "lab.mp4").symlink_to(input_files.find_packaged(INPUTS["short"].packaged or ""))
    return shell


@pytest.mark.parametrize("command", GATE)
def test_the_readme_gives_the_commands_that_are_run_from_it(command: str) -> None:
    assert f"```\n{command}\n```" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_shown_has_the_options_that_it_is_shown_with(command: str, shell: Shell) -> None:
    arguments = shlex.split(command.partition(" > ")[0])[1:]
    ran = shell(*arguments, "--help")  # wrong options are refused before the help is printed
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        "featray plan sweeps/mine.yaml",
        "featray plan sweeps/regression.yaml --inventory liquidswords2.inventory.json",
        "featray plan sweeps/drift.yaml --inventory liquidswords2.inventory.json",
        "featray report 2026-05-14-c716340 --baseline 2026-05-03-864962c",
        "featray report",
        "featray report --format html",
        "featray compare 2026-05-03-864962c 2026-05-14-c716340 --over pyfeat --over gpu",
        "featray recommend",
        "featray recommend --detector retinaface --python",
        "featray suggest",
        "featray export --to github-action",
        "featray export --to markdown",
        "featray hosts",
        "featray store ls",
        "featray store check",
        "featray store compact",
        "featray store rm 2026-05-03-864962c",
    ],
)
def test_a_command_that_needs_no_cluster_runs(command: str, checkout: Shell) -> None:
    shutil.copy(ROOT / "clusters" / "liquidswords2.inventory.json", checkout.folder)
    ran = checkout(*shlex.split(command)[1:])
    assert ran.code == 0, ran.err


def test_the_python_that_is_shown_calls_functions_that_featray_has_by_the_names_that_they_take() -> None:
    code = [node for text in PYTHON for node in ast.walk(ast.parse(text))]
    calls = [node for node in code if isinstance(node, ast.Call)]
    names = {
        target.id: node.value.value
        for node in code
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert {"plan", "submit", "load", "report", "compare", "recommend", "import_reports", "export", "status"} <= {
        call.func.attr for call in calls if isinstance(call.func, ast.Attribute)
    }
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        function = getattr(featray, call.func.attr)
        keywords = {
            keyword.arg or "": names[keyword.value.id]
            if isinstance(keyword.value, ast.Name)
            else ast.literal_eval(keyword.value)
            for keyword in call.keywords
        }
        inspect.signature(function).bind(*map(ast.literal_eval, call.args), **keywords)


@pytest.mark.parametrize("has_measured", [False, True], ids=["nothing measured", "after the first command"])
def test_the_python_that_reads_runs_as_it_is_written(
    has_measured: bool, tmp_path: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(history, tmp_path / "results")
    for name in ("sweeps", "clusters"):
        (tmp_path / name).symlink_to(ROOT / name)
    if has_measured:
        loaded = sweep.load(ROOT / "sweeps" / "quickstart.yaml", probe_clip=clips.probe)
        rows = make_rows_of(
            loaded,
            (1.0, 1.01, 0.99),
            sweep="quickstart",
            run_id="quickstart-20261127-013906-42c5",
            target_id=CPU["target_id"],
        )
        store.append(tmp_path / "results", rows)
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    exec(PYTHON[0], shown)
    for name in ("prepared", "fleet", "page", "comparison", "settings", "estimated", "exported"):
        assert isinstance(shown[name], Result), name
        assert len(repr(shown[name])) > 20
    assert len(shown["rows"]) == 27
    if has_measured:
        for expression in PYTHON[0].replace("2026-05-14-c716340", "quickstart").splitlines():
            exec(expression, shown)
        assert set(shown["rows"]["sweep"]) == {"quickstart"}


def test_every_command_is_in_the_readme() -> None:
    from featray.cli.app import app

    names = [command.name for command in app.registered_commands] + [group.name for group in app.registered_groups]
    for name in names:
        assert re.search(rf"`(featray )?{name}\b", README), name
