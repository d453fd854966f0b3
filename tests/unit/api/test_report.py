"""Reporting: which runs a name means, where reports go, what they say in the end."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from featray import store
from featray.analysis.comparison import CALIBRATION
from featray.api import chosen_runs, report, suggest
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches, StoreError
from tests.support.builders import BLACKWELL, BOX, RTX3090, SHELF, make_row, make_rows


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A store of two runs of one sweep and one of another, the last of which is the latest."""
    folder = str(tmp_path / "results")
    days = [("old-1", "old", 1), ("old-2", "old", 2), ("new-1", "new", 3)]
    for run_id, sweep, day in days:
        rows = make_row(run_id=run_id, sweep=sweep, started_at=f"2026-05-0{day}T00:00:00.000+00:00", **BLACKWELL)
        store.append(folder, [rows])
    return folder


def test_by_default_the_latest_run_is_reported(results: str) -> None:
    assert chosen_runs.choose(results, []).run_ids == ("new-1",)


DIGESTS = """
import hashlib, sys
from pathlib import Path
import featray
from featray.analysis.advice import followups
from featray.api.report import FORMATS
for form in FORMATS:
    text = featray.report("new", results=sys.argv[1], baseline="old", form=form, output=Path("-")).text
    print(form, hashlib.sha256(text.encode()).hexdigest())
for each in featray.suggest("new", results=sys.argv[1], baseline="old").followups:
    print(followups.yaml(each))
"""


def many_rows() -> list[Row]:
    """Make rows of every kind: two runs, hosts and GPUs, failures, an odd detector, equal times of starting."""
    made: list[Row] = []
    for run_id, pace in (("old", 1.0), ("new", 0.9)):
        for host in (BOX, SHELF):
            for gpu in (RTX3090, BLACKWELL):
                uuid = f"{gpu['target_id']}-{host['hostname']}"
                place = {**host, **gpu, "target_id": uuid, "gpu_uuid": uuid, "run_id": run_id, "sweep": run_id}
                for detector in ("retinaface", "mpdetector", "their own"):
                    for batch in (1, 16):
                        times = [pace * share / batch**0.5 for share in (0.9, 1.0, 1.02)]
                        made += make_rows(times, detector=detector, batch_size=batch, **place)
                made += [
                    make_row(batch_size=64, status="oom", reason=f"lacks {number} MiB", invocation=number, **place)
                    for number in (1, 2)
                ]
    return made


def test_the_same_rows_give_the_same_bytes_in_another_order_and_process(tmp_path: Path) -> None:
    said = []
    for seed in (1, 2):
        folder, rows = tmp_path / f"results-{seed}", many_rows()
        random.Random(seed).shuffle(rows)
        half = len(rows) // (1 + seed)
        for part in (rows[:half], rows[half:]):
            store.append(folder, part)
        run = subprocess.run(
            [sys.executable, "-c", DIGESTS, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(run.stdout)
    assert said[0] == said[1]
    assert said[0].startswith("markdown ")
    assert 'baseline: "old"' in said[0]


def test_a_calibration_is_not_what_the_report_without_a_name_is_about(results: str) -> None:
    calibrated = make_row(run_id="calibrate-1", sweep=CALIBRATION, started_at="2026-05-09T00:00:00.000+00:00")
    store.append(results, [calibrated])
    assert chosen_runs.choose(results, []).run_ids == ("new-1",)
    assert chosen_runs.choose(results, [CALIBRATION]).run_ids == ("calibrate-1",)


def test_a_store_of_a_calibration_alone_is_reported(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(run_id="calibrate-1", sweep=CALIBRATION)])
    assert chosen_runs.choose(str(tmp_path), []).run_ids == ("calibrate-1",)


def test_a_sweep_stands_for_its_latest_run_by_name_or_by_file(results: str) -> None:
    assert chosen_runs.choose(results, ["old"]).run_ids == ("old-2",)
    assert chosen_runs.choose(results, ["sweeps/old.yaml"]).run_ids == ("old-2",)
    assert chosen_runs.choose(results, ["old-1", "new"]).run_ids == ("old-1", "new-1")


def test_an_unknown_name_is_answered_with_what_there_is(results: str) -> None:
    with pytest.raises(NothingMatches, match=r"'nwe'.*Did you mean 'new'\?"):
        chosen_runs.choose(results, ["nwe"])


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="submit a sweep, or import a report"):
        report(results=str(tmp_path))


def test_a_report_is_kept_under_the_name_of_its_run(results: str) -> None:
    made = report("new", results=results)
    assert made.files == (Path(results) / "reports" / "new-1.md",)
    assert made.files[0].read_text(encoding="utf-8") == made.text
    assert [file.name for file in made.files[0].parent.iterdir()] == ["new-1.md"]


