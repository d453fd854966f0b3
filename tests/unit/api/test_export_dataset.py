"""Datasets of the hub: the folder, what is there already, and uploads to a stand-in of the hub."""

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from featray import store
from featray.api.export import Exported, export
from featray.api.import_reports import import_reports
from featray.errors import BackendError, BadInput
from tests.support.builders import make_joint_rows, make_rows
from tests.support.hub import DATASET, Hub

HEAD = "feat_version,date,host,gpu,config,device,batch,section_kind,section_label,fps"
THEIRS = f"{HEAD},git_commit\n2.0.0,2026-01-01,mac,MPS available,img2pose,mps,1,video,short,5.0,abc\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store.append(tmp_path / "results", make_rows([0.72, 0.72]))
    return tmp_path


@pytest.fixture
def at_hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with Hub(**{"throughput.csv": THEIRS.encode()}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "hf_of_the_stand_in")
        yield hub


def write(folder: Path, **options: Any) -> Exported:
    return export("hf-dataset", results=str(folder / "results"), output=folder / "set", **options)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_folder_has_the_table_the_rows_and_a_card(folder: Path) -> None:
    written = {str(path.relative_to(folder / "set")) for path in write(folder).written}
    assert written == {"throughput.csv", "data/demo-1.parquet", "README.md"}
    (line,) = table((folder / "set" / "throughput.csv").read_text(encoding="utf-8"))
    assert (line["config"], line["batch"], line["fps"], line["featray_run"]) == ("retinaface", "16", "100.0", "demo-1")


