"""Footers: keys of small files without reading them as parquet."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from featray import store
from featray.store import footers
from tests.support.builders import make_row


def content(folder: Path, *invocations: int) -> bytes:
    name = store.append(folder, [make_row(invocation=number) for number in invocations])
    return (folder / "rows" / name).read_bytes()


def test_a_small_file_tells_its_keys_in_its_footer(tmp_path: Path) -> None:
    found = footers.units(content(tmp_path, 1, 2))
    assert found is not None
    assert [(unit["sweep"], unit["run_id"], unit["invocation"], unit["status"]) for unit in found] == [
        ("demo", "demo-1", 1, "ok"),
        ("demo", "demo-1", 2, "ok"),
    ]


def test_the_keys_of_the_footers_metadata_are_those_of_every_store_that_exists() -> None:
    assert (footers.KEY, footers.SOURCES, footers.SEAL) == ("featray.units", "featray.sources", "featray.crc32")


def test_a_large_file_does_not(tmp_path: Path) -> None:
    assert footers.units(content(tmp_path, *range(1, 101))) is None


def test_a_file_that_is_changed_anywhere_tells_nothing(tmp_path: Path) -> None:
    whole = content(tmp_path, 1)
    assert footers.is_whole(whole)
    for position in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[position] ^= 1
        assert footers.units(bytes(changed)) is None


def test_a_file_without_a_seal_tells_nothing_and_is_read_as_any_other(tmp_path: Path) -> None:
    whole = content(tmp_path, 1)
    (file,) = (tmp_path / "rows").iterdir()
    file.write_bytes(whole.replace(footers.SEAL.encode(), b"featray.other"))
    assert footers.units(file.read_bytes()) is None
    assert [unit.invocation for unit in store.keys(tmp_path).units] == [1]


def test_a_file_cut_off_anywhere_tells_nothing(tmp_path: Path) -> None:
    whole = content(tmp_path, 1)
    assert all(footers.units(whole[:length]) is None for length in range(0, len(whole), 97))


@pytest.mark.parametrize(
    "text", [b"", b"PAR1", b"featray.unitsPAR1", b"featray.units\x18\xff\xff\xff\xff\xffPAR1", b"featray.crc32PAR1"]
)
def test_other_bytes_tell_nothing(text: bytes) -> None:
    assert footers.units(text) is None


def test_keys_come_from_footers_and_from_large_files_alike(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(invocation=number, status="lost") for number in range(1, 101)])
    store.append(tmp_path, [make_row(invocation=7, attempt=2)])
    store.append(tmp_path, [make_row(run_id="demo-2", started_at="2027-01-01T00:00:00.000+00:00")])
    found = {unit.invocation: unit.status for unit in store.keys(tmp_path, run_id="demo-1").units}
    assert len(found) == 100
    assert (found[6], found[7]) == ("lost", "ok")
    assert store.latest_run(tmp_path) == "demo-2"
    assert [unit.run_id for unit in store.keys(tmp_path, run_id="demo-2").units] == ["demo-2"]
    assert store.keys(tmp_path, sweep="other").units == ()


@pytest.mark.long
def test_many_small_files_tell_their_keys_in_a_fraction_of_the_time_that_reading_them_takes(tmp_path: Path) -> None:
    for number in range(1, 101):
        store.append(tmp_path, [make_row(invocation=number)])

    def processor_s(use: Callable[[Path], object]) -> float:
        began = time.process_time()
        use(tmp_path)
        return time.process_time() - began

    keys_s, read_s = (min(processor_s(use) for _ in range(3)) for use in (store.keys, store.read))
    assert keys_s < read_s / 5
