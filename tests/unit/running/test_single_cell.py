"""Single cell: a cell from a file, a sweep or a store, and the message about one that is wrong."""

import dataclasses
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.backends.inline import Inline
from featray.core import cell
from featray.core.events import PlainEvent
from featray.core.rules import Rules
from featray.errors import BackendError, BadInput
from featray.host import supervisor
from featray.running import single_cell
from featray.running.single_cell import CellToMeasure
from featray.sweep import expand
from tests.support import builders
from tests.support.plans import make_cell, make_inventory
from tests.support.sweep_files import Load


def write(folder: Path, **changed: Any) -> Path:
    """Write a cell's JSON with some values changed; `input.kind` is a key of the input."""
    value = cell.to_asked(builders.make_cell())
    for path, wrong in changed.items():
        *above, key = path.split("__")
        place = value
        for name in above:
            place = place[name]
        place[key] = wrong
    file = folder / "cell.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def test_a_cell_is_read_as_it_was_asked(tmp_path: Path) -> None:
    assert single_cell.read_file(write(tmp_path)).cell == builders.make_cell()


def test_a_cell_is_read_from_a_row(tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    file.write_text(json.dumps({"asked": json.dumps(cell.to_asked(builders.make_cell()))}), encoding="utf-8")
    assert single_cell.read_file(file).cell == builders.make_cell()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"batch_size": 0}, "batch_size: expected a whole number from 1 to 1000000, got 0"),
        ({"batch_size": "x"}, 'batch_size: expected a whole number from 1 to 1000000, got "x"'),
        ({"batch_size": -1}, "batch_size: expected a whole number from 1 to 1000000, got -1"),
        ({"batch_size": 1.5}, "batch_size: expected a whole number from 1 to 1000000, got 1.5"),
        ({"batch_size": True}, "batch_size: expected a whole number from 1 to 1000000, got true"),
        ({"num_workers": None}, "num_workers: expected a whole number from 0 to 1024, got null"),
        ({"threads": "many"}, 'threads: expected a whole number from 1 to 1024 or null, got "many"'),
        ({"delay_s_per_frame": float("nan")}, "delay_s_per_frame: expected a number from 0 to 60, got NaN"),
        ({"delay_s_per_frame": -1}, "delay_s_per_frame: expected a number from 0 to 60, got -1"),
        ({"device": "gpu"}, 'device: expected cpu, cuda, mps, got "gpu"'),
        ({"weights": "none"}, 'weights: expected pretrained, synthetic, got "none"'),
        ({"env": {"A": 1}}, 'env: expected names with texts, got {"A": 1}'),
        ({"env": []}, "env: expected names with texts, got []"),
        ({"environment": 3}, "environment: expected text or null, got 3"),
        ({"requirements": "torch"}, 'requirements: expected a list of texts, got "torch"'),
        (
            {"detector__class_name": "Detectorv9"},
            'detector.class_name: expected Detectorv1, MPDetector, Detectorv2, package.module:Class, got "Detectorv9"',
        ),
        ({"detector__keywords": {"au_model": ["svm"]}}, "detector.keywords: expected names with plain values, got"),
        ({"detector": "retinaface"}, 'detector: expected a mapping, got "retinaface"'),
        ({"input__kind": "audio"}, 'input.kind: expected video, images, got "audio"'),
        ({"input__faces": -1}, "input.faces: expected a whole number from 0 or null, got -1"),
        ({"input__source_frames": "3"}, 'input.source_frames: expected a whole number from 1, got "3"'),
        ({"input__frame_limit": True}, "input.frame_limit: expected a whole number from 1 or null, got true"),
        ({"input__fps": 0}, "input.fps: expected a number above 0 or null, got 0"),
        ({"input__paths": "a.mp4"}, 'input.paths: expected a list of texts, got "a.mp4"'),
        ({"input__packaged": None}, "input: expected either 'packaged' or 'paths', and not both"),
        ({"input__paths": ["a.mp4"]}, "input: expected either 'packaged' or 'paths', and not both"),
        ({"input": None}, "input: expected a mapping, got null"),
        ({"batchsize": 3}, "not a cell:"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    file = write(tmp_path, **changed)
    with pytest.raises(BadInput) as caught:
        single_cell.read_file(file)
    assert str(caught.value).startswith(f"{file}: not a cell: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "3", "null", "{}", '{"asked": null}', '{"asked": "["}', "", "[" * 100_000])
def test_what_is_no_cell_at_all_is_one_clear_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cell.json"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"cell\.json: .*expected a cell's JSON"):
        single_cell.read_file(file)


def test_a_row_is_measured_again_as_its_run_was(tmp_path: Path) -> None:
    store.append(str(tmp_path), [builders.make_row(protocol="pyfeat", exclusive="gpu")])
    chosen = single_cell.find_in_store(str(tmp_path), builders.make_row().cell_id)
    assert chosen.cell == builders.make_cell()
    assert chosen.exclusive == "gpu"
    assert chosen.rules.protocol == "pyfeat"
    assert (chosen.rules.warmup_max, chosen.rules.repeats_max, chosen.rules.stages) == (1, 1, False)
    assert chosen.note is None  # the protocol says it all


def test_a_row_that_does_not_hold_its_rules_is_measured_with_the_default_ones_and_says_so(tmp_path: Path) -> None:
    store.append(str(tmp_path), [builders.make_row()])
    chosen = single_cell.find_in_store(str(tmp_path), builders.make_row().cell_id)
    assert (chosen.rules, chosen.exclusive) == (Rules(), "host")
    assert chosen.note == f"{single_cell.DEFAULT_RULES_NOTE}; name the sweep with sweep="


def test_a_stored_row_that_holds_no_cell_is_one_clear_error(tmp_path: Path) -> None:
    store.append(str(tmp_path), [builders.make_row(cell_id="odd", asked="{}")])
    with pytest.raises(BadInput, match="row of cell odd: not a cell: detector is missing; name its sweep"):
        single_cell.find_in_store(str(tmp_path), "odd")


def test_the_row_of_the_wanted_target_says_how(tmp_path: Path) -> None:
    here, there = builders.RTX3090, builders.BLACKWELL
    rows = [builders.make_row(exclusive="gpu", **here), builders.make_row(run_id="demo-2", **there)]
    store.append(str(tmp_path), rows)
    assert single_cell.find_in_store(str(tmp_path), rows[0].cell_id, here["target_id"]).exclusive == "gpu"
    assert single_cell.find_in_store(str(tmp_path), rows[0].cell_id, there["target_id"]).exclusive == "host"


def test_a_cell_of_a_sweep_is_measured_by_the_sweeps_rules(load: Load) -> None:
    loaded = load(exclusive="gpu", measure="{repeats: 5}")
    (only,) = expand(loaded)
    chosen = single_cell.find_in_sweep(loaded, cell.cell_id(only))
    assert (chosen.cell, chosen.rules.repeats_max, chosen.exclusive, chosen.note) == (only, 5, "gpu", None)


def of_class(class_name: str) -> single_cell.CellToMeasure:
    known = builders.make_cell()
    return single_cell.CellToMeasure(
        cell=dataclasses.replace(known, detector=dataclasses.replace(known.detector, class_name=class_name))
    )


@pytest.mark.parametrize("class_name", ["subprocess:Popen", "featray.running.detached:Popen", "my.detectors:Fast"])
def test_a_class_that_only_a_store_names_is_refused_and_shown(class_name: str) -> None:
    with pytest.raises(BadInput, match=rf"runs the class '{class_name}', which is not py-feat's; .*trust=True"):
        single_cell.refuse_strange_class(of_class(class_name))


def test_classes_of_pyfeat_of_featray_and_of_the_callers_sweep_need_no_trust(load: Load) -> None:
    for class_name in ("Detectorv1", "featray.measurement.clockwork:Clockwork"):
        single_cell.refuse_strange_class(of_class(class_name))
    loaded = load(detectors="[{name: mine, class: 'my.detectors:Fast'}]")
    single_cell.refuse_strange_class(of_class("my.detectors:Fast"), loaded)


def test_a_machine_that_cannot_start_a_process_is_an_error_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(_: Any, **__: object) -> Iterator[PlainEvent]:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        yield

    monkeypatch.setattr(supervisor, "supervise", cannot)
    monkeypatch.setattr(Inline, "inventory", lambda _: make_inventory())
    chosen = CellToMeasure(cell=make_cell(weights="synthetic"))
    with pytest.raises(BackendError, match=r"nothing was measured: .*Resource temporarily unavailable"):
        single_cell.measure(chosen, target_id=None, holder="a test", say=print)
