"""`featray measure` as a user runs it: one cell on this machine, its row on stdout, nothing stored.

The first test runs a process of its own; the others run the command in this one, which has imported what it needs.
"""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray import sweep as sweeps
from featray.core import cell, identity
from featray.core.cell import Cell
from featray.host import clips
from featray.measurement import provenance
from featray.sweep import expand
from tests.support.builders import make_row
from tests.support.command import CommandResult, Shell, featray
from tests.support.failing_sweeps import write_sweep


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A detector that fails at batch 8 and finds its faces at 1 and 4; two repeats are asked for."""
    return write_sweep(tmp_path, "seconds: 0.01, fault: error, at_batch: 8")


def cell_of(sweep: Path, batch_size: int) -> Cell:
    cells = expand(sweeps.load(sweep, probe_clip=clips.probe))
    return next(known for known in cells if known.batch_size == batch_size)


def measure(*arguments: str | Path, run: Callable[..., CommandResult], folder: Path, code: int = 0) -> dict[str, Any]:
    """Measure in a folder, and check that nothing is left in it."""
    before = sorted(folder.rglob("*"))
    done = run("measure", *arguments)
    assert done.code == code, done.err
    assert sorted(folder.rglob("*")) == before
    return dict(json.loads(done.out))


def test_a_cell_of_a_sweep_is_measured_by_the_beginning_of_its_id_and_the_sweeps_rules(
    sweep: Path, tmp_path: Path
) -> None:
    id_ = cell.cell_id(cell_of(sweep, 4))
    process = functools.partial(featray, cwd=tmp_path)
    row = measure("--cell", id_[:8], "--sweep", sweep, run=process, folder=tmp_path)
    assert (row["status"], row["cell_id"], row["batch_size"]) == ("ok", id_, 4)
    assert len(row["timed_s"]) == 2
    assert min(row["timed_s"]) >= 0.01


def test_a_printed_row_is_a_cell_to_measure_again(sweep: Path, tmp_path: Path, shell: Shell) -> None:
    id_ = cell.cell_id(cell_of(sweep, 1))
    first = measure("--cell", id_, "--sweep", sweep, run=shell, folder=tmp_path)
    (tmp_path / "CELL.json").write_text(json.dumps(first), encoding="utf-8")
    again = measure("CELL.json", run=shell, folder=tmp_path)
    assert (again["status"], again["cell_id"], again["work_id"]) == ("ok", id_, first["work_id"])
    assert again["started_at"] > first["started_at"]


def test_a_target_that_is_named_is_the_one_that_is_measured(sweep: Path, tmp_path: Path, shell: Shell) -> None:
    target = f"cpu@{provenance.compute_host_id()}"
    row = measure(
        "--cell", cell.cell_id(cell_of(sweep, 1)), "--sweep", sweep, "--target", target, run=shell, folder=tmp_path
    )
    assert (row["status"], row["target_id"]) == ("ok", target)


def test_the_column_asked_of_a_row_is_a_cell_by_itself(sweep: Path, tmp_path: Path, shell: Shell) -> None:
    asked = cell_of(sweep, 4)
    (tmp_path / "CELL.json").write_text(json.dumps(cell.to_asked(asked)), encoding="utf-8")
    row = measure("CELL.json", run=shell, folder=tmp_path)
    assert (row["status"], row["cell_id"]) == ("ok", cell.cell_id(asked))


def test_a_cell_of_the_store_is_measured_by_its_id(sweep: Path, tmp_path: Path, shell: Shell) -> None:
    asked = cell_of(sweep, 4)
    stored = make_row(cell_id=cell.cell_id(asked), asked=identity.canonical(cell.to_asked(asked)), batch_size=4)
    store.append(str(tmp_path / "results"), [stored])
    row = measure("--cell", cell.cell_id(asked), run=shell, folder=tmp_path)
    assert (row["status"], row["cell_id"], row["detector"]) == ("ok", cell.cell_id(asked), "bad")


def test_a_cell_that_fails_is_a_row_with_its_reason_and_exit_code_1(sweep: Path, tmp_path: Path, shell: Shell) -> None:
    row = measure("--cell", cell.cell_id(cell_of(sweep, 8)), "--sweep", sweep, run=shell, folder=tmp_path, code=1)
    assert (row["status"], row["reason"]) == ("failed", "RuntimeError: failed on purpose in detect()")
    assert row["timed_s"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cell", "0123456789ab"), "results: no measured row of cell '0123456789ab'; name its sweep with --sweep"),
        (("--cell", "", "--sweep", "faulty.yaml"), "faulty: several cells with id ''"),
        (("CELL.json", "--target", "GPU-none"), "target 'GPU-none' cannot run this cell"),
    ],
)
def test_what_cannot_be_measured_exits_2_and_says_why(
    options: tuple[str, ...], message: str, sweep: Path, tmp_path: Path, shell: Shell
) -> None:
    (tmp_path / "CELL.json").write_text(json.dumps(cell.to_asked(cell_of(sweep, 1))), encoding="utf-8")
    done = shell("measure", *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"featray: error: {message}")
