"""What takes more time per frame, or more memory, the longer the clip is."""

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import CPU
from tests.support.clip_lengths import MIB, make_rows_of_lengths
from tests.support.findings import find, make_case

CASES = [
    make_case(
        FindingKind.LENGTH,
        make_rows_of_lengths(startup_s=0.9, curvature_s=1e-5, noise=0.0, frame_b=0),
        make_rows_of_lengths(startup_s=0.9, curvature_s=1e-7, noise=0.0),  # 1% over the whole range
        "b=16: the time per frame grows with the length of the clip. Each 1000 frames add 10 (95% CI",
    ),
    make_case(
        FindingKind.LENGTH,
        make_rows_of_lengths(frame_b=0.02 * MIB, **CPU),
        make_rows_of_lengths(frame_b=0.0005 * MIB, **CPU),
        "the peak memory of the process grows by",
    ),
]


def test_the_sentence_says_how_long_pieces_should_be() -> None:
    (finding,) = find(FindingKind.LENGTH, make_rows_of_lengths(startup_s=0.9, curvature_s=1e-5, noise=0.0))
    assert "A frame takes the least time in pieces of about 300 frames." in finding.text  # sqrt(0.9 / 1e-5)
    assert finding.figures["best_piece_frames"] == 300


def test_the_sentence_says_what_an_hour_takes() -> None:
    (finding,) = find(FindingKind.LENGTH, make_rows_of_lengths(frame_b=0.02 * MIB, **CPU))
    assert "MiB) per 1000 frames, from 72 to 1152 frames." in finding.text
    assert "an hour of this clip takes 2.1 GiB more" in finding.text  # 0.02 MiB x 30 Hz x 3600 s


def test_memory_of_a_gpu_is_said_to_be_that() -> None:
    found = find(FindingKind.LENGTH, make_rows_of_lengths(frame_b=0.02 * MIB))
    assert [("of the GPU" in each.text, "of the process" in each.text) for each in found] == [
        (True, False),
        (False, True),
    ]


def test_a_single_process_shows_no_growth() -> None:
    assert not find(FindingKind.LENGTH, make_rows_of_lengths(curvature_s=1e-5, frame_b=0.02 * MIB, processes=2))


def test_straight_lines_are_rarely_called_curved() -> None:
    called = sum(bool(find(FindingKind.LENGTH, make_rows_of_lengths(noise=0.04, seed=seed))) for seed in range(40))
    assert called <= 4
