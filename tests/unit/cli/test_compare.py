"""`featray compare`: options that change what it prints, and its exit codes."""

import json
from typing import Any

import pytest

from featray import store
from featray.core.row import Row
from tests.support.builders import make_rows
from tests.support.command import Shell
from tests.support.sides import scale

FAILED = {"status": "oom", "timed_s": None, "work": None, "reason": "CUDA out of memory"}
XGB = {"work": {"au_model": '"xgb"'}}


def side(name: str, factor: float, batch_size: int, **changes: Any) -> list[Row]:
    return make_rows(scale(factor), sweep=name, run_id=f"{name}-1", batch_size=batch_size, **changes)


def run_gate(shell: Shell, candidate: list[Row], *options: str) -> tuple[int, str]:
    """Compare with two settings of a baseline: the exit code, and stderr."""
    store.append(shell.folder / "results", [*side("before", 1.0, 4), *side("before", 1.0, 16), *candidate])
    ran = shell("compare", "before", "after", *(options or ("--fail-if", "slower")))
    return ran.code, ran.err


def test_a_margin_in_percent_widens_what_counts_as_equal(shell: Shell) -> None:
    before, after = (
        make_rows([1.0, 1.01, 0.99, 1.0, 1.0]),
        make_rows([1.2, 1.21, 1.19, 1.2, 1.2], sweep="after", run_id="a-1"),
    )
    store.append(shell.folder / "results", before + after)
    assert "1 SLOWER; differences below 3% do not count" in shell("compare", "demo", "after").out
    widened = shell("compare", "demo", "after", "--margin", "40")
    assert "1 EQUIVALENT; differences below 40% do not count" in widened.out


def test_a_gate_that_passes_has_exit_code_0(shell: Shell) -> None:
    assert run_gate(shell, [*side("after", 0.7, 4), *side("after", 0.7, 16)]) == (0, "")


def test_a_gate_that_fails_has_exit_code_1(shell: Shell) -> None:
    assert run_gate(shell, [*side("after", 1.3, 4), *side("after", 1.3, 16)]) == (1, "")


def test_a_gate_of_which_nothing_is_comparable_names_the_pairs(shell: Shell) -> None:
    assert run_gate(shell, [*side("after", 1.3, 4, **XGB), *side("after", 1.3, 16, **XGB)]) == (
        6,
        "featray: error: the gate could not decide. No pair is decided (2 NOT COMPARABLE). 2 pairs have no ratio: "
        "retinaface short b=4 RTX 3090 (NOT COMPARABLE); retinaface short b=16 RTX 3090 (NOT COMPARABLE). "
        "The line of each pair says what to measure; --require sets what must be known.\n",
    )


@pytest.mark.parametrize("lost", [[], side("after", 1.0, 16, **FAILED)], ids=["missing", "failed"])
def test_a_unit_that_the_candidate_lost_is_named(lost: list[Row], shell: Shell) -> None:
    code, said = run_gate(shell, [*side("after", 0.7, 4), *lost])
    assert code == 6
    assert (
        "The candidate has no number for 1 unit that the baseline has: retinaface short b=16 RTX 3090. "
        "`featray submit after --retry-failed` measures" in said
    )


def test_a_gate_that_passes_names_the_pairs_that_it_could_not_decide(shell: Shell) -> None:
    code, said = run_gate(shell, [*side("after", 0.7, 4), *side("after", 1.0, 16)])
    assert code == 0
    assert said == (
        "featray: warning: the gate leaves 1 of 2 pairs undecided: retinaface short b=16 RTX 3090 (INCONCLUSIVE)\n"
    )


def test_every_pair_must_be_decided_where_that_is_required(shell: Shell) -> None:
    rows = [*side("after", 0.7, 4), *side("after", 1.0, 16)]
    code, said = run_gate(shell, rows, "--fail-if", "slower", "--require", "decided")
    assert code == 6
    assert "1 pair is not decided: retinaface short b=16 RTX 3090 (INCONCLUSIVE)." in said


def test_nothing_need_be_known_where_that_is_required(shell: Shell) -> None:
    code, said = run_gate(shell, side("after", 0.7, 4), "--fail-if", "slower", "--require", "none")
    assert code == 0
    assert said == (
        "featray: warning: the candidate has no number for 1 unit that the baseline has: "
        "retinaface short b=16 RTX 3090\n"
    )


def test_without_a_gate_what_is_missing_is_told_and_no_error(shell: Shell) -> None:
    store.append(shell.folder / "results", [*side("before", 1.0, 4), *side("before", 1.0, 16)])
    store.append(shell.folder / "results", [*side("after", 0.7, 4), *side("after", 1.0, 16, **FAILED)])
    ran = shell("compare", "before", "after")
    assert (ran.code, ran.err) == (0, "")
    assert (
        "the candidate has no number for 1 unit that the baseline has: retinaface short b=16 RTX 3090"
        in ran.out.splitlines()
    )


def test_the_json_of_a_gate_names_what_it_found(shell: Shell) -> None:
    store.append(shell.folder / "results", [*side("before", 1.0, 4), *side("before", 1.0, 16), *side("after", 1.3, 4)])
    ran = shell("compare", "before", "after", "--json", "--fail-if", "slower")
    assert json.loads(ran.out)["gate"] == {
        "exit_code": 1,
        "failing": ["retinaface short b=4 RTX 3090"],
        "undecided": [],
        "missing": ["retinaface short b=16 RTX 3090"],
        "failed_more": [],
        "unasked": [],
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--require", "decided"), "--require says how strict a gate is: add one, such as --fail-if slower"),
        (
            ("--fail-if", "slower", "--require", "decide"),
            "--require decide: no such requirement; expected decided, comparable, none. Did you mean 'decided'?",
        ),
    ],
)
def test_a_requirement_that_cannot_hold_is_refused(options: tuple[str, ...], message: str, shell: Shell) -> None:
    ran = shell("compare", "before", "after", *options)
    assert (ran.code, ran.out, ran.err) == (2, "", f"featray: error: {message}\n")


def test_markdown_and_a_badge_are_printed_with_the_exit_code_of_the_gate(shell: Shell) -> None:
    store.append(shell.folder / "results", [*side("before", 1.0, 4), *side("after", 1.5, 4)])
    ran = shell("compare", "before", "after", "--fail-if", "slower", "--format", "markdown")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("<!-- featray compare -->\n### ❌ featray: 1 pair failed (1 slower)\n")
    badge = shell("compare", "before", "after", "--format", "badge")
    assert json.loads(badge.out)["message"] == "1 slower"


def test_the_format_json_is_that_of_the_option_json(shell: Shell) -> None:
    store.append(shell.folder / "results", [*side("before", 1.0, 4), *side("after", 1.5, 4)])
    assert (
        shell("compare", "before", "after", "--format", "json").out == shell("compare", "before", "after", "--json").out
    )


def test_an_unknown_format_is_refused_with_those_that_exist(shell: Shell) -> None:
    said = shell.complain("compare", "a", "b", "--format", "markdwon")
    assert "no such format; expected text, json, markdown, badge. Did you mean 'markdown'?" in said


@pytest.mark.parametrize("form", ["badge", "markdown"])
def test_two_formats_at_once_are_refused(form: str, shell: Shell) -> None:
    store.append(shell.folder / "results", [*side("before", 1.0, 4), *side("after", 1.0, 4)])
    said = shell.complain("compare", "before", "after", "--json", "--format", form)
    assert f"--json and --format {form} do not go together: --json is --format json; leave one out" in said
    same = shell("compare", "before", "after", "--json", "--format", "json").out
    assert same == shell("compare", "before", "after", "--json").out
