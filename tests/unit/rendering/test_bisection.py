"""Bisection text and JSON: how each end is said."""

import json
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from featray.core.package_version import PackageVersion
from featray.rendering import bisection_json, bisection_text
from featray.stats import MARGIN
from tests.support.bisections import Series, bisect, steps_at

UP = math.log(1.2)
VERSIONS = [PackageVersion(name=f"1.{number}", requirement=f"tick==1.{number}") for number in range(9)]


def rendered(
    levels: Sequence[float], broken: Sequence[int] = (), sd: float = 0.002, why: str = "unsupported: no wheel"
) -> tuple[list[str], dict[str, Any]]:
    series = Series(levels=levels, sd=sd, broken=dict.fromkeys(broken, why))
    ended, results = bisect(random.Random(1), series)
    versions = VERSIONS[: len(levels)]
    value = bisection_json.to_value(ended, results, versions, {"package": "tick"}, cautions=[()] * len(results))
    json.dumps(value, allow_nan=False)
    return list(bisection_text.lines(ended, results, versions, margin=MARGIN)), value


def test_what_is_found_has_its_ratio_to_the_version_before_it() -> None:
    lines, value = rendered(steps_at(5, 3, UP))
    assert lines[0].startswith("FOUND: 1.3 is the first slower version; time ratio 1.2 (1.")
    assert lines[0].endswith(") to 1.2")
    assert lines[-1].startswith("  2 steps, and a check of versions further away")
    assert (value["ending"], value["first_bad"], value["last_good"]) == ("FOUND", "1.3", "1.2")
    assert value["change"]["low"] < 1.2 < value["change"]["high"]
    assert [step["middles"] for step in value["steps"]] == [["1.2"], ["1.3"], ["1.1"]]


def test_a_faster_version_is_called_faster() -> None:
    assert rendered(steps_at(3, 1, -UP))[0][0].startswith("FOUND: 1.1 is the first faster version; time ratio 0.83")


def test_nothing_changed_names_the_margin_and_the_interval() -> None:
    lines, value = rendered([0.0] * 5)
    assert lines[0].startswith("UNCHANGED: 1.4 takes the time of 1.0, within 3% (")
    assert (value["first_bad"], value["suspects"], value["change"]) == (None, [], None)


def test_versions_without_times_are_named_with_their_reason() -> None:
    lines, value = rendered(steps_at(5, 2, UP), broken=[1, 2])
    assert lines[0].startswith("FOUND: one of 1.1, 1.2, 1.3 is the first slower version, the others have no times; ")
    assert "  no times: 1.1: unsupported: no wheel" in lines
    assert (value["unmeasured"], value["suspects"]) == (["1.1", "1.2"], ["1.1", "1.2", "1.3"])


def test_up_and_down_says_what_to_bisect_instead() -> None:
    lines, _ = rendered([0, 0, UP, 0, 0])
    assert lines[0] == "NOT MONOTONE: 1.2 takes another time than both sides of it, so the time goes up and down"
    assert "  bisect the parts: from 1.0 to 1.2, and from 1.2 to 1.4" in lines


def test_up_down_and_up_again_names_the_change_that_was_found_all_the_same() -> None:
    lines, value = rendered([0, 0, UP, 0, 0, 0, UP, UP, UP])
    assert lines[0].startswith("NOT MONOTONE: 1.")
    assert lines[1].startswith("  a change lies after 1.")
    assert value["reason"] == "a version further away has changed as well, and back"


@pytest.mark.parametrize(
    ("levels", "broken", "sd", "said"),
    [
        ([0.0, UP, UP], [2], 0.002, "UNDECIDED: 1.2 could not be measured"),
        (steps_at(5, 2, 0.02), [], 0.3, "UNDECIDED: 1.0, 1.4 are neither clearly different nor clearly equal"),
    ],
)
def test_what_is_not_decided_says_why_and_what_to_do(
    levels: Sequence[float], broken: Sequence[int], sd: float, said: str
) -> None:
    lines, value = rendered(levels, broken, sd)
    assert lines[0] == said
    assert any("environments: of the sweep" in line or "--blocks" in line for line in lines)
    assert value["ending"] == "UNDECIDED"


def test_a_module_that_is_missing_is_named_once_with_what_an_environment_has() -> None:
    lines, _ = rendered([0.0] * 3, [0, 1, 2], why="unsupported: ModuleNotFoundError: No module named 'pandas'")
    assert "  missing there: pandas; a class of your own has only what its package requires" in lines


def test_a_look_says_what_a_step_has_shown() -> None:
    _, results = bisect(random.Random(1), Series(levels=steps_at(5, 3, UP), sd=0.002))
    text = bisection_text.look(1, results[0], VERSIONS)
    assert text.startswith("step 1, 5 blocks: 1.4 / 1.0 1.2 (")
    assert text.endswith("; 1.2 takes the time of 1.0")
    assert bisection_text.look(3, results[-1], VERSIONS).startswith("check, 5 blocks: ")


def test_secrets_of_an_address_are_not_written() -> None:
    version = PackageVersion(name="a", requirement="py-feat @ git+https://me:hunter2secret@example.org/x@abc")
    ended, results = bisect(random.Random(1), Series(levels=[0.0, UP], sd=0.002))
    value = bisection_json.to_value(ended, results, [version, VERSIONS[1]], {}, cautions=[()] * len(results))
    assert "hunter2secret" not in json.dumps(value)
