"""`featray.load`: stored rows as a DataFrame."""

import pydoc
from pathlib import Path

import pytest

import featray
from featray import store
from featray.core import row
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
