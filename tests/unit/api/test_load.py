"""`featray.load`: stored rows as a DataFrame."""

import pydoc
from collections.abc import Sequence
from pathlib import Path

import pytest

import featray
from featray import store
from featray.core import row
from featray.errors import BadInput, NothingMatches
from tests.support.builders import make_row


def test_rows_load_as_a_frame_with_documented_columns(tmp_path: Path) -> None:
    store.append(str(tmp_path), [make_row(sweep="a", timed_s=[1.0, 2.0]), make_row(sweep="b", run_id="b-1")])
    frame = featray.load(tmp_path, sweep="a")
    assert list(frame["sweep"]) == ["a"]
    assert list(frame["timed_s"].iloc[0]) == [1.0, 2.0]
    assert list(featray.load(tmp_path, columns=["sweep"]).columns) == ["sweep"]


def test_help_lists_every_column_with_its_documentation() -> None:
    text = pydoc.plain(pydoc.render_doc(featray.load))
    for column in row.columns():
        assert f"{column.name} (" in text
        assert column.doc in text
    assert "        timed_s (list of float or null): seconds per call of each repeat: " in text
    assert "        stages_s (str -> float or null): stage -> wall seconds in the profiled call\n" in text
    assert "        output_summary (str -> list of float or null): " in text
    assert "        status (str): ok, oom," in text


def test_a_damaged_file_is_a_warning_that_names_it(tmp_path: Path) -> None:
    store.append(str(tmp_path), [make_row()])
    (tmp_path / "rows" / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.warns(UserWarning, match=r"broken\.parquet"):
        assert len(featray.load(tmp_path)) == 1


def test_times_per_frame_and_per_face_are_computed(tmp_path: Path) -> None:
    rows = [
        make_row(timed_s=[1.0, 2.0, 4.0], frames=100, faces=50),
        make_row(status="oom", timed_s=None, batch_size=64),
    ]
    store.append(str(tmp_path), rows)
    frame = featray.load(tmp_path)[["batch_size", "ms_per_frame", "fps", "ms_per_face"]]
    assert frame[frame["batch_size"] == 16].to_numpy().tolist() == [[16, 20.0, 50.0, 40.0]]
    assert frame[frame["batch_size"] == 64].isna().sum().tolist() == [0, 1, 1, 1]
    assert list(featray.load(tmp_path, columns=["fps", "batch_size"]).columns) == ["fps", "batch_size"]


def test_an_unknown_sweep_or_run_or_an_empty_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="holds no rows; submit a sweep"):
        featray.load(tmp_path)
    store.append(str(tmp_path), [make_row(sweep="blackwell", run_id="blackwell-1")])
    with pytest.raises(
        NothingMatches, match=r"no rows of sweep 'blackwel'; expected blackwell. Did you mean 'blackwell'"
    ):
        featray.load(tmp_path, sweep="blackwel")
    with pytest.raises(NothingMatches, match="no rows of run 'x'; expected blackwell-1"):
        featray.load(tmp_path, run_id="x")


def test_an_empty_name_of_a_sweep_or_run_is_one_that_does_not_exist(tmp_path: Path) -> None:
    store.append(str(tmp_path), [make_row(sweep="blackwell", run_id="blackwell-1")])
    with pytest.raises(NothingMatches, match=r"no rows of sweep ''; expected blackwell$"):
        featray.load(tmp_path, sweep="")
    with pytest.raises(NothingMatches, match=r"no rows of run ''; expected blackwell-1$"):
        featray.load(tmp_path, run_id="")
    with pytest.raises(NothingMatches, match=r"no rows of sweep ''; expected blackwell$"):
        featray.export("csv", sweep="", results=str(tmp_path))
    with pytest.raises(NothingMatches, match=r"no rows of run ''; expected blackwell-1$"):
        featray.export("csv", run="", results=str(tmp_path))


def test_an_unknown_column_is_named_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match=r"no column 'fp'.*Did you mean 'fps'"):
        featray.load(tmp_path, columns=["fp"])


@pytest.mark.parametrize("columns", [[], "", ",", ()])
def test_no_column_is_refused_and_the_store_is_not_called_empty(columns: str | Sequence[str], tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    with pytest.raises(BadInput, match=r"^columns: .* names no column; name one, such as 'fps'"):
        featray.load(tmp_path, columns=columns)
