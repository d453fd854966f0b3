"""Kept outputs: one file per unit beside the rows."""

import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from featray import store
from featray.core.output_table import OutputTable
from tests.support import fake_outputs
from tests.support.builders import make_row


def files(results: str) -> list[Path]:
    return sorted(Path(results).glob("outputs/*/*.parquet"))


def test_an_output_is_read_back(results: str) -> None:
    table = fake_outputs.make_table(fake_outputs.without(fake_outputs.make_fex(), ["AU12"], slice(3, 4)))
    assert store.outputs.keep(results, make_row(), table)
    again = store.outputs.find(results, make_row())
    assert again is not None
    assert (again.frames, again.faces, set(again.columns)) == (table.frames, table.faces, set(table.columns))
    assert again.columns["AU01"] == table.columns["AU01"]
    assert math.isnan(again.columns["AU12"][3])
    assert list(again.columns["x_30"]) == pytest.approx(list(table.columns["x_30"]), rel=2**-16)
    assert list(again.columns["Identity_3"]) == pytest.approx(list(table.columns["Identity_3"]), rel=1e-3, abs=1e-4)


def test_pandas_reads_the_file(results: str) -> None:
    store.outputs.keep(results, make_row(), fake_outputs.make_table())
    (file,) = files(results)
    frame = pd.read_parquet(file)
    assert list(frame.columns[:2]) == ["frame", "face"]
    assert len(frame) == 2 * fake_outputs.FRAMES
    assert len(frame["landmarks"][0]) == 136


def test_the_first_output_of_the_same_work_stays(results: str) -> None:
    assert store.outputs.keep(results, make_row(), fake_outputs.make_table())
    assert not store.outputs.keep(results, make_row(invocation=2), fake_outputs.make_table())
    assert store.outputs.keep(results, make_row(work={"class": '"other"'}), fake_outputs.make_table())
    assert len(files(results)) == 2


def test_a_unit_without_an_output_has_none(results: str) -> None:
    assert store.outputs.find(results, make_row()) is None


def test_a_damaged_file_is_no_output(results: str) -> None:
    store.outputs.keep(results, make_row(), fake_outputs.make_table())
    files(results)[0].write_bytes(b"PAR1 and no more")
    assert store.outputs.find(results, make_row()) is None
    pq.write_table(pa.table({"frame": [0], "face": [0], "AU01": [0.5]}), files(results)[0])  # of another program
    assert store.outputs.find(results, make_row()) is None


def test_an_output_without_faces_is_kept(results: str) -> None:
    store.outputs.keep(results, make_row(), OutputTable(frames=[], faces=[], columns={}))
    again = store.outputs.find(results, make_row())
    assert again is not None
    assert len(again) == 0


@pytest.mark.parametrize("run_id", ["demo-1", "a/b", ".hidden", "_x", "ü"])
def test_the_outputs_of_a_run_go_with_its_rows(results: str, run_id: str) -> None:
    for each in (run_id, "other"):
        row = make_row(run_id=each)
        store.append(results, [row])
        store.outputs.keep(results, row, fake_outputs.make_table())
    store.remove(results, run_id)
    assert store.outputs.find(results, make_row(run_id=run_id)) is None
    assert store.outputs.find(results, make_row(run_id="other")) is not None
    assert len(list((Path(results) / "outputs").iterdir())) == 1


def test_rows_are_read_beside_outputs(results: str) -> None:
    store.append(results, [make_row()])
    store.outputs.keep(results, make_row(), fake_outputs.make_table())
    reading = store.read(results)
    assert (len(reading.rows), reading.problems) == (1, ())


def test_a_small_file_that_claims_more_values_than_any_output_is_not_read(results: str) -> None:
    store.outputs.keep(results, make_row(), fake_outputs.make_table())
    (file,) = files(results)
    equal = pa.nulls(store.outputs.CLAIMED_MAX // 2, pa.int32()).fill_null(0)
    pq.write_table(pa.table({"frame": equal, "face": equal, "AU01": equal}), file)
    assert file.stat().st_size < 200_000
    assert store.outputs.find(results, make_row()) is None
    with pytest.raises(ValueError, match="not an output: it claims 48000000 values"):
        store.outputs.decode(file.read_bytes())
