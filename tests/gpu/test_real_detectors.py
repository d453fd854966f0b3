"""py-feat's four detectors with synthetic weights on a GPU: planting, stages and precision."""

import json
from typing import Any

import pytest

from featray.core import detectors
from featray.core.choices import Device
from featray.measurement.nvml import Board
from tests.integration import real_detectors

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(900)]

NAMES = tuple(detectors.CATALOGUE)


@pytest.fixture(scope="module")
def runs(board: Board) -> dict[str, Any]:  # noqa: ARG001 - on the CPU, tests/integration/test_detectors.py does the same
    return real_detectors.run(NAMES, device=Device.CUDA)


@pytest.mark.parametrize("name", NAMES)
def test_faces_are_found_as_planned(runs: dict[str, Any], name: str) -> None:
    assert [output["faces"] for output in runs[name]["outputs"]] == [3, 10, 0, 3]
    assert runs[name]["faces_found"] == [[faces, faces] for _, _, faces in real_detectors.FRAMES]


@pytest.mark.parametrize("name", NAMES)
def test_little_is_left_over_where_networks_are_fast(runs: dict[str, Any], name: str) -> None:
    stages = runs[name]["stages"]
    print(name, {stage: f"{seconds * 1000:.1f} ms" for stage, seconds in stages.items()})
    assert stages["other"] <= 0.10 * sum(stages.values())


def test_detectorv2_runs_its_multitask_network_in_bfloat16(runs: dict[str, Any]) -> None:
    assert json.loads(runs["detectorv2"]["work"]["precision"]) == "float32, multitask bfloat16"
    assert json.loads(runs["retinaface"]["work"]["precision"]) == "float32"
