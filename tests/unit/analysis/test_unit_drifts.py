"""Unit drifts: which unit is the reference of which."""

import dataclasses
from array import array
from typing import Any

from featray.analysis import comparison, unit_drifts, units
from featray.analysis.outputs import Outputs
from featray.analysis.unit import Unit
from featray.core.output_table import OutputTable
from featray.core.reference import Reference
from featray.core.row import Row
from tests.support.builders import CPU, make_row
from tests.support.sides import make_resolved

TABLE = OutputTable(frames=[0], faces=[0], columns={"AU01": array("f", [0.5])})
ALL = Outputs(lambda _: TABLE)


def references(
    *rows: Row, baseline: tuple[Row, ...] = (), outputs: Outputs = ALL, named: Reference | None = None
) -> list[tuple[str, str]]:
    """Name (unit, reference) by run, device and batch."""

    def name(unit: Unit) -> str:
        return f"{unit.row.run_id} {unit.row.device} {unit.row.batch_size}"

    after, before = units.gather_sides(rows, baseline)
    return [(name(each.unit), name(each.reference)) for each in unit_drifts.find(after, before, outputs, named)]


def test_the_reference_is_on_the_cpu_at_the_smallest_batch() -> None:
    found = references(make_row(batch_size=1), make_row(batch_size=4, **CPU), make_row(batch_size=2, **CPU))
    assert found == [("demo-1 cuda 1", "demo-1 cpu 2"), ("demo-1 cpu 4", "demo-1 cpu 2")]


def test_the_reference_is_in_float32() -> None:
    half = make_row(batch_size=1, work=make_resolved(precision="float32, multitask bfloat16"), **CPU)
    assert references(half, make_row(batch_size=4)) == [("demo-1 cpu 1", "demo-1 cuda 4")]


def test_the_baseline_has_the_reference() -> None:
    found = references(make_row(batch_size=1, run_id="new"), baseline=(make_row(batch_size=4, run_id="old"),))
    assert found == [("new cuda 1", "old cuda 4")]


def test_other_models_and_inputs_have_references_of_their_own() -> None:
    assert references(make_row(), make_row(detector="img2pose"), make_row(input="long")) == []


def test_units_without_an_output_are_left_out() -> None:
    kept = Outputs(lambda _: TABLE, lambda row: row.batch_size > 1)
    found = references(make_row(batch_size=1), make_row(batch_size=2), make_row(batch_size=4), outputs=kept)
    assert found == [("demo-1 cuda 4", "demo-1 cuda 2")]


def test_the_sweep_may_name_the_reference() -> None:
    named = Reference(device="cuda", batch_size=4).text
    rows = [make_row(batch_size=batch, reference=named) for batch in (1, 4)] + [make_row(reference=named, **CPU)]
    assert references(*rows) == [("demo-1 cuda 1", "demo-1 cuda 4"), ("demo-1 cpu 16", "demo-1 cuda 4")]


def test_the_caller_wins_over_the_sweep_and_a_named_reference_over_the_baseline() -> None:
    rows = [make_row(batch_size=batch, reference=Reference(batch_size=1).text) for batch in (1, 4, 8)]
    before = make_row(batch_size=2, run_id="old")
    found = references(*rows, baseline=(before,), named=Reference(batch_size=8))
    assert found == [("demo-1 cuda 1", "demo-1 cuda 8"), ("demo-1 cuda 4", "demo-1 cuda 8")]


def test_every_setting_of_a_reference_must_hold() -> None:
    old: dict[str, Any] = {"environment": "old", "requirements": ("a==1",)}
    exact = make_row(detector="retinaface", batch_size=8, threads=2, **old)
    others = [make_row(batch_size=8, threads=1, **old), make_row(batch_size=8, threads=2)]
    named = Reference(detector="retinaface", batch_size=8, threads=2, environment="old", precision="float32")
    after, _ = units.gather_sides([*others, exact], ())
    changes = unit_drifts.find(after, (), ALL, named)
    assert [(each.reference.row.environment, each.reference.asked_threads) for each in changes] == [("old", "2")] * 2
    assert not any(each.lacks_named for each in changes)


def test_where_no_output_of_the_reference_was_kept_the_plainest_unit_stands_for_it() -> None:
    after, _ = units.gather_sides([make_row(batch_size=1), make_row(batch_size=4)], ())
    (change,) = unit_drifts.find(after, (), ALL, Reference(device="cpu"))
    assert change.lacks_named
    assert change.reference.row.batch_size == 1


def test_pairs_with_a_baseline_are_told_once() -> None:
    after, before = units.gather_sides([make_row(batch_size=4)], [make_row(batch_size=4, run_id="old")])
    pair = comparison.judge(before[0], after[0], (), outputs=ALL)
    (told,) = unit_drifts.of_pairs([pair])
    assert (told.reference, told.unit) == (before[0], after[0])
    assert unit_drifts.of_pairs([pair], unit_drifts.find(after, before, ALL)) == ()


def test_a_run_has_the_reference_of_its_latest_row() -> None:
    rows = [
        make_row(
            batch_size=batch, reference=Reference(batch_size=number).text, started_at=f"2026-05-0{batch}T00:00:00Z"
        )
        for batch, number in ((1, 1), (2, 1), (4, 2))
    ]
    assert references(*rows) == [("demo-1 cuda 1", "demo-1 cuda 2"), ("demo-1 cuda 4", "demo-1 cuda 2")]


def test_a_drift_is_looked_up_as_a_share_of_the_tolerance_and_is_0_for_the_reference() -> None:
    moved = OutputTable(frames=[0], faces=[0], columns={"AU01": array("f", [0.8])})  # 0.3, of 0.15 allowed
    outputs = Outputs(lambda row: moved if row.batch_size == 4 else TABLE, lambda row: row.batch_size < 16)
    gathered = units.gather([make_row(batch_size=batch) for batch in (1, 4, 16)])
    lookup = unit_drifts.DriftLookup(gathered, (), outputs)
    shares = [lookup.share_of(unit) for unit in gathered]
    assert shares[0] == 0.0
    assert shares[1] is not None
    assert round(shares[1], 3) == 2.0
    assert shares[2] is None  # without an output
    found = unit_drifts.shares(unit_drifts.find(gathered, (), outputs))
    assert [found(unit) for unit in gathered] == shares


def test_a_copy_of_the_reference_is_the_reference() -> None:
    first, second = units.gather([make_row(batch_size=1), make_row(batch_size=4)])
    lookup = unit_drifts.DriftLookup([first, second], (), ALL)
    assert lookup.share_of(dataclasses.replace(first)) == 0.0
