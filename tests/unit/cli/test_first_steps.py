"""`featray init`, `doctor`, `fetch`, `schema`, and the examples of every help."""

import json
import re
import shlex
from pathlib import Path

import pytest

import featray
from featray.cli.examples import EXAMPLES
from tests.support.command import Shell


def test_init_writes_a_file_that_plan_takes_by_its_name(shell: Shell) -> None:
    made = shell("init", "lab", "--detector", "retinaface", "--device", "cpu", "--batch", "2", "--synthetic")
    assert (made.code, made.out) == (0, "sweeps/lab.yaml\n")
    planned = shell("plan", "lab", "--json")
    assert planned.code == 0
    assert [unit["label"] for unit in json.loads(planned.out)["units"]] == ["retinaface short cpu b=2"]


def test_init_asks_nothing_where_nobody_can_answer(shell: Shell) -> None:
    assert shell("init", "--from", "none.md").code == 2
    assert shell("init").code == 0


@pytest.mark.usefixtures("quick_probe")
def test_doctor_names_each_part_and_what_to_do(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = featray.doctor()  # takes seconds: once is enough for both forms
    monkeypatch.setattr(featray, "doctor", lambda: checked)
    told = shell("doctor")
    parts = json.loads(shell("doctor", "--json").out)
    assert told.code == int(any(part["state"] == "fault" for part in parts))
    for part in parts:
        assert part["part"] in told.out


def test_fetch_of_a_sweep_without_pretrained_weights_says_so(shell: Shell) -> None:
    told = shell("fetch", "quickstart")
    assert (told.code, told.err) == (0, "quickstart needs no pretrained weights\n")


def test_schema_is_printed_or_written(shell: Shell, tmp_path: Path) -> None:
    assert shell("schema").out == featray.schema("sweep")
    assert shell("schema", "cluster", "-o", "c.json").out == "c.json\n"
    assert (tmp_path / "c.json").read_text() == featray.schema("cluster")


@pytest.mark.parametrize("command", EXAMPLES)
def test_every_help_ends_with_examples_whose_options_it_describes(command: str, shell: Shell) -> None:
    text = shell(*command.split(), "--help").out
    listed = text.partition("Examples:\n")[2]
    for example in EXAMPLES[command]:
        assert f"  {example}\n" in listed
        words = shlex.split(example.partition("|")[0])
        assert words[: 1 + len(command.split())] == ["featray", *command.split()]
        options = [word for word in words if re.match(r"--?[a-z]", word)]
        assert [option for option in options if option not in text.partition("Examples:")[0]] == []
