"""Local folders: pandas alone reads them, commands name them, and what a disk refuses loses no row."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from featray import store
from featray.api import chosen_runs, compare
from featray.api.export import choose_rows
from featray.cli import store as store_commands
from featray.core.row import columns
from featray.errors import NothingMatches, StoreError
from featray.store import schema
from tests.support.builders import make_row
from tests.support.command import Shell
from tests.support.store_files import append_invocations, of_schema, put_file, to_parquet

ROOT = Path(__file__).parents[2]


def test_pandas_alone_reads_the_folder_as_one_frame(tmp_path: Path) -> None:
    for number in range(1, 4):
        store.append(tmp_path, [make_row(invocation=number, sweep="007")])
    store.compact(tmp_path)
    store.append(tmp_path, [make_row(invocation=4, sweep="007")])
    (tmp_path / "rows" / ".rows-x.parquet.1.tmp").write_bytes(b"half")
    frame = pd.read_parquet(tmp_path / "rows")
    assert sorted(frame["invocation"]) == [1, 2, 3, 4]
    assert list(frame.columns) == [column.name for column in columns()]
    assert set(frame["sweep"]) == {"007"}
    assert dict(frame["stages_s"].iloc[0])["emotion"] == 0.2


def test_asking_for_rows_of_a_newer_schema_says_why_there_are_none(tmp_path: Path) -> None:
    results = str(tmp_path)
    append_invocations(results, 1)
    newer = of_schema(make_row(sweep="next", run_id="next-1"), 2)
    put_file(results, "newer.parquet", to_parquet(schema.to_table([newer])))
    reason = "left out: newer.parquet: holds rows of a newer schema than 1; update featray to use them"
    with pytest.raises(NothingMatches, match=reason):
        chosen_runs.choose(results, ["next"])
    with pytest.raises(NothingMatches, match=reason):
        choose_rows(results, sweep="next")
    with pytest.raises(NothingMatches, match=reason):
        compare("demo", "next", results=results)


def test_a_store_that_cannot_be_reached_is_named_without_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    nobody = "endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"  # nothing listens on port 9
    with pytest.raises(StoreError, match="s3://bucket/lab/results/rows") as caught:
        store.read(f"s3://bucket/lab/results?{nobody}")
    assert "SEC" not in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [
        *(
            "submit quickstart.yaml",
            "submit quickstart.yaml --detach",
            "plan quickstart.yaml",
            "store ls",
            "store check",
        ),
        *("store compact", "store rm a", "report", "recommend", "suggest", "export --to csv", "compare a b"),
        *("measure --cell 0123", "import report.md"),
    ],
)
def test_every_command_refuses_a_store_whose_address_carries_credentials(
    command: str, shell: Shell, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "tests" / "golden" / "2026-05-14-c716340.md", tmp_path / "report.md")
    shutil.copy(ROOT / "sweeps" / "quickstart.yaml", tmp_path)
    message = shell.complain(*command.split(), "--results", "s3://KEY:SECRET@bucket/results")
    assert "s3://bucket/results: the address holds credentials" in message
    assert "SECRET@" not in message


def test_the_listing_of_a_store_that_is_not_there_names_it_without_its_options() -> None:
    with pytest.raises(NothingMatches, match=r"^mock://host/results: there is no such store; submit a sweep"):
        store_commands.list_runs("mock://host/results?region=lab")


@pytest.mark.root
def test_a_full_disk_and_a_read_only_one_lose_nothing(tmp_path: Path) -> None:
    script = f"""
from featray import store
from featray.errors import StoreError
from tests.support.builders import make_row
from tests.support.command import Shell
import subprocess
stored = 0
try:
    for number in range(1, 100):
        store.append({str(tmp_path)!r}, [make_row(invocation=number)])
        stored = number
except StoreError as error:
    print(error)
print(stored, len(store.read({str(tmp_path)!r}).rows), store.check({str(tmp_path)!r}).problems)
subprocess.run(["mount", "-o", "remount,ro", {str(tmp_path)!r}], check=True)
try:
    store.append({str(tmp_path)!r}, [make_row(invocation=100)])
except StoreError as error:
    print(error)
print(stored, len(store.read({str(tmp_path)!r}).rows))
"""
    mounted = (
        f"mount -t tmpfs -o size=256k tmpfs {tmp_path} && exec {sys.executable} -c '{script.replace(chr(39), chr(34))}'"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    full, first, read_only, second = done.stdout.splitlines()
    assert full.endswith("No space left on device; free some space, or name another place with results=")
    stored, read, problems = first.split(maxsplit=2)
    assert (stored, problems) == (read, "()")
    assert int(stored) > 3
    assert read_only.endswith("Read-only file system; name a place that can be written with results=")
    assert second == f"{stored} {stored}"
