"""Jumps: more speed than fewer batches can bring."""

from featray.analysis.diagnosis import FindingKind
from tests.support.findings import (
    find,
    make_case,
    make_curve,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.JUMP,
        make_curve(4.5, 1.0, batches=(4, 16)),
        make_curve(3.6, 1.0, batches=(4, 16)),
        "retinaface on short (72 frames), RTX 3090: b=16 is 4.5x as fast as b=4, but 5 batches instead of 18 can save "
        "at most a factor of 3.6. One of the two was probably disturbed: measure both again.",
        wants_cells=True,
    ),
]


def test_both_batches_are_wanted_again() -> None:
    (finding,) = find(FindingKind.JUMP, make_curve(4.5, 1.0, batches=(4, 16)))
    assert [wanted.settings for wanted in finding.wanted] == [{"batch_size": (4, 16)}]


def test_only_neighbours_are_looked_at() -> None:
    assert find(FindingKind.JUMP, make_curve(12.0, 3.6, 1.0)) == []


def test_noise_makes_no_jump() -> None:
    slow = make_unit_rows(3.8, (0.8, 0.9, 1.0, 1.1, 1.2), batch_size=4)
    assert find(FindingKind.JUMP, [*slow, *make_unit_rows(1.0, (1.1, 0.8, 1.2, 0.9, 1.0), batch_size=16)]) == []


def test_a_single_batch_twice_is_no_jump() -> None:
    assert find(FindingKind.JUMP, make_curve(2.0, 1.0, batches=(72, 144))) == []
