"""The commands import, export and store: what they print where, and their exit codes."""

import json

import pytest

import featray
from featray import store
from tests.support import reports
from tests.support.builders import make_row, make_rows
from tests.support.command import Shell


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A report of py-feat's lies in the folder."""
    (shell.folder / "2026-07-01-abc1234.md").write_text(reports.markdown(), encoding="utf-8")
    return shell


def test_a_report_goes_in_once_and_comes_out_unchanged(shell: Shell) -> None:
    first = shell("import", "2026-07-01-abc1234.md")
    assert (first.code, first.out, first.err) == (0, "", "4 rows imported: 2026-07-01-abc1234\n")
    assert "0 rows imported, 4 were there already" in shell("import", "2026-07-01-abc1234.md").err
    written = shell("export", "--to", "markdown")
    assert (written.code, written.out, written.err) == (0, reports.markdown(), "")


def test_warnings_of_an_import_go_to_stderr(shell: Shell) -> None:
    (shell.folder / "speed-3090.md").write_text(reports.markdown(), encoding="utf-8")
    assert "featray: warning: speed-3090.md: named after 3090" in shell("import", "speed-3090.md").err


def test_an_archive_is_left_alone_by_compact_and_rm(shell: Shell) -> None:
    assert shell("import", "2026-07-01-abc1234.md", "--archive", "july").code == 0
    assert shell("store", "compact").err == "nothing to compact\n"
    removed = shell("store", "rm", "2026-07-01-abc1234", "--yes")
    assert removed.err == "history-july.parquet stays: it is an archive; delete the file by hand if you mean it\n"
    assert [file.name for file in (shell.folder / "results" / "rows").iterdir()] == ["history-july.parquet"]
    assert len(store.read(shell.folder / "results").rows) == 4


def test_a_broken_file_is_exit_code_2_one_message_and_nothing_written(shell: Shell) -> None:
    (shell.folder / "broken.md").write_text("# something else\n", encoding="utf-8")
    ran = shell("import", "2026-07-01-abc1234.md", "broken.md")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("featray: error: broken.md: no '- **Date:**' line")
    assert not (shell.folder / "results").exists()


def test_exported_files_are_written_and_named(shell: Shell) -> None:
    shell("import", "2026-07-01-abc1234.md")
    ran = shell("export", "--to", "json", "--output", "out")
    assert ran.out == "out/2026-07-01-abc1234.json\n"
    assert json.loads((shell.folder / ran.out.strip()).read_text(encoding="utf-8"))["schema_version"] == 1


def test_an_export_for_github_says_the_verdict_against_a_baseline(shell: Shell) -> None:
    (shell.folder / "older.md").write_text(reports.markdown(), encoding="utf-8")
    shell("import", "2026-07-01-abc1234.md", "older.md")
    ran = shell("export", "--to", "github-action", "--run", "older", "--baseline", "2026-07-01-abc1234")
    assert {entry["extra"].partition("\n")[0] for entry in json.loads(ran.out)} == {
        "INCONCLUSIVE against 2026-07-01-abc1234: 1 times its time"
    }


def test_an_export_of_everything_skips_the_baseline_and_what_has_nothing_in_common_with_it(shell: Shell) -> None:
    results = shell.folder / "results"
    store.append(results, make_rows([0.72] * 3, run_id="old-1", sweep="old"))
    store.append(results, make_rows([0.36] * 3, run_id="new-1", sweep="new"))
    store.append(results, make_rows([0.36] * 3, run_id="other-1", sweep="other", input="long"))
    ran = shell("export", "--to", "github-action", "--all", "--baseline", "old")
    assert ran.code == 0
    assert "old-1: is the baseline itself\n" in ran.err
    assert "other-1: no verdict against old: the sides have nothing in common" in ran.err
    said = {entry["extra"].splitlines()[-3]: entry["extra"].splitlines()[0] for entry in json.loads(ran.out)}
    assert said == {
        "run new-1": "FASTER against old: 0.5 times its time (95% CI 0.5 to 0.5)",
        "run old-1": "run old-1",
        "run other-1": "run other-1",
    }
    missing = shell("export", "--to", "github-action", "--all", "--baseline", "od")
    assert missing.code == 2
    assert "no run or sweep 'od'; expected new, new-1" in missing.err
    assert "Did you mean 'old'?" in missing.err


def test_the_store_lists_its_runs(shell: Shell) -> None:
    assert "no rows yet" in shell("store", "ls").err
    shell("import", "2026-07-01-abc1234.md")
    ran = shell("store", "ls")
    assert "2026-07-01 09:30:00" in ran.out
    assert "4 ok" in ran.out
    (run,) = json.loads(shell("store", "ls", "--json").out)
    assert (run["run_id"], run["rows"]) == ("2026-07-01-abc1234", 4)


def test_compaction_says_what_it_did(shell: Shell) -> None:
    assert shell("store", "compact").err == "nothing to compact\n"
    for number in (1, 2, 3):
        store.append(shell.folder / "results", [make_row(invocation=number)])
    assert shell("store", "compact").err == "3 files became 1, with 3 rows\n"


def test_a_compaction_says_what_it_clears_up_after_one_that_was_killed(shell: Shell) -> None:
    rows = shell.folder / "results" / "rows"
    for number in (1, 2, 3):
        store.append(shell.folder / "results", [make_row(invocation=number)])
    before = {file: file.read_bytes() for file in rows.iterdir()}
    shell("store", "compact")
    for file, content in before.items():
        file.write_bytes(content)
    told = "files of an earlier compaction that was stopped, deleted: 3\nnothing to compact\n"
    assert shell("store", "compact").err == told


def test_a_check_names_what_is_damaged_and_exits_with_1(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    healthy = shell("store", "check")
    assert (healthy.code, healthy.out.startswith("rows: 1, files: 1, ")) == (0, True)
    (shell.folder / "results" / "rows" / "bad.parquet").write_bytes(b"bad")
    damaged = shell("store", "check")
    assert damaged.code == 1
    assert "featray: warning: bad.parquet: damaged or not parquet" in damaged.err


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


def test_load_warns_of_what_it_cannot_use(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    (shell.folder / "results" / "rows" / "bad.parquet").write_bytes(b"bad")
    with pytest.warns(store.StoreWarning, match=r"bad\.parquet: damaged"):
        frame = featray.load(shell.folder / "results", sweep="demo")
    assert list(frame["run_id"]) == ["demo-1"]
