"""Batch patterns: what larger batches do on a device, over all its curves."""

from collections.abc import Sequence
from typing import Any

from featray.analysis.diagnosis import FindingKind
from featray.core.row import Row
from tests.support import apple_reports
from tests.support.builders import CPU, RTX3090, SHELF, make_row
from tests.support.findings import (
    find,
    make_case,
    make_curve,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.BATCH_PATTERN,
        [*make_curve(4.0, 2.0, 1.0), *make_curve(6.0, 2.0, 1.0, input="long")],
        make_curve(4.0, 2.0, 1.0),
        "throughput with larger batches rises in all 2 batch curves (b=16 is 4.0x to 6.0x as fast as b=1).",
    ),
]


def texts(*rows: Sequence[Row]) -> list[str]:
    return [finding.text for finding in find(FindingKind.BATCH_PATTERN, [row for group in rows for row in group])]


def make_shaky_curve(**changes: Any) -> list[Row]:
    """Make three batches that differ by less than their processes scatter."""
    spreads = [(0.94, 0.97, 1.0, 1.03, 1.06), (1.0, 1.06, 0.94, 0.97, 1.03), (1.03, 0.94, 1.06, 1.0, 0.97)]
    calls = zip((1, 4, 16), spreads, strict=True)
    return [row for batch, spread in calls for row in make_unit_rows(1.0, spread, batch_size=batch, **changes)]


def test_every_pattern_is_counted_and_few_curves_are_named() -> None:
    (text,) = texts(
        make_curve(4.0, 2.0, 1.0),
        make_curve(4.0, 2.0, 0.5, input="long"),
        make_curve(1.0, 2.0, 3.0, input="multi-face"),
        make_curve(2.0, 1.0, 1.5, input="own"),
        make_curve(1.0, 1.0, 1.0, input="flat"),
        make_shaky_curve(input="open"),
    )
    assert text == (
        "On RTX 3090, throughput with larger batches rises in 2 of 6 batch curves (b=16 is 4.0x to 8.0x as fast as "
        "b=1); rises and then falls in 1 (b=16 takes 1.5x as long as b=4: retinaface, own (100 frames)); "
        "falls in 1 (b=16 takes 3.0x as long as b=1: retinaface, 16 x multi_face.jpg); "
        "stays the same in 1 (retinaface, flat (100 frames)); is not decided in 1 (retinaface, open (100 frames))."
    )


def test_each_device_has_its_pattern_and_a_processor_its_model() -> None:
    rising = [make_curve(4.0, 2.0, 1.0, input=clip) for clip in ("short", "long")]
    falling = [make_curve(1.0, 2.0, 4.0, input=clip, **CPU) for clip in ("short", "long")]
    falls, rises = texts(*rising, *falling)
    assert rises.startswith("On RTX 3090, throughput with larger batches rises in all 2")
    assert falls.startswith("On CPU (AMD Ryzen Threadripper 7960X), throughput with larger batches falls in all 2")


def test_curves_of_unlike_batches_are_described_without_sizes() -> None:
    (text,) = texts(make_curve(4.0, 2.0, 1.0), make_curve(6.0, 2.0, batches=(2, 8), input="long"))
    assert "the largest batch is 3.0x to 4.0x as fast as the smallest batch" in text


def test_workers_are_named_where_they_differ() -> None:
    (text,) = texts(make_curve(4.0, 2.0, 1.0), make_curve(1.0, 2.0, 4.0, num_workers=2))
    assert "falls in 1 (b=16 takes 4.0x as long as b=1: retinaface, short (72 frames), 2 workers)" in text


def test_nothing_decided_is_no_pattern() -> None:
    assert texts(make_shaky_curve(), make_shaky_curve(input="long")) == []


def test_single_measurements_are_never_the_same() -> None:
    rows = [make_row(batch_size=batch, input=clip) for clip in ("short", "long") for batch in (1, 4)]
    assert texts(rows) == []


def test_the_pattern_that_maintainers_wrote_is_found_in_their_report() -> None:
    cpu, mps = texts(apple_reports.make_rows(apple_reports.M5_MAX))
    assert "On CPU (arm64), throughput with larger batches falls in 7 of 8 batch curves" in cpu
    assert "On Apple M5 Max, throughput with larger batches rises in all 9 batch curves" in mps


def test_devices_of_one_model_share_a_sentence() -> None:
    twin = {**RTX3090, "target_id": "GPU-twin", "gpu_uuid": "GPU-twin"}
    (text,) = texts(make_curve(1.0, 2.0, 4.0, **SHELF), make_curve(5.0, 2.0, 1.0, **twin))
    assert text == (
        "On RTX 3090 of box, RTX 3090 of shelf, throughput with larger batches rises in 1 of 2 batch curves "
        "(b=16 is 5.0x as fast as b=1); falls in 1 (b=16 takes 4.0x as long as b=1: retinaface, short (72 frames), "
        "RTX 3090 of shelf)."
    )
