"""What the diagnosis says of the shipped history: the comparison that the report of 2026-05-14 made by hand."""

import functools
from pathlib import Path

import pytest

from featray import store
from featray.analysis import units
from featray.analysis.comparison.separation import PYFEAT_SOURCE as PYFEAT
from featray.analysis.diagnosis import Diagnosis, Finding, FindingKind, diagnose
from featray.stats import Verdict

RESULTS = Path(__file__).parents[4] / "results"
BASELINE, CANDIDATE = "2026-05-03-864962c", "2026-05-14-c716340"
BLACKWELL, RTX3090 = "NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "NVIDIA GeForce RTX 3090"


@functools.cache
def diagnosis() -> Diagnosis:
    sides = [units.gather(store.read(str(RESULTS), run_id=run_id).rows) for run_id in (CANDIDATE, BASELINE)]
    return diagnose(*sides)


def of_kind(kind: FindingKind) -> list[Finding]:
    return [finding for finding in diagnosis().findings if finding.kind is kind]


def the(kind: FindingKind) -> Finding:
    (finding,) = of_kind(kind)
    return finding


def test_the_six_speedups_are_those_of_the_table() -> None:
    speedups = {
        (pair.candidate.row.detector, pair.candidate.row.input): f"{pair.decision.speedup:.2f}"
        for pair in diagnosis().pairs
        if pair.decision
    }
    assert speedups == {
        ("img2pose", "short"): "1.56",
        ("retinaface", "short"): "1.42",
        ("mpdetector", "short"): "1.27",
        ("img2pose", "multi-face"): "1.30",
        ("retinaface", "multi-face"): "1.26",
        ("mpdetector", "multi-face"): "1.75",
    }


def test_best_batches_are_those_of_the_table() -> None:
    batches = [(pair.baseline.row.batch_size, pair.candidate.row.batch_size) for pair in diagnosis().pairs]
    assert batches == [(16, 16), (16, 16), (16, 16), (4, 16), (4, 16), (4, 4)]


def test_the_headline_has_the_range_and_the_best_throughput_as_realtime() -> None:
    headline = diagnosis().headline
    assert headline is not None
    assert headline.text.startswith(
        "6 best settings against 2026-05-03-864962c: measured 1.26x to 1.75x, none decided. "
    )
    assert "174.4 fps, 7.3x realtime at 23.98 fps" in headline.text
    assert headline.figures["realtime"] == pytest.approx(174.4 / (24000 / 1001), abs=0.001)


def test_no_ratio_is_believed() -> None:
    assert {pair.verdict for pair in diagnosis().pairs} == {Verdict.INCONCLUSIVE}
    finding = the(FindingKind.UNPROVEN)
    assert finding.text.startswith("All 6 ratios use single measurements imported from reports.")
    assert "Equal labels and versions do not prove equal work" in finding.text


def test_gpu_torch_and_pyfeat_are_confounded_and_two_cells_on_the_old_gpu_separate_them() -> None:
    finding = the(FindingKind.CONFOUNDED)
    assert "gpu (RTX 3090 -> RTX PRO 6000 Blackwell)" in finding.text
    assert "torch stack (2.5.1+cu124 -> 2.11.0+cu128), py-feat (864962c -> c716340)" in finding.text
    assert "RTX 3090 of liquidswords2 with torch 2.11.0+cu128 and py-feat commit c716340" in finding.text
    assert "(torch 2.5.1+cu124 has no sm_120 kernels for RTX PRO 6000 Blackwell)" in finding.text
    first = finding.wanted[0]
    assert first.target_id == f"cuda:{RTX3090}@liquidswords2"
    assert first.requirements[0] == "torch==2.11.0"
    assert first.requirements[-1].endswith("@c716340")


def test_mpdetector_on_images_is_a_suspected_one_off_cost_and_the_only_curve_that_turns() -> None:
    finding = the(FindingKind.BATCH_CURVE)
    assert finding.text.startswith("MPDetector retinaface on 16 x multi_face.jpg")
    assert "slower at b=16 than at b=4 (94.0 against 19.4 ms/image): 1.2 s more per call" in finding.text
    assert "1 batch per call" in finding.text
    assert "the same extra time on RTX 3090 (1.2 s)" in finding.text
    assert "short (72 frames), long (472 frames) not slower" in finding.text
    assert "Probably a one-off cost, but these runs cannot prove it." in finding.text
    assert finding.figures["excess_s"] == pytest.approx(1.504 - 0.3104)


def test_the_cells_that_would_tell_have_the_same_images_more_often() -> None:
    same, longer = the(FindingKind.BATCH_CURVE).wanted
    assert same.settings == {"batch_size": (4, 16)}
    assert longer.settings == {"batch_size": (4, 16), "copies": (64,)}  # 64 images are 4 batches of 16


def test_the_long_video_is_new_ground() -> None:
    finding = the(FindingKind.NEW_GROUND)
    assert "long (472 frames)" in finding.text
    assert "img2pose 29.0 fps (b=16), retinaface 87.1 fps (b=16), MPDetector retinaface 174.4 fps" in finding.text
    assert {wanted.target_id for wanted in finding.wanted} == {f"cuda:{RTX3090}@liquidswords2"}


def test_the_unused_headroom_is_named_with_the_batches_to_try() -> None:
    finding = the(FindingKind.HEADROOM)
    assert "Headroom on RTX PRO 6000 Blackwell (96.0 GiB of memory, use unknown)" in finding.text
    assert finding.text.endswith("Batches to try: 32, 64.")
    assert finding.figures["settings"] == 6  # the images are a single batch at b=16 already


def test_what_changed_in_the_stack_is_listed() -> None:
    assert the(FindingKind.STACK).text.endswith(
        "Changed since the baseline: torch 2.5.1+cu124 -> 2.11.0+cu128, CUDA 12.4 -> 12.8, "
        "py-feat commit 864962c -> c716340. "
        "It is unknown whether the GPU driver changed."
    )


def test_detectors_are_ranked_on_every_input() -> None:
    assert [finding.figures["measured_ratio"] for finding in of_kind(FindingKind.DETECTORS)] == pytest.approx(
        [4.11, 6.02, 3.45], abs=0.01
    )


def test_every_unit_is_called_a_single_measurement() -> None:
    assert the(FindingKind.FEW).figures["units"] == 27


def test_both_sides_are_asked_for_with_the_software_that_each_had() -> None:
    asked = {
        (each.target_id or each.unit.row.target_id, each.requirements) for each in the(FindingKind.UNPROVEN).wanted
    }
    assert asked == {
        (f"cuda:{RTX3090}@liquidswords2", ("torch==2.5.1", f"py-feat @ git+{PYFEAT}@864962c")),
        (f"cuda:{BLACKWELL}@liquidswords2", ("torch==2.11.0", f"py-feat @ git+{PYFEAT}@c716340")),
    }
