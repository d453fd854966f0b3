"""featray from Python."""

import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import featray
from featray import api, store
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
    assert "        timed_s (list of float or null): seconds of each timed call\n" in text
    assert "        stages_s (str -> float or null): stage -> wall seconds in the profiled call\n" in text
    assert "        output_summary (str -> list of float or null): " in text
    assert "        status (str): ok, oom," in text


def test_importing_featray_takes_a_fraction_of_the_time_that_was_promised() -> None:
    code = """
import sys, time
before, began = set(sys.modules), time.process_time()
import featray
print(time.process_time() - began, *(set(sys.modules) - before))
"""
    taken_s = []
    for _ in range(3):  # processor time, the least of three: other work on the machine lengthens it by little
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds, *imported = done.stdout.split()
        taken_s.append(float(seconds))
        assert {name.partition(".")[0] for name in imported} <= {"featray", *sys.stdlib_module_names}
    assert min(taken_s) < 0.3 / 3


def test_a_damaged_file_is_a_warning_that_names_it(tmp_path: Path) -> None:
    store.append(str(tmp_path), [make_row()])
    (tmp_path / "rows" / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.warns(UserWarning, match=r"broken\.parquet"):
        assert len(featray.load(tmp_path)) == 1


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="lode"):
        featray.lode  # noqa: B018 - the access is the test


VERBS = [name for name in featray.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", VERBS)
def test_every_name_that_is_promised_is_a_function(name: str) -> None:
    assert callable(getattr(featray, name))
    assert getattr(api, name) is getattr(featray, name)


def test_help_lists_the_verbs() -> None:
    text = pydoc.plain(pydoc.render_doc(featray))
    for name in VERBS:
        assert f"    {name}(" in text


@pytest.mark.long
@pytest.mark.parametrize(
    "code",
    [
        "import featray; featray.plan; featray.report",
        "from featray import plan, report",
        "from featray.rendering import document; from featray.planning.plan import Plan; from featray import plan",
        "from featray.api.report import Reported; from featray.api import report; report.__code__",
        "import featray.api.plan; featray.api.plan.__code__",
    ],
)
def test_a_verb_is_a_function_whatever_was_imported_before(code: str) -> None:
    check = f"{code}\nimport featray\nassert callable(featray.plan) and callable(featray.report)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
