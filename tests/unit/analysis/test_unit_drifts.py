"""Unit drifts: which unit is the reference of which."""

from array import array

from featray.analysis import unit_drifts, units
from featray.analysis.outputs import Outputs
from featray.core.output_table import OutputTable
from featray.core.row import Row
from tests.support.builders import CPU, make_row
from tests.support.sides import make_resolved

TABLE = OutputTable(frames=[0], faces=[0], columns={"AU01": array("f", [0.5])})
ALL = Outputs(lambda _: TABLE)


def references(*rows: Row, baseline: tuple[Row, ...] = (), outputs: Outputs = ALL) -> list[tuple[str, str]]:
    """Name (unit, reference) by run, device and batch."""

    def name(unit: units.Unit) -> str:
        return f"{unit.row.run_id} {unit.row.device} {unit.row.batch_size}"

    after, before = units.gather_sides(rows, baseline)
    return [(name(each.unit), name(each.reference)) for each in unit_drifts.find(after, before, outputs)]


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
