"""Bundles between two stores: the same verdicts, the same identity, provenance, and refusals."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.api.compare import Compared, compare
from featray.api.export import Exported, export
from featray.api.import_reports import Imported, import_reports
from featray.core.row import Row, to_json
from featray.errors import BadInput, ImportFileError
from tests.support import fake_outputs
from tests.support.builders import CPU, make_cell, make_row, make_rows
from tests.support.sides import scale

OWN = make_cell(input="lab")
PLACE = {
    "hostname": "liquidswords",
    "host_id": "0123456789abcdef",
    "target_id": "cpu@0123456789abcdef",
    "device": "cpu",
}


def rows(**changes: Any) -> list[Row]:
    """Make two runs on one machine, the second 20% slower; and a calibration of it."""
    place = {**CPU, **PLACE, **changes}
    before = make_rows(scale(1.0), sweep="before", run_id="before-1", **place)
    after = make_rows(scale(1.2), sweep="after", run_id="after-1", **place)
    calibration = make_rows(scale(1.0), sweep="calibration", run_id="calibration-1", batch_size=4, **place)
    return [*before, *after, *calibration]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stored = rows()
    store.append(tmp_path / "results", stored)
    for row in (stored[0], stored[5]):
        store.outputs.keep(tmp_path / "results", row, fake_outputs.make_table())
    return tmp_path


def share(folder: Path, **options: Any) -> Exported:
    return export(
        "bundle", results=str(folder / "results"), run="after-1", baseline="before", output=folder / "out", **options
    )


def receive(folder: Path, exported: Exported, **options: Any) -> Imported:
    return import_reports(exported.written[0], results=str(folder / "other"), **options)


def read(folder: Path, name: str) -> list[Row]:
    return list(store.read(folder / name, every_attempt=True).rows)


def verdicts(compared: Compared) -> list[tuple[Any, ...]]:
    return [
        (pair.verdict, pair.dagger, pair.decision, pair.reasons, pair.drift, pair.allowance)
        for pair in compared.comparison.pairs
    ]


def test_another_store_gives_the_same_verdicts(folder: Path) -> None:
    received = receive(folder, share(folder))
    here = compare("before", "after", results=str(folder / "results"))
    there = compare("before", "after", results=str(folder / "other"))
    assert received.added == 15
    assert verdicts(here) == verdicts(there)
    assert here.comparison.pairs[0].drift is not None


def test_an_anonymous_bundle_gives_the_same_verdicts(folder: Path) -> None:
    receive(folder, share(folder, anonymous=True))
    here = compare("before", "after", results=str(folder / "results"))
    there = compare("before", "after", results=str(folder / "other"))
    assert verdicts(here) == verdicts(there)


def test_rows_stay_measured_rows_and_name_their_bundle(folder: Path) -> None:
    exported = share(folder)
    receive(folder, exported)
    here, there = read(folder, "results"), read(folder, "other")
    assert {row.bundle for row in there} == {f"after-1.featray sha256:{exported.digests[0][:12]}"}
    assert {row.source_file for row in there} == {None}
    assert [{**vars(row), "bundle": None} for row in there] == [vars(row) for row in here]


def test_a_row_names_every_bundle_on_its_way(folder: Path) -> None:
    receive(folder, share(folder))
    again = export("bundle", results=str(folder / "other"), run="after-1", output=folder / "second")
    import_reports(again.written[0], results=str(folder / "third"))
    (named,) = {row.bundle for row in read(folder, "third")}
    assert named is not None
    assert named.count("after-1.featray sha256:") == 2
    assert ", from after-1.featray" in named


def test_a_bundle_that_is_imported_twice_counts_once(folder: Path) -> None:
    exported = share(folder)
    receive(folder, exported)
    assert (receive(folder, exported).added, len(read(folder, "other"))) == (0, 15)


def test_a_bundle_of_rows_that_the_store_measured_adds_nothing(folder: Path) -> None:
    received = import_reports(share(folder).written[0], results=str(folder / "results"))
    assert (received.added, received.known) == (0, 15)
    assert {row.bundle for row in read(folder, "results")} == {None}


@pytest.mark.parametrize("first", [False, True], ids=["its own names first", "hidden names first"])
def test_one_run_with_and_without_names_counts_once(folder: Path, first: bool) -> None:
    receive(folder, share(folder, anonymous=first))
    before = read(folder, "other")
    kept = sorted(path.name for path in (folder / "other" / "outputs").rglob("*"))
    received = receive(folder, share(folder, anonymous=not first))
    assert (received.added, received.known) == (0, 15)
    assert read(folder, "other") == before
    assert sorted(path.name for path in (folder / "other" / "outputs").rglob("*")) == kept
    (warning,) = received.warnings
    assert "15 rows are there already under another name of their machine" in warning


def test_both_bundles_of_one_run_in_one_import_count_once(folder: Path) -> None:
    (plain,) = share(folder).written
    (hidden,) = export(
        "bundle", results=str(folder / "results"), run="after-1", baseline="before", output=folder / "b", anonymous=True
    ).written
    assert import_reports(plain, hidden, results=str(folder / "other")).added == 15
    assert len(read(folder, "other")) == 15


def test_rows_with_hidden_names_that_contradict_the_store_are_refused(folder: Path) -> None:
    (path,) = share(folder, anonymous=True).written
    store.append(folder / "other", [make_row(run_id="after-1", sweep="after", timed_s=[9.0], **{**CPU, **PLACE})])
    with pytest.raises(ImportFileError, match="but run 'after-1' of the store holds"):
        import_reports(path, results=str(folder / "other"))


def test_a_run_of_which_a_part_is_there_under_another_name_is_refused(folder: Path) -> None:
    receive(folder, share(folder))
    store.append(
        folder / "results", make_rows(scale(1.2), sweep="after", run_id="after-1", **{**CPU, **PLACE}, attempt=2)
    )
    exported = share(folder, anonymous=True)
    with pytest.raises(ImportFileError, match=r"run 'after-1'.*under another name of its machine.*featray store rm"):
        receive(folder, exported)
    assert len(read(folder, "other")) == 15


def test_no_name_of_host_user_or_path_is_in_an_anonymous_bundle(tmp_path: Path) -> None:
    text = "cannot read /home/alice/clips/lab.mp4 on liquidswords"
    store.append(tmp_path / "results", rows(reason=text, description="by alice", stderr_tail="/srv/x"))
    with zipfile.ZipFile(share(tmp_path, anonymous=True).written[0]) as archive:
        whole = b"\n".join(archive.read(name) for name in archive.namelist())
    for name in (b"liquidswords", b"0123456789abcdef", b"alice", b"/home", b"/srv"):
        assert name not in whole


def test_a_name_that_cannot_be_hidden_is_said(tmp_path: Path) -> None:
    store.append(tmp_path / "results", make_rows([0.7], run_id="liquidswords-1", **{**CPU, **PLACE}))
    exported = export("bundle", results=str(tmp_path / "results"), output=tmp_path, anonymous=True)
    assert "the name 'liquidswords' is still in the rows" in exported.problems[0]


def test_outputs_of_own_clips_are_left_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    (row,) = make_rows([0.7], input="lab", run_id="after-1")
    store.append(tmp_path / "results", [row])
    store.outputs.keep(tmp_path / "results", row, fake_outputs.make_table())
    without = export("bundle", results=str(tmp_path / "results"), output=tmp_path / "a")
    assert "outputs of 1 unit left out: they describe the faces of your own clips" in without.problems[0]
    import_reports(without.written[0], results=str(tmp_path / "without"))
    assert store.outputs.find(tmp_path / "without", row) is None
    whole = export("bundle", results=str(tmp_path / "results"), output=tmp_path / "b", outputs=True)
    import_reports(whole.written[0], results=str(tmp_path / "with"))
    found, kept = store.outputs.find(tmp_path / "with", row), store.outputs.find(tmp_path / "results", row)
    assert found is not None
    assert kept is not None
    assert (found.frames, found.columns) == (kept.frames, kept.columns)


def test_a_bundle_has_drift_cells_and_machines_for_people(folder: Path) -> None:
    with zipfile.ZipFile(share(folder).written[0]) as archive:
        drifts, cells, hosts = (json.loads(archive.read(f"{name}.json")) for name in ("drift", "cells", "inventory"))
    assert [{drift["unit"]["run_id"], drift["reference"]["run_id"]} for drift in drifts] == [{"before-1", "after-1"}]
    assert {sweep: len(listed) for sweep, listed in cells.items()} == {"before": 1, "after": 1, "calibration": 1}
    assert [host["hostname"] for host in hosts["hosts"]] == ["liquidswords"]


def test_a_damaged_bundle_is_refused_and_nothing_is_stored(folder: Path) -> None:
    (path,) = share(folder).written
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=r"after-1.featray: "):
        import_reports(path, results=str(folder / "other"))
    assert read(folder, "other") == []


def test_a_bundle_that_is_not_the_one_of_its_sender_is_refused(folder: Path) -> None:
    exported = share(folder)
    with pytest.raises(ImportFileError, match=r"SHA-256 is \w+, not the one of sha256=; ask its sender"):
        receive(folder, exported, sha256="0" * 64)
    assert receive(folder, exported, sha256=f"sha256:{exported.digests[0]}").added == 15


def test_a_digest_belongs_to_one_file() -> None:
    with pytest.raises(BadInput, match="sha256= is the digest of one file"):
        import_reports("a", "b", sha256="0")


def test_rows_that_contradict_the_store_are_refused(folder: Path) -> None:
    exported = share(folder)
    store.append(folder / "other", [make_row(run_id="after-1", sweep="after", timed_s=[9.0], **{**CPU, **PLACE})])
    with pytest.raises(ImportFileError, match="but run 'after-1' of the store holds"):
        receive(folder, exported)


def test_other_formats_have_no_choice_of_outputs(folder: Path) -> None:
    with pytest.raises(BadInput, match="outputs=True and anonymous=True are for bundle and hf-dataset"):
        export("csv", results=str(folder / "results"), anonymous=True)


def test_a_bundle_has_no_text(folder: Path) -> None:
    exported = share(folder)
    assert to_json(read(folder, "results")[0])
    assert exported.files == {}
    assert f"sha256: {exported.digests[0]}" in repr(exported)
