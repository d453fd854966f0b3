"""Headroom: larger batches that are worth a try."""

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import RTX3090, SHELF, make_row
from tests.support.findings import (
    IMAGES,
    find,
    make_case,
    make_curve,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.HEADROOM,
        make_curve(4.0, 2.0, 1.0, gpu_memory_used_peak_b=6 * 1024**3),
        make_curve(4.0, 2.0, 1.0, gpu_memory_used_peak_b=12 * 1024**3),
        "(24.0 GiB of memory, at most 6.0 GiB used): throughput still rose",
        wants_cells=True,
    ),
    make_case(
        FindingKind.HEADROOM,
        make_curve(4.0, 2.0, 1.0),
        make_curve(4.0, 1.01, 1.0),
        "+100% from b=4 to b=16). Batches to try: 32, 64.",
        wants_cells=True,
    ),
    make_case(
        FindingKind.HEADROOM,
        make_curve(4.0, 2.0, 1.0),
        [*make_curve(4.0, 2.0, 1.0), make_row(batch_size=32, status="oom", reason="CUDA out of memory")],
        "Batches to try: 32, 64.",
        wants_cells=True,
    ),
    make_case(
        FindingKind.HEADROOM,
        make_curve(2.0, 1.0, batches=(1, 4), **IMAGES),
        make_curve(4.0, 2.0, 1.0, **IMAGES),
        "Batches to try: 8, 16 (all of 16 x multi_face.jpg).",
        wants_cells=True,
    ),
]


def test_a_batch_that_is_no_doubling_is_explained() -> None:
    (finding,) = find(FindingKind.HEADROOM, make_curve(4.0, 2.0, 1.0, batches=(4, 16, 64)))
    assert finding.text.endswith("Batches to try: 72 (all of short (72 frames)).")


def test_headroom_of_one_gpu_model_is_one_finding_that_asks_for_every_target() -> None:
    rows = [*make_curve(4.0, 2.0, 1.0), *make_curve(4.4, 2.2, 1.0, **SHELF, **{**RTX3090, "target_id": "GPU-b"})]
    (finding,) = find(FindingKind.HEADROOM, rows)
    assert finding.text.startswith("Headroom on RTX 3090 of box, RTX 3090 of shelf (24.0 GiB of memory, ")
    assert "(retinaface short (72 frames) +100% to +120% from b=4 to b=16)" in finding.text
    assert len({wanted.unit.row.target_id for wanted in finding.wanted}) == 2


def test_a_gain_that_cannot_be_is_marked() -> None:
    (finding,) = find(FindingKind.HEADROOM, make_curve(4.5, 1.0, batches=(4, 16)))
    assert "(retinaface short (72 frames) +350% from b=4 to b=16, probably disturbed)" in finding.text


def test_a_rise_that_may_be_chance_is_no_headroom() -> None:
    spreads = [(0.94, 0.97, 1.0, 1.03, 1.06), (1.0, 1.06, 0.94, 0.97, 1.03)]
    rows = [
        *make_unit_rows(1.05, spreads[0], batch_size=4),
        *make_unit_rows(1.0, spreads[1], batch_size=16),
    ]
    assert find(FindingKind.HEADROOM, rows) == []
