"""Keys: what a comparison may vary."""

import pytest

from featray.analysis import comparison
from featray.analysis.comparison import keys
from featray.errors import BadInput
from tests.support.builders import make_rows
from tests.support.sides import STEADY


def test_an_unknown_key_gets_a_suggestion() -> None:
    with pytest.raises(BadInput, match="Did you mean 'batch_size'"):
        comparison.compare(make_rows(STEADY), make_rows(STEADY), over=["batchsize"])


@pytest.mark.parametrize(
    "name", ["cpu_settings", "CPU settings", "cpu_governor", "gpu_settings", "tf32_cudnn", "rules"]
)
def test_settings_of_a_machine_are_keys(name: str) -> None:
    comparison.compare(make_rows(STEADY), make_rows(STEADY, run_id="demo-2"), over=[name])


@pytest.mark.parametrize(
    ("values", "sorted_values"),
    [
        (["tensor", "null"], ["null", "tensor"]),
        (["0.9", "default", "0.7"], ["default", "0.7", "0.9"]),
        (["true", "null", "false"], ["null", "false", "true"]),
        (["b", "a"], ["b", "a"]),
        (["2.11.0", "2.9.1"], ["2.9.1", "2.11.0"]),
    ],
)
def test_what_is_not_set_is_the_baseline_of_what_is(values: list[str], sorted_values: list[str]) -> None:
    assert keys.sort_values(values) == sorted_values
    ranks = keys.rank_values(values)
    assert sorted(values, key=lambda text: ranks[text]) == sorted_values


def test_values_without_an_order_share_a_rank_after_what_is_not_set() -> None:
    assert keys.rank_values(["b", "null", "a"]) == {"null": 0, "b": 1, "a": 1}
