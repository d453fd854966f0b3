"""A unit as plain values, for JSON and CSV."""

import csv
import io

from featray.analysis import units
from featray.core.row import Row
from featray.rendering import unit_fields
from tests.support.builders import make_whole_rows
from tests.support.report_rows import make_failed_row, make_row


def csv_lines(rows: list[Row]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(unit_fields.to_csv(units.gather(rows)))))


def test_a_unit_is_its_place_its_figures_and_the_command_that_measures_it_again() -> None:
    (unit,) = units.gather([make_row(asked="{}", gpu_memory_used_peak_b=2**30)])
    fields = unit_fields.of_unit(unit)
    assert (fields["host"], fields["target"], fields["status"]) == ("box", "RTX 4000", "ok")
    assert (fields["call_s"], fields["frames_per_s"], fields["memory_b"]) == (0.72, 100.0, 2**30)
    assert fields["command"] == "featray measure --cell 000000000001 --target GPU-1"


def test_absent_figures_are_null_and_empty_in_csv() -> None:
    rows = [make_failed_row("oom", "no memory", frames=None)]
    fields = unit_fields.of_unit(units.gather(rows)[0])
    assert (fields["call_s"], fields["frames_per_s"], fields["command"]) == (None, None, None)
    (line,) = csv_lines(rows)
    assert (line["call_s"], line["status"], line["reason"]) == ("", "oom", "no memory")


def test_nested_values_are_json_in_csv() -> None:
    (line,) = csv_lines([make_row(stages_s={"decode": 0.1})])
    assert line["stages_s"] == '{"decode": 0.1}'


def test_a_formula_in_a_name_does_not_run_in_a_spreadsheet() -> None:
    (line,) = csv_lines([make_row(hostname="=HYPERLINK(1)")])
    assert line["host"] == "'=HYPERLINK(1)"


def test_no_units_make_an_empty_csv() -> None:
    assert unit_fields.to_csv([]) == ""


def test_processes_side_by_side_have_their_number_and_the_time_of_each() -> None:
    own = {"1": [1.44], "2": [1.44]}
    (unit,) = units.gather([make_row(processes=2, process_timed_s=own, pinned_cpus="0; 1")])
    fields = unit_fields.of_unit(unit)
    assert (fields["processes"], fields["pinned_cpus"], fields["mps_daemon"]) == (2, "0; 1", None)
    assert (fields["frame_s"], fields["process_frame_s"]) == (0.01, 0.02)


def test_all_gpus_at_once_are_counted() -> None:
    (unit,) = units.gather(make_whole_rows([0.5]))
    fields = unit_fields.of_unit(unit)
    assert (fields["gpus"], fields["target"], fields["host"]) == (2, "2 GPUs", "box")
    assert str(fields["command"]).endswith(f" --target {unit.row.target_id}")
