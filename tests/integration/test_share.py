"""docs/share.md keeps its word: its commands are run on the shipped history, and give the same verdicts elsewhere."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

from tests.support.command import ROOT, Shell

PAGE = (ROOT / "docs" / "share.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^featray (.*)$", PAGE, flags=re.MULTILINE)
RUNS = ("2026-05-03-864962c", "2026-05-14-c716340")


def verdicts(shell: Shell, results: str) -> list[tuple[Any, ...]]:
    pairs = json.loads(shell("compare", *RUNS, "--results", results, "--json").out)["pairs"]
    return [(pair["name"], pair["verdict"], pair["ratio"], pair["reasons"]) for pair in pairs]


def test_the_commands_of_the_page_share_the_shipped_history(shell: Shell, history: Path) -> None:
    shutil.copytree(history, shell.folder / "results")
    digest = ""
    for command in COMMANDS:
        is_upload = "--upload" in command  # needs a hub: `tests/unit/api/test_export_dataset.py` has a stand-in
        arguments = shlex.split(command.replace("DIGEST", digest)) + ["--help"] * is_upload
        ran = shell(*arguments)
        assert ran.code == 0, ran.err
        digest = ran.err.partition("sha256: ")[2].strip() or digest
    assert len(digest) == 64
    assert len(verdicts(shell, "other")) == 18
    assert verdicts(shell, "other") == verdicts(shell, "results")
    assert (shell.folder / "speed" / "throughput.csv").exists()
