"""Bottlenecks: limited by the host or by the device."""

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import make_joint_rows
from tests.support.findings import STEADY, find, make_case, make_unit_rows

CASES = [
    make_case(
        FindingKind.HOST_BOUND,
        make_unit_rows(1.0, gpu_utilization_median=0.3),
        make_unit_rows(1.0, gpu_utilization_median=0.5),
        "The GPU is busy less than half of the time and waits for the host: "
        "retinaface, short (72 frames), b=16, RTX 3090 30% (57% of a call is face detection)",
        wants_cells=True,
    ),
    make_case(
        FindingKind.DEVICE_BOUND,
        make_unit_rows(1.0, gpu_utilization_median=0.95),
        make_unit_rows(1.0, gpu_utilization_median=0.89),
        "The GPU limits the speed: retinaface",
    ),
]


def test_a_gpu_that_waits_is_worth_several_processes_unless_these_were_measured() -> None:
    (finding,) = find(FindingKind.HOST_BOUND, make_unit_rows(1.0, gpu_utilization_median=0.3))
    assert [wanted.settings for wanted in finding.wanted] == [{"processes": (1, 2, 4)}]
    (finding,) = find(FindingKind.HOST_BOUND, make_joint_rows(STEADY, gpu_utilization_median=0.3))
    assert finding.wanted == ()
