"""`featray suggest`: sweeps on stdout, or their file names."""

from pathlib import Path

from featray import store
from tests.support.builders import make_row
from tests.support.command import Shell


def test_sweeps_are_printed_or_written_and_named(shell: Shell) -> None:
    store.append(shell.folder / "results", [make_row()])
    assert "detectors:" in shell("suggest").out
    written = shell("suggest", "-o", "next")
    names = written.out.splitlines()
    assert written.err.startswith(f"{len(names)} sweep")
    assert written.err.endswith(" in all, the most useful first\n")
    assert "next/demo-few-invocations.yaml" in names
    assert all((shell.folder / Path(name)).exists() for name in names)
