"""Keys: what a comparison may vary."""

import pytest

from featray.analysis import comparison
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
