"""Detectors that start later and are then faster."""

import dataclasses

from featray.analysis.diagnosis import FindingKind
from featray.core import cell, identity
from featray.core.detectors import Detector
from featray.core.row import Row
from tests.support.builders import make_cell
from tests.support.findings import find, make_case, make_unit_rows


def of_detector(name: str, compiled: bool, call_s: float, first_call_s: float) -> list[Row]:
    """Make rows of Detectorv2 with or without its compiled network; import takes 8 s and load 2 s."""
    spec = Detector(name=name, class_name="Detectorv2", keywords={"compile": compiled}, heading=name)
    asked = make_cell(detector=spec)
    starts = (first_call_s + difference for difference in (-0.2, -0.1, 0.0, 0.1, 0.2))
    return [
        dataclasses.replace(
            row,
            detector=name,
            cell_id=cell.cell_id(asked),
            asked=identity.canonical(cell.to_asked(asked)),
            first_call_s=first,
        )
        for row, first in zip(make_unit_rows(call_s), starts, strict=True)
    ]


PLAIN = of_detector("plain", compiled=False, call_s=1.44, first_call_s=2.44)  # 20 ms per frame, start 11 s

CASES = [
    make_case(
        FindingKind.COLD_START,
        [*PLAIN, *of_detector("compiled", compiled=True, call_s=0.72, first_call_s=21.72)],  # 10 ms, start 31 s
        [*PLAIN, *of_detector("compiled", compiled=True, call_s=0.72, first_call_s=1.72)],  # no later start
        "compiled (b=16) starts 20 s later than plain (b=16) and is then 2.00x as fast. It pays from about 2000 frames",
    )
]


def test_the_sentence_has_the_film_and_its_interval() -> None:
    rows = [*PLAIN, *of_detector("compiled", compiled=True, call_s=0.72, first_call_s=21.72)]
    (finding,) = find(FindingKind.COLD_START, rows)
    assert finding.text.startswith("short (72 frames), RTX 3090: ")
    assert finding.text.endswith("which is 1 min 07 s of this clip.")  # 2000 frames at 30 per second
    low, high = finding.figures["frames_low"], finding.figures["frames_high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert 1900 < low < 2000 < high < 2100


def test_a_slower_detector_with_a_slow_start_never_pays() -> None:
    rows = [*PLAIN, *of_detector("compiled", compiled=True, call_s=1.5, first_call_s=21.5)]
    assert not find(FindingKind.COLD_START, rows)
