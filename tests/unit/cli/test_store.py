"""`featray store`: what it lists, what it says that it did, and its exit codes."""

import dataclasses
import json

import pytest

from featray import store
from featray.store import schema
from tests.support import pyfeat_reports
from tests.support.builders import make_row
from tests.support.command import Shell
from tests.support.store_files import put_file, to_parquet


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A report of py-feat's lies in the folder."""
    (shell.folder / "2026-07-01-abc1234.md").write_text(pyfeat_reports.markdown(), encoding="utf-8")
    return shell


def test_the_store_lists_its_runs(shell: Shell) -> None:
    (shell.folder / "results").mkdir()
    assert "no rows yet" in shell("store", "ls").err
    shell("import", "2026-07-01-abc1234.md")
    ran = shell("store", "ls")
    assert "2026-07-01 09:30:00" in ran.out
    assert "4 ok" in ran.out
    (run,) = json.loads(shell("store", "ls", "--json").out)
    assert (run["run_id"], run["rows"]) == ("2026-07-01-abc1234", 4)


def test_a_row_without_a_run_is_no_run_of_the_list(shell: Shell) -> None:
    results = shell.folder / "results"
    store.append(results, [make_row()])
    put_file(str(results), "part.parquet", to_parquet(schema.to_table([make_row()]).drop_columns(["run_id"])))
    ran = shell("store", "ls")
    assert ran.code == 0
    assert "1 ok" in ran.out
    assert "part.parquet: holds a row that cannot be read (run None, cell " in ran.err


@pytest.mark.parametrize("verb", ["ls", "check", "compact"])
def test_a_store_that_is_not_there_is_not_called_empty(verb: str, shell: Shell) -> None:
    ran = shell("store", verb, "--results", "reslts")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("featray: error: reslts: there is no such store; submit a sweep")


@pytest.mark.parametrize("command", [("ls",), ("ls", "--json"), ("compact",)], ids=" ".join)
def test_a_store_of_which_no_row_can_be_read_is_not_called_empty(command: tuple[str, ...], shell: Shell) -> None:
    put_file(str(shell.folder / "results"), "bad.parquet", b"bad")
    ran = shell("store", *command)
    assert (ran.code, ran.out) == (3, "")
    assert "results: holds no row that can be read; `featray store check" in ran.err
    assert "left out: bad.parquet: damaged" in ran.err


def test_a_sweep_of_which_no_row_can_be_read_is_named_as_damaged_beside_others(shell: Shell) -> None:
    results = shell.folder / "results"
    store.append(results, [make_row()])
    table = schema.to_table([make_row(sweep="bad", run_id="bad-1")]).drop_columns(["timed_s"])
    put_file(str(results), "part.parquet", to_parquet(table))
    assert "bad-1" not in shell("store", "ls").out
    ran = shell("store", "ls", "--sweep", "bad")
    assert ran.code == 3
    assert "results: holds no row of sweep 'bad' that can be read; " in ran.err


@pytest.mark.parametrize("command", [("ls",), ("ls", "--json")], ids=" ".join)
def test_a_sweep_that_the_store_does_not_hold_is_refused_with_those_that_it_holds(
    command: tuple[str, ...], shell: Shell
) -> None:
    store.append(shell.folder / "results", [make_row()])
    ran = shell("store", *command, "--sweep", "demi")
    message = "featray: error: results: holds no rows of sweep 'demi'; expected demo. Did you mean 'demo'?\n"
    assert (ran.code, ran.out, ran.err) == (2, "", message)


def test_a_sweep_of_a_store_without_rows_is_no_error(shell: Shell) -> None:
    (shell.folder / "results").mkdir()
    assert shell("store", "ls", "--sweep", "demi").err.startswith("results: no rows yet; ")
    assert shell("store", "ls", "--sweep", "demi", "--json").out == "[]\n"


def test_a_run_that_the_store_does_not_hold_is_not_compacted(shell: Shell) -> None:
    for number in (1, 2):
        store.append(shell.folder / "results", [make_row(invocation=number)])
    ran = shell("store", "compact", "--run", "demo-2")
    message = "featray: error: results: holds no rows of run 'demo-2'; expected demo-1. Did you mean 'demo-1'?\n"
    assert (ran.code, ran.err) == (2, message)
    put_file(str(shell.folder / "bad"), "bad.parquet", b"bad")
    assert shell("store", "compact", "--run", "demo-2", "--results", "bad").code == 3


