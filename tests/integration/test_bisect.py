"""`featray bisect` as a user runs it: real environments, real processes, Ctrl-C, and JSON."""

import json
import re
import signal
from pathlib import Path

import pytest

from featray import store
from tests.support.command import CommandResult, Shell, featray, start
from tests.support.versions_of_packages import BROKEN, write_sweep, write_wheel

CALL_S = 0.02
SLOWER = 3.0
"""Times as long: so far apart that other work on the machine cannot decide it."""
INLINE = ("--backend", "inline")


def write_versions(folder: Path, slower_from: int | None = None, count: int = 6, broken: int | None = None) -> Path:
    """Write wheels 1.0 to 1.5 of a detector, of which some take three times as long."""
    for number in range(count):
        is_slow = slower_from is not None and number >= slower_from
        code = BROKEN if number == broken else None
        write_wheel(folder / "wheels", f"1.{number}", CALL_S * (SLOWER if is_slow else 1.0), code=code)
    return folder / "wheels"


def bisect(folder: Path, wheels: Path, *options: str | Path, last: str = "1.5") -> CommandResult:
    where = ("--sweep", write_sweep(folder), "--results", folder / "results", "--source", wheels)
    return featray("bisect", "1.0", last, *where, *INLINE, *options, timeout=600)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_six_versions_the_one_that_is_slower_is_found_after_ctrl_c_and_nothing_is_measured_twice(
    tmp_path: Path,
) -> None:
    wheels = write_versions(tmp_path, slower_from=4)
    arguments = ("1.0", "1.5", "--sweep", write_sweep(tmp_path), "--results", tmp_path / "results")
    with start("bisect", *arguments, "--source", wheels, *INLINE) as process:
        assert process.stderr is not None
        while not re.match(r"\[4/\d+\]", line := process.stderr.readline()):
            assert line, process.wait()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the same `featray bisect` goes on from there" in err
    before = {row.key() for row in store.read(str(tmp_path / "results")).rows if row.status == "ok"}
    assert len(before) >= 4

    done = bisect(tmp_path, wheels, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["ending"], found["first_bad"], found["last_good"]) == ("FOUND", "1.4", "1.3")
    assert 1 < found["change"]["low"] < found["change"]["ratio"] < found["change"]["high"]
    assert before <= {row.key() for row in store.read(str(tmp_path / "results")).rows}

    again = bisect(tmp_path, wheels)
    assert again.out.startswith("FOUND: 1.4 is the first slower version; time ratio ")
    assert "[1/" not in again.err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_an_untouched_series_it_says_that_nothing_changed(tmp_path: Path) -> None:
    done = bisect(tmp_path, write_versions(tmp_path), "--margin", "60")
    assert (done.code, done.out.partition(":")[0]) == (0, "UNCHANGED"), done.err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_version_that_cannot_be_loaded_is_passed_over(tmp_path: Path) -> None:
    done = bisect(tmp_path, write_versions(tmp_path, slower_from=2, count=4, broken=1), last="1.3")
    assert done.code == 0, done.err
    assert "no times: 1.1: " in done.out
    assert re.match("FOUND: (1.2 is the first|one of 1.1, 1.2 is)", done.out)


def test_wrong_arguments_are_refused_before_anything_is_measured(shell: Shell) -> None:
    wheels = write_versions(shell.folder, slower_from=4)
    sweep = write_sweep(shell.folder)
    common = ("--sweep", sweep, *INLINE)
    assert "no version '1.9'" in shell.complain("bisect", "1.0", "1.9", "--source", wheels, *common)
    assert "--blocks 2: expected at least 5" in shell.complain("bisect", "1.0", "1.5", "--blocks", "2", *common)
    assert "--margin 0.0: expected a percentage" in shell.complain("bisect", "1.0", "1.5", "--margin", "0", *common)
    assert "no device 'GPU-0' fits" in shell.complain(
        "bisect", "1.0", "1.5", "--source", wheels, "--target", "GPU-0", *common
    )
    assert "no such folder" in shell.complain("bisect", "1.0", "1.5", "--source", "nowhere", *common)
    assert not (shell.folder / "results" / "rows").exists()
