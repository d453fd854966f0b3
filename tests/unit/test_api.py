"""featray from Python."""

import subprocess
import sys
from pathlib import Path

import pytest

import featray
from featray import store
from tests.builders import make_row


def test_rows_load_as_a_frame_with_documented_columns(tmp_path: Path) -> None:
    store.append(str(tmp_path), [make_row(sweep="a", timed_s=[1.0, 2.0]), make_row(sweep="b", run_id="b-1")])
    frame = featray.load(tmp_path, sweep="a")
    assert list(frame["sweep"]) == ["a"]
    assert list(frame["timed_s"].iloc[0]) == [1.0, 2.0]
    assert list(featray.load(tmp_path, columns=["sweep"]).columns) == ["sweep"]


def test_a_damaged_file_is_a_warning_that_names_it(tmp_path: Path) -> None:
    store.append(str(tmp_path), [make_row()])
    (tmp_path / "rows" / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.warns(UserWarning, match=r"broken\.parquet"):
        assert len(featray.load(tmp_path)) == 1


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="lode"):
        featray.lode  # noqa: B018 - the access is the test


@pytest.mark.parametrize("name", ["calibrate", "compare", "hosts", "load", "measure", "recommend", "submit", "suggest"])
def test_every_name_that_is_promised_is_there(name: str) -> None:
    assert name in featray.__all__
    assert callable(getattr(featray, name))


def test_submodules_are_never_shadowed_by_functions() -> None:
    code = "import featray; featray.submit; from featray import plan, report; print(plan.__name__, report.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "featray.plan featray.report", done.stderr
