"""The kinds of value in a sweep file."""

import pytest

from tests.support.sweep_files import Complain


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0", "expected at least 1, got 0"),
        ("-4", "expected at least 1, got -4"),
        ("1.5", "expected a whole number, got 1.5"),
        ("2.0", "expected a whole number, got 2.0"),
        ("true", "expected a whole number, got true"),
        ("'4'", "expected a whole number, got '4'"),
        ("four", "expected a whole number, got 'four'"),
        ("1e3", "expected a whole number, got 1000.0"),
        ("99999999999999999999", "expected at most 1000000, got 99999999999999999999"),
    ],
)
def test_a_batch_size_is_a_whole_number_from_one(complain: Complain, value: str, message: str) -> None:
    assert complain(axes=f"{{device: cpu, batch_size: {value}}}") == f"trial.yaml:3: axes.batch_size: {message}"
    in_list = complain(axes=f"{{device: cpu, batch_size: [1, {value}]}}")
    assert in_list == f"trial.yaml:3: axes.batch_size[1]: {message}"


@pytest.mark.parametrize("axis", ["device", "batch_size", "num_workers", "threads"])
def test_an_empty_axis_is_refused(complain: Complain, axis: str) -> None:
    entries = {"device": "cpu", "batch_size": "1"} | {axis: "[]"}
    text = ", ".join(f"{key}: {value}" for key, value in entries.items())
    assert complain(axes=f"{{{text}}}") == f"trial.yaml:3: axes.{axis}: expected at least one value, got none"


def test_duplicate_values_are_refused(complain: Complain) -> None:
    for axes, value in (
        ("{device: cpu, batch_size: [1, 4, 1]}", "1"),
        ("{device: [cpu, cpu], batch_size: 1}", "'cpu'"),
    ):
        assert complain(axes=axes).endswith(f"{value} is listed twice; expected distinct values")


@pytest.mark.parametrize("name", ["../up", "a/b", "/etc/x", ".hidden", "a b", "''", "a\\b", "x" * 81])
def test_a_name_with_a_path_in_it_is_refused(complain: Complain, name: str) -> None:
    assert "cannot be a name" in complain(name=name)
