"""Errors of the Python API name keywords; the same errors of a command name options."""

import ast
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

import featray
from featray.api import cluster, logs
from featray.api.detach import detach
from featray.cli import app
from featray.core import argument_names
from featray.errors import FeatrayError
from tests.support.command import Shell

SOURCES = Path(featray.__file__).parent
OPTION = re.compile(r"(?<![\w-])--[a-z]")
COMMAND = re.compile(r"`[^`]*`|python3? -m pip [^;`]*")  # to be typed as it stands, whoever reads it


def calls() -> Iterator[tuple[Callable[[], Any], str]]:
    yield lambda: featray.plan("quickstart", inventory="a.json", address="b:1"), "inventory= and address="
    yield lambda: featray.plan_fleet("quickstart", inventory="a.json", address="b:1"), "inventory= and address="
    yield lambda: featray.submit("quickstart", backend="slurm"), "backend='slurm'"
    yield lambda: featray.submit("quickstart", inventory="a.json"), "inventory= goes with replay="
    yield lambda: featray.compare("a"), "over='batch_size'"
    yield lambda: featray.compare("a", "b", fail_if="slow"), "fail_if='slow'"
    yield lambda: featray.compare("a", "b", require="decided"), "fail_if='slower'"
    yield lambda: featray.report(form="pdf"), "form='pdf'"
    yield lambda: featray.estimate(), "hours=3000"
    yield lambda: featray.history(retry_failed=True), "retry_failed=True goes with confirm=True"
    yield lambda: featray.suggest("a", history=True), "history=True"
    yield lambda: featray.measure(), "cell_id='ID' with sweep='FILE'"
    yield lambda: featray.export("csv", upload="a/b"), "upload="
    yield lambda: featray.bisect("1", "2", sweep="quickstart", blocks=1), "blocks=1"
    yield lambda: featray.bisect("1", "2", sweep="quickstart", margin_percent=120), "margin_percent=120"


@pytest.mark.parametrize(("call", "expected"), [*calls()])
def test_an_error_of_python_names_the_keyword(call: Callable[[], Any], expected: str) -> None:
    with pytest.raises(FeatrayError) as raised:
        call()
    assert expected in str(raised.value)
    assert not OPTION.search(COMMAND.sub("", str(raised.value)))


def test_the_same_error_of_a_command_names_the_option(shell: Shell) -> None:
    assert "--inventory and --address do not" in shell.complain(
        "plan", "quickstart", "--inventory", "a", "--address", "b:1"
    )
    assert "--require says how strict a gate is: add one, such as --fail-if slower" in shell.complain(
        "compare", "a", "b", "--require", "decided"
    )


@functools.cache
def trees() -> dict[str, ast.Module]:
    """Parse every module that a caller of Python reaches and that raises, or names a keyword."""
    texts = {str(path.relative_to(SOURCES)): path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")}
    return {
        name: ast.parse(text)
        for name, text in texts.items()
        if not name.startswith("cli/") and ("argument_names" in text or ("raise " in text and OPTION.search(text)))
    }


def named_options() -> Iterator[str]:
    """List the texts of raised errors that name an option by themselves."""
    for module, tree in trees().items():
        for raised in (node for node in ast.walk(tree) if isinstance(node, ast.Raise)):
            texts = [node.value for node in ast.walk(raised) if isinstance(node, ast.Constant)]
            text = COMMAND.sub("", "".join(text for text in texts if isinstance(text, str)))
            if OPTION.search(text):
                yield f"{module}:{raised.lineno}: {text}"


def test_no_error_spells_out_an_option() -> None:
    assert list(named_options()) == []


def named_keywords() -> set[str]:
    """List the keywords that messages name."""
    return {
        str(node.args[0].value)
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("argument", "flag")
        and isinstance(node.args[0], ast.Constant)
    }


def options() -> set[str]:
    """List the options of all commands."""
    found: set[str] = set()
    group = typer.main.get_command(app.app)
    commands = [*group.commands.values()]  # type: ignore[attr-defined] # typer's group has them
    while commands:
        command = commands.pop()
        commands += getattr(command, "commands", {}).values()
        found.update(name for parameter in command.params for name in parameter.opts)
    return found


def test_each_keyword_that_messages_name_is_one_of_python_and_an_option() -> None:
    verbs = [getattr(featray, name) for name in featray.__all__ if name != "__version__"] + [
        logs.logs,
        detach,
        cluster.start,
    ]
    keywords = {name for verb in verbs for name in inspect.signature(verb).parameters}
    assert named_keywords() > {"results", "rerun"}
    assert named_keywords() - keywords == set()
    assert {argument_names.option(keyword) for keyword in named_keywords()} - options() == set()
