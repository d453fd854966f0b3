"""What a submit would do, as a line and as JSON."""

import dataclasses
import json

from featray.core.detectors import Detector
from featray.planning.known_times import KnownTimes
from featray.rendering import plan_summary
from tests.support.plans import RTX3090, make_cell, make_host, make_plan, make_stored, place

CELL = make_cell(batch_size=1)
TARGET = "cpu@id-box"
OWN = Detector(name="own", class_name="package.module:Own", heading="own")


def test_the_line_counts_cells_units_targets_and_what_is_left() -> None:
    placed = place([CELL, make_cell(batch_size=4)], make_host())
    line = plan_summary.summary(make_plan(placed, n=3), placed)
    assert line.startswith("2 cells, 2 units on 1 target; 0 of 6 measurements done, 6 left in ")


def test_interchangeable_units_run_on_one_of_all_targets() -> None:
    placed = place([CELL, make_cell(batch_size=4)], make_host(), make_host("c"), interchangeable=True)
    assert plan_summary.summary(make_plan(placed), placed).startswith("2 cells, 2 units, each on one of 2 targets; ")


def test_what_cannot_run_is_counted() -> None:
    placed = place([CELL, make_cell(device="cuda")], make_host())
    assert "1 cell cannot run" in plan_summary.summary(make_plan(placed), placed)


def test_a_finished_plan_says_so() -> None:
    placed = place([CELL], make_host())
    line = plan_summary.summary(make_plan(placed, [make_stored(CELL, TARGET)], n=1), placed)
    assert line == "1 cell, 1 unit on 1 target; 1 of 1 measurement done, nothing left to measure"


def test_the_json_lists_units_and_refusals() -> None:
    placed = place([CELL, make_cell(device="cuda")], make_host())
    value = json.loads(plan_summary.to_json(make_plan(placed, n=2), placed))
    assert [(unit["target_id"], unit["done"], unit["wanted"]) for unit in value["units"]] == [(TARGET, 0, 2)]
    assert [refusal["target_id"] for refusal in value["refusals"]] == [None]
    assert value["invocations"]
    assert value["estimate_s"] > 0


def test_the_json_names_the_host_of_each_target() -> None:
    twins = [dataclasses.replace(RTX3090, uuid=f"GPU-{number}0000000") for number in (1, 2)]
    hosts = make_host("a", *twins), make_host("b", RTX3090)
    placed = place([make_cell(device="cuda")], *hosts, interchangeable=True)
    value = json.loads(plan_summary.to_json(make_plan(placed), placed))
    assert [(unit["target"], unit["hostname"]) for unit in value["units"]] == [("RTX 3090 (GPU-10000000) of a", "a")]
    assert [(target["target_id"], target["hostname"], target["host_id"]) for target in value["targets"]] == [
        ("GPU-10000000", "a", "id-a"),
        ("GPU-20000000", "a", "id-a"),
        (RTX3090.uuid, "b", "id-b"),
    ]


def test_the_json_names_the_host_that_cannot_run_a_cell() -> None:
    placed = place([make_cell(device="cuda")], make_host("a", RTX3090, cuda_architectures=("sm_120",)))
    value = json.loads(plan_summary.to_json(make_plan(placed), placed))
    assert [(refusal["target"], refusal["hostname"]) for refusal in value["refusals"]] == [("RTX 3090", "a")]


def test_an_unknown_time_of_a_call_is_said() -> None:
    placed = place([CELL, make_cell(detector=OWN)], make_host())
    work = make_plan(placed, n=1)
    said = (
        "at least about 10 min 35 s (the time of a call is unknown for 1 cell: only the start of each process counts)"
    )
    assert plan_summary.summary(work, placed).endswith(said)
    assert json.loads(plan_summary.to_json(work, placed))["cells_of_unknown_time"] == 1
    assert "unknown" not in plan_summary.summary(make_plan(place([CELL]), n=1), place([CELL]))


def test_what_pilots_may_ask_for_is_said() -> None:
    placed = place([CELL], make_host())
    known = KnownTimes([make_stored(CELL, TARGET, timed_s=[4.5], import_s=4.0, load_s=1.0)], [CELL])  # 10 s in all
    work = make_plan(placed, n=5, may_come=7, known=known)
    said = (
        "5 left in 5 invocations, about 50 s; at most 12 measurements, about 2 min 00 s, if the first ones differ much"
    )
    assert plan_summary.summary(work, placed).endswith(said)
    value = json.loads(plan_summary.to_json(work, placed))
    assert (value["left"], value["left_max"], value["estimate_s"], value["estimate_max_s"]) == (5, 12, 50.0, 120.0)
    assert "at most" not in plan_summary.summary(make_plan(placed, n=5), placed)


def test_no_longest_time_is_told_where_the_time_is_unknown() -> None:
    placed = place([make_cell(detector=OWN)], make_host())
    said = plan_summary.summary(make_plan(placed, n=5, may_come=7), placed)
    assert said.endswith("; at most 12 measurements if the first ones differ much")
