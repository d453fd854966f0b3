"""`featray export`: what it prints or writes, and its exit codes."""

import json

import pytest

from featray import store
from tests.support import pyfeat_reports
from tests.support.builders import make_row, make_rows
from tests.support.command import Shell


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A report of py-feat's lies in the folder."""
    (shell.folder / "2026-07-01-abc1234.md").write_text(pyfeat_reports.markdown(), encoding="utf-8")
    return shell


def test_exported_files_are_written_and_named(shell: Shell) -> None:
    shell("import", "2026-07-01-abc1234.md")
    ran = shell("export", "--to", "json", "--output", "out")
    assert ran.out == "out/2026-07-01-abc1234.json\n"
    assert json.loads((shell.folder / ran.out.strip()).read_text(encoding="utf-8"))["schema_version"] == 1


def test_an_export_for_github_says_the_verdict_against_a_baseline(shell: Shell) -> None:
    (shell.folder / "older.md").write_text(pyfeat_reports.markdown(), encoding="utf-8")
    shell("import", "2026-07-01-abc1234.md", "older.md")
    ran = shell("export", "--to", "github-action", "--run", "older", "--baseline", "2026-07-01-abc1234")
    assert {entry["extra"].partition("\n")[0] for entry in json.loads(ran.out)} == {
        "INCONCLUSIVE against 2026-07-01-abc1234: 1 times its time"
    }


def test_an_export_of_everything_says_which_runs_have_no_verdict(
    shell: Shell,
) -> None:
    results = shell.folder / "results"
    store.append(results, make_rows([0.72] * 3, run_id="old-1", sweep="old"))
    store.append(results, make_rows([0.36] * 3, run_id="new-1", sweep="new"))
    store.append(results, make_rows([0.36] * 3, run_id="other-1", sweep="other", input="long"))
    ran = shell("export", "--to", "github-action", "--all", "--baseline", "old")
    assert ran.code == 0
    assert "old-1: is the baseline itself\n" in ran.err
    assert "other-1: no verdict against old: the sides have nothing in common" in ran.err
    verdicts = {entry["extra"].splitlines()[-3]: entry["extra"].splitlines()[0] for entry in json.loads(ran.out)}
    assert verdicts == {
        "run new-1": "FASTER against old: 0.5 times its time (95% CI 0.456 to 0.548)",
        "run old-1": "run old-1",
        "run other-1": "run other-1",
    }
    missing = shell("export", "--to", "github-action", "--all", "--baseline", "od")
    assert missing.code == 2
    assert "no run or sweep 'od'; expected new, new-1" in missing.err
    assert "Did you mean 'old'?" in missing.err


def test_the_latest_run_every_run_of_a_sweep_or_every_run_is_exported(shell: Shell) -> None:
    for run, sweep, day in (("a-1", "a", 1), ("a-2", "a", 2), ("b-1", "b", 3)):
        row = make_row(run_id=run, sweep=sweep, started_at=f"2026-05-0{day}T00:00:00.000+00:00")
        store.append(shell.folder / "results", [row])

    def exported(*options: str) -> list[str]:
        lines = shell("export", "--to", "jsonl", *options).out.splitlines()
        return [json.loads(line)["run_id"] for line in lines]

    assert exported() == ["b-1"]
    assert exported("--sweep", "a") == ["a-1", "a-2"]
    assert exported("--all") == ["a-1", "a-2", "b-1"]


def test_a_bundle_is_written_with_its_digest_and_imported_elsewhere(shell: Shell) -> None:
    store.append(shell.folder / "results", make_rows([0.7, 0.8]))
    ran = shell("export", "--to", "bundle", "-o", "shared")
    assert ran.out == "shared/demo-1.featray\n"
    digest = ran.err.strip().removeprefix("sha256: ")
    imported = shell("import", "shared/demo-1.featray", "--sha256", digest, "--results", "other")
    assert (imported.code, imported.err) == (0, "2 rows imported: demo-1\n")
    assert shell.complain("import", "shared/demo-1.featray", "--sha256", "0" * 64).count(digest) == 1


def test_a_dataset_is_written_and_its_lines_are_counted(shell: Shell) -> None:
    store.append(shell.folder / "results", make_rows([0.7, 0.8]))
    ran = shell("export", "--to", "hf-dataset", "-o", "speed", "--anonymous")
    assert sorted(ran.out.splitlines()) == ["speed/README.md", "speed/data/demo-1.parquet", "speed/throughput.csv"]
    assert (ran.code, ran.err) == (0, "throughput.csv: 1 line\n")
