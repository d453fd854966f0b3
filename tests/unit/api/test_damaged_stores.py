"""A store of which files cannot be read: named by everything that reads it, with what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import featray
from featray import store
from featray.errors import NothingMatches, StoreError
from tests.support.builders import BLACKWELL, make_row
from tests.support.command import Shell

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


@pytest.mark.parametrize("command", [("recommend",), ("estimate", "--hours", "3")])
def test_a_file_that_cannot_be_read_is_a_warning_beside_the_answer(command: tuple[str, ...], shell: Shell) -> None:
    results = shell.folder / "results"
    store.append(str(results), [make_row(run_id="lost", **BLACKWELL)])
    cut_off(results)
    store.append(str(results), [make_row(**BLACKWELL)])
    ran = shell(*command)
    assert ran.code == 0, ran.err
    assert "featray: warning: cut.parquet: damaged" in ran.err