def test_the_card_loads_files_that_are_there(folder: Path) -> None:
    write(folder)
    head = yaml.safe_load((folder / "set" / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    files = {entry["config_name"]: entry["data_files"] for entry in head["configs"]}
    assert files == {"throughput": "throughput.csv", "rows": "data/*.parquet"}
    assert all(list((folder / "set").glob(pattern)) for pattern in files.values())


def test_the_rows_have_no_maps_and_all_else(folder: Path) -> None:
    write(folder)
    rows = pl.read_parquet(folder / "set" / "data" / "demo-1.parquet")
    assert rows["invocation"].to_list() == [1, 2]
    assert rows["stages_s"].str.json_path_match("$.decode").to_list() == ["0.05", "0.05"]
    assert rows["timed_s"].list.median().to_list() == pytest.approx([0.72, 0.72])


def test_an_export_that_is_repeated_changes_nothing(folder: Path) -> None:
    first = {path: path.read_bytes() for path in write(folder).written}
    assert {path: path.read_bytes() for path in write(folder).written} == first


def test_a_run_that_went_on_replaces_its_lines_and_no_others(folder: Path) -> None:
    (folder / "set").mkdir()
    (folder / "set" / "throughput.csv").write_text(THEIRS, encoding="utf-8")
    write(folder)
    store.append(folder / "results", make_rows([0.72, 0.72, 5.76])[2:])
    said = write(folder).remarks
    theirs, ours = table((folder / "set" / "throughput.csv").read_text(encoding="utf-8"))
    assert (theirs["git_commit"], theirs["featray_run"], ours["git_commit"]) == ("abc", "", "")
    assert ours["fps"] == "50.0"  # the geometric mean of 0.72, 0.72 and 5.76 s is 1.44 s
    assert "throughput.csv: 1 line, in the place of 1 earlier line" in said


def test_a_table_of_something_else_is_refused(folder: Path) -> None:
    (folder / "set").mkdir()
    (folder / "set" / "throughput.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="not a table of py-feat's benchmarks: no column feat_version"):
        write(folder)


def test_somebody_s_own_card_stays(folder: Path) -> None:
    (folder / "set").mkdir()
    (folder / "set" / "README.md").write_text("# Ours\n", encoding="utf-8")
    assert "README.md is your own and stays" in write(folder).remarks
    assert (folder / "set" / "README.md").read_text(encoding="utf-8") == "# Ours\n"


def test_synthetic_weights_are_not_in_the_public_table(tmp_path: Path) -> None:
    store.append(tmp_path / "results", make_rows([0.72], weights="synthetic"))
    exported = write(tmp_path)
    assert {path.name for path in exported.written} == {"demo-1.parquet", "README.md"}
    assert "1 row of synthetic weights are in data, but not in throughput.csv" in exported.remarks


def test_names_can_be_hidden(folder: Path) -> None:
    for path in write(folder, anonymous=True).written:
        assert b"id-box" not in path.read_bytes()


def test_the_id_of_a_boot_is_hidden_too(tmp_path: Path) -> None:
    store.append(tmp_path / "results", make_rows([0.72], boot_id="d4122285-c4cd"))
    for path in write(tmp_path, anonymous=True).written:
        assert b"d4122285" not in path.read_bytes()


def test_the_table_can_be_imported(folder: Path) -> None:
    write(folder)
    assert import_reports(folder / "set" / "throughput.csv", results=str(folder / "other")).added == 1


def test_an_upload_adds_to_what_the_hub_has(folder: Path, at_hub: Hub) -> None:
    exported = write(folder, upload=DATASET)
    assert set(at_hub.files) == {"throughput.csv", "data/demo-1.parquet", "README.md"}
    assert [line["fps"] for line in table(at_hub.files["throughput.csv"].decode())] == ["5.0", "100.0"]
    assert at_hub.commits == ["Add 2 rows measured with featray"]
    assert exported.remarks[-1].startswith(f"uploaded to {DATASET}: {at_hub.url}/datasets/{DATASET}/commit/")


def test_an_upload_that_is_repeated_doubles_nothing(folder: Path, at_hub: Hub) -> None:
    write(folder, upload=DATASET)
    first = dict(at_hub.files)
    write(folder, upload=DATASET)
    assert at_hub.files == first


def test_nothing_is_sent_unless_it_is_asked_for(folder: Path, at_hub: Hub) -> None:
    write(folder)
    assert at_hub.commits == []


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(folder: Path, at_hub: Hub) -> None:
    at_hub.is_raced = True
    with pytest.raises(
        BackendError, match=r"dataset lab/speed: .* Nothing was uploaded; the files are written in .*/set$"
    ):
        write(folder, upload=DATASET)
    assert at_hub.files == {"throughput.csv": THEIRS.encode()}
    assert (folder / "set" / "throughput.csv").exists()


def test_a_dataset_that_does_not_exist_is_said(folder: Path, at_hub: Hub) -> None:
    with pytest.raises(BackendError, match=r"dataset lab/other: .*Make the dataset at the hub first"):
        write(folder, upload="lab/other")
    assert at_hub.commits == []


def test_only_a_dataset_is_uploaded(folder: Path) -> None:
    with pytest.raises(BadInput, match="upload= is for hf-dataset; csv is a file to pass on yourself"):
        export("csv", results=str(folder / "results"), upload=DATASET)
    with pytest.raises(BadInput, match="outputs=True is for bundle"):
        write(folder, outputs=True)


def test_several_processes_side_by_side_are_not_in_the_public_table(tmp_path: Path) -> None:
    store.append(tmp_path / "results", [*make_rows([0.72]), *make_joint_rows([0.5])])
    exported = write(tmp_path)
    assert "1 row of several processes side by side are in data, but not in throughput.csv" in exported.remarks
    assert "throughput.csv: 1 line" in exported.remarks


@pytest.mark.parametrize(
    ("endpoint", "name", "message"),
    [
        ("http://127.0.0.1:9", DATASET, r"dataset lab/speed: .*\. Check the network and HF_ENDPOINT \(http.*:9\)"),
        ("no address", DATASET, r"dataset lab/speed: .*\. Check the network and HF_ENDPOINT \(no address\)"),
        ("http://127.0.0.1:9", "lab", r"dataset lab: .*\. Name the dataset as OWNER/NAME"),
        ("http://127.0.0.1:9", "lab/a b", r"dataset lab/a b: .*\. Name the dataset as OWNER/NAME"),
    ],
)
def test_a_hub_that_cannot_be_reached_is_one_line_that_says_where_the_files_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, name: str, message: str
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(BackendError, match=rf"^{message}.*; the files are written in {folder / 'set'}$") as caught:
        write(folder, upload=name)
    assert (len(str(caught.value).splitlines()), caught.value.exit_code) == (1, 4)
    assert (folder / "set" / "throughput.csv").exists()


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (200, b"<html>", r"Check the network and HF_ENDPOINT"),
        (200, b"{}", r"no answer of a hub.* Check the network and HF_ENDPOINT"),
        (200, b"[]", r"no answer of a hub.* Check the network and HF_ENDPOINT"),
        (503, b"busy", r"503 .*\. Start the command again later"),
        (401, b"who?", r"401 .*set HF_TOKEN to a token"),
    ],
)
def test_a_hub_that_answers_something_else_is_one_line(
    folder: Path, at_hub: Hub, status: int, answer: bytes, message: str
) -> None:
    at_hub.broken = (status, answer)
    with pytest.raises(BackendError, match=rf"^dataset lab/speed: .*{message}.*; the files are written in .*$"):
        write(folder, upload=DATASET)
