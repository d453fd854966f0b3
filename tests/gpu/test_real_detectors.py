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


@pytest.fixture(scope="module", params=NAMES)
def ran(request: pytest.FixtureRequest, board: Board) -> tuple[str, dict[str, Any]]:  # noqa: ARG001 - on a GPU only
    """One detector at a time: a step of the acceptance run that is cut short keeps what has ended."""
    return request.param, real_detectors.run([request.param], device=Device.CUDA)[request.param]


def test_faces_are_found_as_planned(ran: tuple[str, dict[str, Any]]) -> None:
    _, run = ran
    assert [output["faces"] for output in run["outputs"]] == real_detectors.FACES
    assert run["faces_found"] == [[faces, faces] for _, _, faces in real_detectors.FRAMES]


def test_little_is_left_over_where_networks_are_fast(ran: tuple[str, dict[str, Any]]) -> None:
    name, run = ran
    stages = run["stages"]
    print(name, {stage: f"{seconds * 1000:.1f} ms" for stage, seconds in stages.items()})
    assert stages["other"] <= 0.10 * sum(stages.values())


def test_only_detectorv2_runs_a_network_in_bfloat16(ran: tuple[str, dict[str, Any]]) -> None:
    name, run = ran
    expected = "float32, multitask bfloat16" if name == "detectorv2" else "float32"
    assert json.loads(run["work"]["precision"]) == expected
