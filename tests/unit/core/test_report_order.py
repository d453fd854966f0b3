"""Report order: py-feat's names in its order, all others after them."""

from featray.core import report_order


def test_inputs_and_detectors_of_pyfeat_come_first_in_its_order() -> None:
    assert sorted(["mine", "multi-face", "long", "short"], key=report_order.input_rank) == [
        "short",
        "long",
        "multi-face",
        "mine",
    ]
    assert sorted(["mine", "detectorv2", "img2pose"], key=report_order.detector_rank) == [
        "img2pose",
        "detectorv2",
        "mine",
    ]


def test_the_cpu_comes_before_accelerators() -> None:
    assert sorted(["cuda", "cpu", "mps"], key=report_order.device_rank) == ["cpu", "mps", "cuda"]


def test_unknown_names_share_the_last_rank() -> None:
    assert report_order.input_rank("a") == report_order.input_rank("b") > report_order.input_rank("multi-face")
