"""A store of which files cannot be read: named by everything that reads it, with what to do."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import featray
from featray import store
from featray.errors import NothingMatches, StoreError
from featray.store import small_files
from tests.support.builders import BLACKWELL, make_row
from tests.support.command import Shell
from tests.support.store_files import flip_bits, put_file, read_bytes

READERS: dict[str, Callable[[str], Any]] = {
    "report": lambda results: featray.report(results=results),
    "report of a run": lambda results: featray.report("demo", results=results),
    "report_all": lambda results: featray.report_all(results),
    "load": lambda results: featray.load(results),
    "load of a sweep": lambda results: featray.load(results, sweep="demo"),
    "compare": lambda results: featray.compare("a", "b", results=results),
    "recommend": lambda results: featray.recommend(results=results),
    "estimate": lambda results: featray.estimate(hours=3, results=results),
    "history": lambda results: featray.history(results=results),
    "suggest": lambda results: featray.suggest(results=results),
    "export": lambda results: featray.export("csv", results=results),
}


@pytest.fixture
def damaged(tmp_path: Path) -> str:
    """A store whose only file of rows was cut off."""
    results = tmp_path / "my results"
    store.append(str(results), [make_row(**BLACKWELL)])
    cut_off(results)
    return str(results)


def cut_off(results: Path) -> None:
    (file,) = (results / "rows").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    file.rename(file.with_name("cut.parquet"))


@pytest.mark.parametrize("reader", READERS)
def test_a_store_of_which_no_row_can_be_read_is_not_called_empty(reader: str, damaged: str) -> None:
    with pytest.raises(StoreError) as raised:
        READERS[reader](damaged)
    text = str(raised.value)
    assert text.startswith(f"{damaged}: holds no row that can be read; `featray store check --results '{damaged}'`")
    assert "cut.parquet: damaged" in text
    assert "move it out of the store" in text


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_store_is_answered_with_what_to_do(reader: str, tmp_path: Path) -> None:
    with pytest.raises(NothingMatches) as raised:
        READERS[reader](str(tmp_path / "results"))
    assert "holds no rows; submit a sweep, such as `featray submit quickstart`" in str(raised.value)


def damage_column(results: str, run_id: str) -> str:
    """Append a large file of a run, and flip a bit in a column that does not name its rows; return the file's name."""
    texts = random.Random(1)
    rows = [make_row(invocation=number, run_id=run_id, reason=texts.randbytes(1500).hex()) for number in range(1, 101)]
    name = store.append(results, rows)
    content = read_bytes(results, name)
    assert len(content) > small_files.LIMIT_B
    put_file(results, name, flip_bits(content, len(content) // 2, 1))
    return name


@pytest.mark.parametrize("reader", READERS)
def test_a_store_whose_runs_are_known_and_whose_rows_cannot_be_read_is_named_as_damaged(
    reader: str, tmp_path: Path
) -> None:
    name = damage_column(str(tmp_path), "demo-1")
    report = tmp_path / "reports" / "demo-1.md"
    report.parent.mkdir()
    report.write_text("good", encoding="utf-8")
    with pytest.raises(StoreError, match=rf"holds no row (of .* )?that can be read; .*\n  left out: {name}: damaged"):
        READERS[reader](str(tmp_path))
    assert [file.name for file in report.parent.iterdir()] == [report.name]
    assert report.read_text(encoding="utf-8") == "good"


OF_A_RUN: dict[str, Callable[[str], Any]] = {
    "report": lambda results: featray.report("bad-1", results=results),
    "report of both": lambda results: featray.report("demo-1", "bad-1", results=results),
    "report with a baseline": lambda results: featray.report("demo-1", baseline="bad-1", results=results),
    "load": lambda results: featray.load(results, run_id="bad-1"),
    "compare": lambda results: featray.compare("bad-1", "demo-1", results=results),
    "suggest": lambda results: featray.suggest("bad-1", results=results),
    "export": lambda results: featray.export("csv", "bad-1", results=results),
    "export of a run": lambda results: featray.export("csv", run="bad-1", results=results),
    "export of a bundle": lambda results: featray.export("bundle", "demo-1", baseline="bad-1", results=results),
}


@pytest.mark.parametrize("reader", OF_A_RUN)
def test_a_run_of_which_no_row_can_be_read_is_named_as_damaged_beside_others(reader: str, tmp_path: Path) -> None:
    damage_column(str(tmp_path), "bad-1")
    store.append(str(tmp_path), [make_row(**BLACKWELL)])
    with pytest.raises(StoreError, match=r"holds no row of run 'bad-1' that can be read; .*\n  left out: .*: damaged"):
        OF_A_RUN[reader](str(tmp_path))


def test_pages_of_a_whole_store_leave_out_a_damaged_run_and_name_it(tmp_path: Path) -> None:
    damage_column(str(tmp_path), "bad-1")
    store.append(str(tmp_path), [make_row(**BLACKWELL)])
    page = tmp_path / "reports" / "bad-1.html"
    page.parent.mkdir()
    page.write_text("good", encoding="utf-8")
    written = featray.report_all(str(tmp_path))
    assert [path.name for path in written.pages] == ["demo-1.html"]
    assert page.read_text(encoding="utf-8") == "good"
    assert any("holds no row of run 'bad-1' that can be read" in problem for problem in written.problems)


def test_a_report_whose_own_baseline_is_damaged_is_written_without_it(tmp_path: Path) -> None:
    damage_column(str(tmp_path), "bad-1")
    store.append(str(tmp_path), [make_row(baseline="bad-1", **BLACKWELL)])
    problems = featray.report("demo-1", results=str(tmp_path)).problems
    assert any("no comparison: " in problem and "run 'bad-1' that can be read" in problem for problem in problems)


@pytest.mark.parametrize("command", [("recommend",), ("estimate", "--hours", "3")])
def test_a_file_that_cannot_be_read_is_a_warning_beside_the_answer(command: tuple[str, ...], shell: Shell) -> None:
    results = shell.folder / "results"
    store.append(str(results), [make_row(run_id="lost", **BLACKWELL)])
    cut_off(results)
    store.append(str(results), [make_row(**BLACKWELL)])
    ran = shell(*command)
    assert ran.code == 0, ran.err
    assert "featray: warning: cut.parquet: damaged" in ran.err