@pytest.mark.parametrize("verb", ["ls", "check", "compact"])
def test_a_part_of_a_store_is_answered_with_the_store(verb: str, shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    ran = shell("store", verb, "--results", "results/rows")
    message = "featray: error: results/rows: is a part of the store results; use --results results\n"
    assert (ran.code, ran.out, ran.err) == (2, "", message)


def test_of_many_machines_of_a_run_some_are_named_and_the_others_counted(shell: Shell) -> None:
    store.append(
        shell.folder / "results", [make_row(target_id=f"cpu@{number}", hostname=f"h{number}") for number in range(6)]
    )
    assert "h0, h1, h2, h3 and 2 more" in shell("store", "ls").out
    (run,) = json.loads(shell("store", "ls", "--json").out)
    assert len(run["hostnames"]) == 6


def test_compaction_says_what_it_did(shell: Shell) -> None:
    (shell.folder / "results").mkdir()
    assert shell("store", "compact").err == "nothing to compact\n"
    for number in (1, 2, 3):
        store.append(shell.folder / "results", [make_row(invocation=number)])
    assert shell("store", "compact").err == "3 files became 1, with 3 rows\n"


@pytest.mark.parametrize("options", [(), ("--run", "demo-1")], ids=["all", "run"])
def test_a_compaction_names_rows_that_cannot_be_used_as_a_check_does(options: tuple[str, ...], shell: Shell) -> None:
    results = shell.folder / "results"
    good, bad = make_row(), make_row(invocation=2, timed_s=[-1.0])
    store.append(results, [good])
    for row in (bad, dataclasses.replace(bad, attempt=2), dataclasses.replace(bad, invocation=3)):
        store.append(results, [row])
    ran = shell("store", "compact", *options)
    (name,) = [file.name for file in (results / "rows").iterdir()]
    warned = [line for line in ran.err.splitlines() if "warning" in line]
    assert ran.code == 0
    assert len(warned) == 1
    assert f"{name}: holds 3 rows that cannot be read (the first: run 'demo-1', cell " in warned[0]
    assert [line for line in shell("store", "check").err.splitlines() if "warning" in line] == warned
    assert shell("store", "compact", *options).err.splitlines() == [*warned, "nothing to compact"]


def test_a_compaction_says_what_it_deletes_after_one_that_was_killed(shell: Shell) -> None:
    rows = shell.folder / "results" / "rows"
    for number in (1, 2, 3):
        store.append(shell.folder / "results", [make_row(invocation=number)])
    before = {file: file.read_bytes() for file in rows.iterdir()}
    shell("store", "compact")
    for file, content in before.items():
        file.write_bytes(content)
    message = "files of an earlier compaction that was stopped, deleted: 3\nnothing to compact\n"
    assert shell("store", "compact").err == message


def test_a_check_names_what_is_damaged_and_exits_with_1(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    healthy = shell("store", "check")
    assert (healthy.code, healthy.out.startswith("rows: 1, files: 1, ")) == (0, True)
    (shell.folder / "results" / "rows" / "bad.parquet").write_bytes(b"bad")
    damaged = shell("store", "check")
    assert damaged.code == 1
    assert "featray: warning: bad.parquet: damaged or not parquet" in damaged.err


def test_a_check_names_rows_that_were_measured_twice_under_one_key(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row(timed_s=[0.1]), make_row(timed_s=[0.5])])
    ran = shell("store", "check")
    assert ran.code == 1
    assert "rows with the key of another row and other times, as when copies of a store are merged: 1; " in ran.err


def test_removal_says_what_goes_and_asks(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    declined = shell("store", "rm", "demo-1", typed="n\n")
    assert declined.code == 130
    assert "run demo-1: rows that go: 1, files that go: 1\n" in declined.err
    assert len(store.read(shell.folder / "results").rows) == 1
    assert shell("store", "rm", "demo-1", typed="y\n").code == 0
    assert store.read(shell.folder / "results").rows == ()


def test_removal_with_yes_asks_nothing_and_a_second_finds_nothing(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    assert shell("store", "rm", "demo-1", "--yes").code == 0
    gone = shell("store", "rm", "demo-1", "--yes")
    assert gone.code == 2
    assert "no run 'demo-1'; none exists" in gone.err


def test_an_archive_is_left_alone_by_compact_and_rm(shell: Shell) -> None:
    assert shell("import", "2026-07-01-abc1234.md", "--archive", "july").code == 0
    assert shell("store", "compact").err == "nothing to compact\n"
    removed = shell("store", "rm", "2026-07-01-abc1234", "--yes")
    assert removed.err.startswith("history-july.parquet stays, because it is an archive; delete the file yourself")
    assert [file.name for file in (shell.folder / "results" / "rows").iterdir()] == ["history-july.parquet"]
    assert len(store.read(shell.folder / "results").rows) == 4


def test_the_store_lists_and_compacts_only_what_the_options_name(shell: Shell) -> None:
    for number in (1, 2):
        store.append(shell.folder / "results", [make_row(sweep="a", run_id="a-1", invocation=number)])
        store.append(shell.folder / "results", [make_row(sweep="b", run_id="b-1", invocation=number)])
    assert [run["run_id"] for run in json.loads(shell("store", "ls", "--json", "--sweep", "b").out)] == ["b-1"]
    assert shell("store", "compact", "--run", "a-1").err == "2 files became 1, with 2 rows\n"
    assert shell("store", "check").out.startswith("rows: 4, files: 3, ")
