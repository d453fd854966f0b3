"""The schema of a sweep file: keys, types and bounds."""

import re
from pathlib import Path

import pytest

from featray.sweep import Selector, measure_section, schema, search_section
from tests.support.sweep_files import Complain, Load


@pytest.mark.parametrize("key", ["detectors", "inputs"])
def test_an_empty_list_is_refused(complain: Complain, key: str) -> None:
    assert f"{key}: expected at least one value" in complain(**{key: "[]"})


def test_an_unknown_device_is_refused(complain: Complain) -> None:
    assert complain(axes="{device: cudaa, batch_size: 1}") == (
        "trial.yaml:3: axes.device: unknown value 'cudaa'; expected cpu, cuda, mps. Did you mean 'cuda'?"
    )


def test_a_pattern_alone_selects_hosts(load: Load) -> None:
    assert load(hosts="lab*").hosts == Selector(host=("lab*",))


def test_memory_in_binary_units(load: Load) -> None:
    assert load(hosts="{memory_min: 1.5 GiB}").hosts.memory_min_b == 1610612736


@pytest.mark.parametrize("size", ["24", "24 GBytes", "big", "-1 GB", "true"])
def test_a_size_needs_a_unit(complain: Complain, size: str) -> None:
    assert "is not a size; expected a number and a unit" in complain(hosts=f"{{memory_min: {size}}}")


def test_variables_that_featray_sets_are_refused(complain: Complain) -> None:
    assert "CUDA_VISIBLE_DEVICES is set by featray itself" in complain(env="{CUDA_VISIBLE_DEVICES: '0'}")
    assert "put it in quotes" in complain(env="{SOME: true}")
    assert "cannot be a variable's name" in complain(env="{'A=B': x}")


def test_a_requirement_is_not_an_option(complain: Complain) -> None:
    assert "is not a requirement" in complain(environments="{t: ['--upgrade x']}")
    said = complain(environments="{t: ['@ git+https://me:H1DDEN@127.0.0.1/lab.git']}")
    assert "is not a requirement" in said
    assert "H1DDEN" not in said


SHIPPED = Path(__file__).parents[3] / "sweeps"


def test_every_key_is_documented() -> None:
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    models = (
        schema.SweepFileContent,
        schema.AxesEntry,
        schema.HostsEntry,
        schema.InputEntry,
        schema.DetectorEntry,
        schema.RuleEntry,
        search_section.SearchEntry,
    )
    fields = {
        field.alias or name
        for model in (*models, measure_section.Measure)
        for name, field in model.model_fields.items()
    }
    fields |= set(measure_section.InvocationsEntry.model_fields)
    assert {key for key in fields if not re.search(rf"\b{key}\b", text)} == set()


def test_gpu_means_cuda(complain: Complain) -> None:
    message = complain(axes="{device: gpu, batch_size: 1}")
    assert message.endswith("unknown value 'gpu'; expected cpu, cuda, mps. Did you mean 'cuda'?")
