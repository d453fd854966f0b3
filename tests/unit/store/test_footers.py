"""Footers: keys of small files, found without reading the files as parquet."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from featray import store
from featray.store import footers, small_files
from tests.support.builders import make_row


def content(folder: Path, *invocations: int) -> bytes:
    name = store.append(folder, [make_row(invocation=number) for number in invocations])
    return (folder / "rows" / name).read_bytes()


def test_a_small_file_has_its_keys_in_its_footer(tmp_path: Path) -> None:
    rows = footers.read_rows(content(tmp_path, 1, 2))
    assert rows is not None
    assert [(row["sweep"], row["run_id"], row["invocation"], row["status"]) for row in rows] == [
        ("demo", "demo-1", 1, "ok"),
        ("demo", "demo-1", 2, "ok"),
    ]


def test_the_keys_of_the_footers_metadata_are_those_of_every_store_that_exists() -> None:
    keys = (footers.ROWS_KEY, footers.SOURCES_KEY, footers.CHECKSUM_KEY)
    assert keys == ("featray.units", "featray.sources", "featray.crc32")


def test_a_large_file_has_no_keys_in_its_footer(tmp_path: Path) -> None:
    assert footers.read_rows(content(tmp_path, *range(1, 101))) is None


def test_a_file_that_is_changed_anywhere_gives_no_keys(tmp_path: Path) -> None:
    whole = content(tmp_path, 1)
    assert footers.is_whole(whole)
    for position in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[position] ^= 1
        assert footers.read_rows(bytes(changed)) is None


def test_a_file_without_a_checksum_gives_no_keys_and_is_read_like_any_other(tmp_path: Path) -> None:
    whole = content(tmp_path, 1)
    (file,) = (tmp_path / "rows").iterdir()
    file.write_bytes(whole.replace(footers.CHECKSUM_KEY.encode(), b"featray.other"))
    assert footers.read_rows(file.read_bytes()) is None
    assert [unit.invocation for unit in store.keys(tmp_path).units] == [1]


def test_a_file_that_is_cut_off_anywhere_gives_no_keys(tmp_path: Path) -> None:
    whole = content(tmp_path, 1)
    assert all(footers.read_rows(whole[:length]) is None for length in range(0, len(whole), 97))


@pytest.mark.parametrize(
    "text", [b"", b"PAR1", b"featray.unitsPAR1", b"featray.units\x18\xff\xff\xff\xff\xffPAR1", b"featray.crc32PAR1"]
)
def test_other_bytes_give_no_keys(text: bytes) -> None:
    assert footers.read_rows(text) is None


@pytest.mark.parametrize("text", [b"{", b"{}", b"null", b"\xff"])
def test_sources_that_are_no_list_of_names_are_none(text: bytes) -> None:
    assert footers.read_sources({b"featray.sources": text}) == []


def test_sources_come_back_as_written() -> None:
    metadata = footers.describe_sources(["a.parquet", "b.parquet"])
    assert footers.read_sources({key.encode(): text.encode() for key, text in metadata.items()}) == [
        "a.parquet",
        "b.parquet",
    ]
    assert footers.read_sources(None) == []


def test_keys_come_from_footers_and_from_large_files_alike(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(invocation=number, status="lost") for number in range(1, 101)])
    store.append(tmp_path, [make_row(invocation=7, attempt=2)])
    store.append(tmp_path, [make_row(run_id="demo-2", started_at="2027-01-01T00:00:00.000+00:00")])
    statuses = {unit.invocation: unit.status for unit in store.keys(tmp_path, run_id="demo-1").units}
    assert len(statuses) == 100
    assert (statuses[6], statuses[7]) == ("lost", "ok")
    assert store.latest_run(tmp_path) == "demo-2"
    assert [unit.run_id for unit in store.keys(tmp_path, run_id="demo-2").units] == ["demo-2"]
    assert store.keys(tmp_path, sweep="other").units == ()


@pytest.mark.long
def test_the_keys_of_many_small_files_take_a_fraction_of_the_time_that_reading_the_files_takes(tmp_path: Path) -> None:
    for number in range(1, 101):
        store.append(tmp_path, [make_row(invocation=number)])

    def processor_s(use: Callable[[Path], object]) -> float:
        start_s = time.process_time()
        use(tmp_path)
        return time.process_time() - start_s

    keys_s, read_s = (min(processor_s(use) for _ in range(3)) for use in (store.keys, store.read))
    assert keys_s < read_s / 5


def write_older(folder: Path, monkeypatch: pytest.MonkeyPatch, *invocations: int) -> None:
    """Write a file for each invocation as a featray did whose footers lacked the times of the start."""
    with monkeypatch.context() as patch:
        patch.setattr(footers, "COLUMNS", footers.COLUMNS[: footers.OLDEST])
        for number in invocations:
            (row,) = footers.read_rows(content(folder, number)) or []
            assert "load_s" not in row


def test_a_column_that_an_older_footer_lacks_is_read_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_older(tmp_path, monkeypatch, 1)
    (unit,) = store.keys(tmp_path).units
    assert unit.start_s == 10.0
    frame, _ = store.load(tmp_path, columns=["invocation", "import_s", "load_s"])
    assert frame[["import_s", "load_s"]].to_numpy().tolist() == [[8.0, 2.0]]


def test_of_many_files_with_older_footers_only_some_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_files, "OLDER_READ", 2)
    write_older(tmp_path, monkeypatch, 1, 2, 3)
    units = store.keys(tmp_path).units
    assert [unit.invocation for unit in units] == [1, 2, 3]
    assert sorted(unit.start_s or 0.0 for unit in units) == [0.0, 10.0, 10.0]


def test_a_footer_tells_how_long_the_start_took(tmp_path: Path) -> None:
    content(tmp_path, 1)
    (unit,) = store.keys(tmp_path).units
    assert unit.start_s == 10.0
