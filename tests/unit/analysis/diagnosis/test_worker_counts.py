"""Worker counts: whether workers of the data loader make detectors faster."""

from collections.abc import Sequence

from featray.analysis.diagnosis import Finding, FindingKind
from featray.core.row import Row
from tests.support import apple_reports
from tests.support.builders import make_joint_rows
from tests.support.findings import (
    STEADY,
    find,
    make_case,
    make_curve,
    make_unit_rows,
)

HALF = [0.5 * share for share in STEADY]

CASES = [
    make_case(
        FindingKind.WORKERS,
        [*make_curve(4.0, 2.0, 1.0), *make_curve(5.0, 3.0, 1.0, num_workers=2)],
        [*make_curve(4.0, 2.0, 1.0), *make_curve(5.0, 3.0, 1.0, num_workers=2, threads=4)],
        "0 workers are at least as fast as 2 in every cell (3 of 3). 2 workers take up to 1.5x as long "
        "(retinaface, short (72 frames), b=4, w=2, RTX 3090).",
    ),
    make_case(
        FindingKind.PROCESSES,
        [*make_unit_rows(1.0), *make_joint_rows(HALF)],
        [*make_unit_rows(1.0), *make_joint_rows(HALF, threads=4)],
        "2 processes side by side are faster than 1 in 1 of 1 cell (2.0x as fast: ",
    ),
]


def the(rows: Sequence[Row]) -> Finding:
    (finding,) = find(FindingKind.WORKERS, rows)
    return finding


def test_where_workers_help_is_named() -> None:
    finding = the([*make_curve(4.0, 2.0, 1.0), *make_curve(2.0, 3.0, 1.0, num_workers=2)])
    assert finding.text == (
        "2 workers are faster than 0 in 1 of 3 cells (2.0x as fast: retinaface, short (72 frames), b=1, w=2, RTX "
        "3090). In 2 others, 0 workers are at least as fast."
    )
    assert finding.figures["faster"] == 1


def test_one_worker_is_written_in_the_singular() -> None:
    finding = the([*make_unit_rows(1.0), *make_unit_rows(2.0, num_workers=1)])
    assert finding.text.startswith(
        "0 workers are at least as fast as 1 in every cell (1 of 1). 1 worker takes up to 2.0x"
    )


def test_equal_times_lose_nothing() -> None:
    text = the([*make_unit_rows(1.0), *make_unit_rows(1.0, num_workers=2)]).text
    assert text == "0 workers are at least as fast as 2 in every cell (1 of 1)."


def test_undecided_cells_are_no_win_of_either() -> None:
    rows = [*make_curve(4.0, 2.0, 1.0), *make_curve(8.0, 4.0, batches=(1, 4), num_workers=2)]
    rows += make_unit_rows(0.5, (1.0, 1.0), batch_size=16, num_workers=2)
    text = the(rows).text
    assert text.startswith("0 workers are at least as fast as 2 in every decided cell (2 of 3).")
    assert text.endswith("Not decided: 1 of 3 cells (fewer than 3 invocations).")


def test_measurements_of_a_report_are_shown_as_not_decided() -> None:
    assert the(apple_reports.make_workers_rows()).text == (
        "With 2 workers instead of 0, 12 of 12 cells took longer, up to 44x as long "
        "(retinaface, 16 x multi_face.jpg, b=4, w=2, Apple M5 Max); not decided (imported from reports)."
    )


def test_processes_side_by_side_are_compared_by_what_they_do_together() -> None:
    rows = [
        *make_curve(4.0, 2.0, batches=(1, 4)),
        *make_joint_rows([2.0 * share for share in STEADY], batch_size=1),
        *make_joint_rows([4.0 * share for share in STEADY], batch_size=4),
    ]
    (finding,) = find(FindingKind.PROCESSES, rows)
    assert finding.text == (
        "2 processes side by side are faster than 1 in 1 of 2 cells (2.0x as fast: retinaface, short (72 frames), "
        "b=1, p=2, RTX 3090). In 1 other, 1 process is at least as fast."
    )
