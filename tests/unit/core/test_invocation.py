"""Invocations: what a child is told, and the rows that come of it."""

import dataclasses
import json

import pytest

from featray.core import cell, detectors, inputs, invocation
from featray.core.cell import Cell
from featray.core.choices import Device, WeightsKind
from featray.core.invocation import Invocation
from featray.core.row import to_json
from featray.core.rules import Rules

ONE = Cell(
    detector=detectors.CATALOGUE["retinaface"],
    input=dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=18),
    device=Device.CUDA,
    batch_size=1,
    weights=WeightsKind.SYNTHETIC,
)
THREE = dataclasses.replace(ONE, batch_size=3)


def make(**changed: object) -> Invocation:
    given: dict[str, object] = {
        "sweep": "quick",
        "run_id": "quick-1",
        "target_id": "GPU-a",
        "device": "cuda",
        "gpu_uuid": "GPU-a",
        "invocation": 2,
        "block": 2,
        "order": (0, 1),
        "cells": (THREE, ONE),
        "rules": Rules(repeats_max=4),
    }
    return Invocation(**(given | changed))  # type: ignore[arg-type]  # keywords of a test


def test_an_invocation_survives_its_line_of_json() -> None:
    invoked = make(description="Why.", baseline="x", attempt=2, exclusive="gpu")
    assert invocation.from_mapping(json.loads(json.dumps(invocation.to_mapping(invoked)))) == invoked


@pytest.mark.parametrize(("key", "message"), [("cells", "cells is missing"), ("run_id", "run_id")])
def test_a_missing_field_is_named(key: str, message: str) -> None:
    value = invocation.to_mapping(make())
    del value[key]
    with pytest.raises(ValueError, match=message):
        invocation.from_mapping(value)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ValueError, match="colour"):
        invocation.from_mapping(invocation.to_mapping(make()) | {"colour": 1})


def test_names_are_readable_and_tell_attempts_apart() -> None:
    assert make().name == "quick/retinaface/cuda/invocation-2"
    assert make(attempt=3).name == "quick/retinaface/cuda/invocation-2-attempt-3"
    elsewhere = dataclasses.replace(ONE, environment="torch-2.11")
    assert make(cells=(elsewhere,), order=(0,)).name == "quick/retinaface@torch-2.11/cuda/invocation-2"


def test_a_row_knows_what_was_asked() -> None:
    row = invocation.record(make(), ONE, status="ok", started_at="2026-05-14T00:00:00.000+00:00")
    assert row.key() == ("quick-1", cell.cell_id(ONE), "GPU-a", 2, 1)
    assert (row.order_index, row.frames, row.batches, row.input_fps) == (1, 4, 4, 30.0)
    assert cell.from_asked(json.loads(row.asked or "")) == ONE


def test_a_row_holds_the_rules_in_force_in_one_form() -> None:
    row = invocation.record(make(), ONE, status="ok", started_at="now")
    assert Rules(**json.loads(row.rules or "")) == make().rules
    same = invocation.record(make(rules=Rules(repeats_max=4)), ONE, status="ok", started_at="now")
    other = invocation.record(make(rules=Rules(repeats_max=5)), ONE, status="ok", started_at="now")
    assert row.rules == same.rules != other.rules


def test_a_column_given_wins() -> None:
    row = invocation.record(make(), THREE, status="ok", started_at="now", frames=3, batches=None)
    assert (row.frames, row.batches) == (3, None)


def test_detectors_of_the_user_have_no_weights() -> None:
    own = detectors.Detector(name="own", class_name="lab:Tiny", heading="Tiny")
    alone = dataclasses.replace(ONE, detector=own)
    assert invocation.record(make(cells=(alone,), order=(0,)), alone, status="ok", started_at="now").weights is None


def test_out_of_memory_rules_out_larger_batches_of_the_same_only() -> None:
    others = [dataclasses.replace(ONE, batch_size=size) for size in (1, 2, 4)]
    longer = dataclasses.replace(ONE, batch_size=8, input=inputs.CATALOGUE["long"])
    assert invocation.larger_batches(others[1], [*others, longer]) == [others[2]]


def test_a_row_never_holds_a_secret_of_its_cell() -> None:
    secret = "t0p-secret-token"
    asked = dataclasses.replace(
        ONE, env={"HF_TOKEN": secret}, requirements=(f"py-feat @ git+https://{secret}@github.com/cosanlab/py-feat",)
    )
    made = invocation.record(
        make(cells=(asked,), order=(0,)),
        asked,
        status="unsupported",
        started_at="2026-05-14T00:00:00Z",
        reason=f"cannot clone https://{secret}@github.com",
        stderr_tail=f"bad token {secret}",
    )
    assert secret not in to_json(made)
    assert made.cell_id == cell.cell_id(asked)
    assert invocation.from_mapping(invocation.to_mapping(make(cells=(asked,)))).cells[0].env == {"HF_TOKEN": secret}


def test_a_row_holds_no_text_of_any_length_that_a_process_made() -> None:
    made = invocation.record(
        make(),
        ONE,
        status="failed",
        started_at="2026-05-14T00:00:00Z",
        reason="r" * 1_000_000,
        stderr_tail="s" * 1_000_000,
        torch="2" * 1_000_000,
        work={"k" * 1_000_000: "v" * 3_000_000},
        output_summary={str(number): [0.0, 0.0, 1.0] for number in range(100_000)},
    )
    assert len(to_json(made)) < 100_000
