"""Comparing from the store and from the command line: lines, exit codes and messages."""

import dataclasses
import json
from pathlib import Path

import pytest

from featray import api, store
from featray.errors import BadInput, NothingMatches
from featray.rendering import comparison_text
from tests.support.builders import BLACKWELL, make_rows
from tests.support.command import Shell

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]
SLOWER = [1.2 * value for value in STEADY]


@pytest.fixture
def results(tmp_path: Path) -> str:
    """Two sweeps that were measured in one session each, on a machine of unknown spread between sessions."""
    rows = [row for batch in (4, 16) for row in make_rows(STEADY, sweep="before", run_id="before-1", batch_size=batch)]
    rows += make_rows(SLOWER, sweep="after", run_id="after-1", driver="590.1")
    rows += make_rows(STEADY, sweep="after", run_id="after-1", batch_size=4, driver="590.1")
    store.append(str(tmp_path), rows)
    return str(tmp_path)


def test_two_sweeps_are_compared_line_by_line(results: str) -> None:
    found = api.compare("before", "after", results=results).comparison
    assert comparison_text.lines(found) == [
        "pair                            ratio  95% CI        verdict       why, and what to do next",
        "retinaface short b=4 RTX 3090   1      0.911 to 1.1  INCONCLUSIVE  the interval contains both no difference "
        "and a difference that counts; measure both sides in one sweep, 3 invocations per side (sd 0.7%, measured)",
        "retinaface short b=16 RTX 3090  1.2    1.09 to 1.32  SLOWER        0.83x as fast",
    ]
    assert comparison_text.summary(found) == [
        "2 pairs (ratio = candidate time / baseline time): 1 SLOWER, 1 INCONCLUSIVE; differences below 3% do not count",
        "every pair: only driver (580.159.04 -> 590.1) is known to differ",
        "every pair: not measured side by side: 0.0 s apart, 1 session against 1; 3.0% between sessions (assumed) is "
        "allowed for; one sweep with both sides needs no such allowance",
    ]


def test_one_sweep_is_compared_with_itself_along_a_key(results: str) -> None:
    (pair,) = api.compare("before", over=["batch_size"], results=results).comparison.pairs
    assert comparison_text.name(pair) == "retinaface short b=4->b=16 RTX 3090"


def test_one_side_alone_needs_a_key(results: str) -> None:
    with pytest.raises(BadInput, match="add --over"):
        api.compare("before", results=results)


def test_sides_without_anything_in_common_say_in_what(tmp_path: Path) -> None:
    rows = make_rows(STEADY, sweep="a", run_id="a-1") + make_rows(STEADY, sweep="b", run_id="b-1", input="long")
    store.append(str(tmp_path), rows)
    with pytest.raises(
        NothingMatches, match=r"nothing in common: input short \(72 frames\) against long \(472 frames\)"
    ):
        api.compare("a", "b", results=str(tmp_path))


def test_a_key_with_one_value_only_has_nothing_to_compare(results: str) -> None:
    with pytest.raises(NothingMatches, match="no two units differ in gpu alone"):
        api.compare("before", over=["gpu"], results=results)


def test_rows_of_a_newer_schema_are_named_when_nothing_else_is_found(tmp_path: Path) -> None:
    newer = [dataclasses.replace(row, schema_version=99) for row in make_rows(STEADY, sweep="new", run_id="new-1")]
    store.append(str(tmp_path), newer)
    with pytest.raises(NothingMatches, match=r"left out: .*newer"):
        api.compare("new", "new", results=str(tmp_path))


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf")])
def test_a_margin_is_more_than_nothing(results: str, margin: float) -> None:
    with pytest.raises(BadInput, match="margin"):
        api.compare("before", "after", results=results, margin_percent=margin)


def test_a_margin_in_percent_counts(results: str) -> None:
    found = api.compare("before", "after", results=results, margin_percent=40).comparison
    assert {str(pair.verdict) for pair in found.pairs} == {"EQUIVALENT"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["before", "after"], 0),
        (["before", "after", "--fail-if", "slower"], 1),
        (["after", "before", "--fail-if", "slower"], 0),
        (["after", "before", "--fail-if", "slower", "--fail-if", "faster"], 1),
        (["before", "nothing"], 2),
        (["before", "after", "--fail-if", "slow"], 2),
        (["before", "after", "--over", "gpx"], 2),
        (["before", "--over", "batch_size"], 0),
    ],
)
def test_the_exit_code_is_1_where_a_failing_verdict_was_found_and_2_where_nothing_could_be_compared(
    results: str, arguments: list[str], code: int, shell: Shell
) -> None:
    ran = shell("compare", *arguments, "--results", results)
    assert ran.code == code
    assert ran.err.startswith("featray: error: ") == (code == 2)
    assert "Traceback" not in ran.err


def test_json_holds_every_pair_with_its_reasons(results: str, shell: Shell) -> None:
    store.append(results, make_rows([0.5], sweep="new", run_id="new-1", torch="2.12.0", **BLACKWELL))
    ran = shell("compare", "before", "new", "--json", "--results", results)
    assert ran.code == 0
    found = json.loads(ran.out)
    (pair,) = found["pairs"]
    assert pair["verdict"] == "INCONCLUSIVE"
    assert pair["speedup"] == pytest.approx(2.0, abs=0.01)
    assert pair["invocations_needed"] == 3
    assert pair["sd_basis"] == "assumed"
    assert [factor["factor"] for factor in pair["factors"]] == ["gpu", "torch"]
    assert pair["separation"]["cells"][0]["text"] == "RTX 3090 of box with torch 2.12.0"
    assert len(found["only_baseline"]) == 1


def test_a_run_against_itself_is_refused(tmp_path: Path) -> None:
    store.append(str(tmp_path), make_rows([1.0, 1.01, 0.99], run_id="one"))
    with pytest.raises(NothingMatches, match="the sides are the same rows; name another run"):
        api.compare("one", "one", results=str(tmp_path))