def test_json_goes_to_a_file_only_when_asked(results: str, tmp_path: Path) -> None:
    assert report(results=results, form="json").files == ()
    path = tmp_path / "deep" / "report.json"
    assert report(results=results, form="json", output=path).files == (path,)


def test_a_dash_keeps_no_file(results: str) -> None:
    assert report(results=results, output=Path("-")).files == ()
    assert not (Path(results) / "reports").exists()


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_notes_of_people_come_back_in_every_regeneration(results: str, form: str) -> None:
    folder = Path(results) / "reports"
    folder.mkdir()
    (folder / "new-1.notes.md").write_text("Looked at *by hand*.\n", encoding="utf-8")
    for _ in range(2):
        assert report(results=results, form=form).text.count("Looked at *by hand*.") == 1
    if form == "markdown":
        assert report(results=results).text.endswith("\n\n---\n\nLooked at *by hand*.\n")


def test_notes_that_are_no_text_are_named(results: str) -> None:
    folder = Path(results) / "reports"
    folder.mkdir()
    (folder / "new-1.notes.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match=r"new-1\.notes\.md: cannot be read"):
        report(results=results)


def test_an_unknown_format_is_answered_with_the_known_ones(results: str) -> None:
    with pytest.raises(BadInput, match=r"expected markdown, html, json\. Did you mean 'html'"):
        report(results=results, form="htm")


def test_a_page_of_a_store_that_is_no_folder_needs_a_place(results: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(results).parent)
    with pytest.raises(BadInput, match="name a file with -o"):
        report(results=f"file://{results}", form="html")


def test_a_report_that_cannot_be_written_is_a_clear_error(results: str) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        report(results=results, output=Path("/proc/nowhere/report.md"))


def test_the_baseline_is_the_callers_or_the_one_that_the_sweep_names(tmp_path: Path) -> None:
    results = str(tmp_path)
    store.append(results, make_rows([1.0, 1.01, 0.99], run_id="before-1", sweep="before"))
    store.append(results, make_rows([0.5, 0.505, 0.495], run_id="after-1", sweep="after", baseline="before"))
    text = report("after", results=results).text
    assert "Against before (NVIDIA GeForce RTX 3090), best batch against best batch:" in text
    assert "| 2.00x | 1.96 to 2.05 | FASTER |" in text  # 2 x exp(+-2.776 x 0.01 x sqrt(2 / 3))
    assert report("before", results=results, baseline="after").text.count("| SLOWER |") == 1


def test_a_missing_baseline_of_the_sweep_is_told_and_one_of_the_caller_is_an_error(tmp_path: Path) -> None:
    results = str(tmp_path)
    store.append(results, [make_row(baseline="gone")])
    made = report(results=results)
    assert any("no comparison" in problem and "'gone'" in problem for problem in made.problems)
    with pytest.raises(NothingMatches, match="'lost'"):
        report(results=results, baseline="lost")


def test_a_run_is_not_its_own_baseline(results: str) -> None:
    made = report("new", results=results, baseline="new-1")
    assert made.problems == ("no comparison: new-1 is what is reported",)


@pytest.mark.parametrize(
    ("run_ids", "name"),
    [(["a/../b"], "a_.._b"), (["..", "x"], "run+x"), (["q" * 200], "q" * 116 + "-etc"), (["<script>"], "_script_")],
)
def test_names_of_runs_become_names_of_files(run_ids: list[str], name: str) -> None:
    assert chosen_runs.file_name(run_ids) == name


def test_a_report_ends_with_the_runs_to_make_next_as_suggest_writes_them(results: str) -> None:
    value = json.loads(report("new", results=results, form="json").text)["notes"]
    assert value["next_command"] == "featray suggest new-1 -o sweeps"
    named = [each.name for each in suggest("new", results=results).followups]
    assert [each["name"] for each in value["next_runs"]] == named
    text = report("new", results=results).text
    assert "`featray suggest new-1 -o sweeps` writes the sweeps:" in text
    assert "| new-few-invocations | RTX PRO 6000 Blackwell Workstation Edition of box | 1 |" in text


def test_the_setting_to_use_is_named_for_scripts_too(tmp_path: Path) -> None:
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch, timed_s=[1 + 1 / batch]) for batch in (1, 100, 200)]
    store.append(str(tmp_path), rows)
    (setting,) = json.loads(report(results=str(tmp_path), form="json").text)["settings_to_use"]
    assert (setting["cell_id"], setting["as_good_batch_sizes"]) == ("c100", [200])


def test_follow_ups_are_suggested_from_what_a_report_finds(results: str) -> None:
    found = suggest("new", results=results)
    assert "new-few-invocations" in [each.name for each in found.followups]
