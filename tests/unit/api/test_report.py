"""`featray.report`: where reports go, what they are compared with, and what stands at their end."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featray import store
from featray.api import report, suggest
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches, StoreError
from tests.support import fake_outputs
from tests.support.builders import BLACKWELL, BOX, CPU, RTX3090, SHELF, make_cell, make_row, make_rows, make_work
from tests.support.fake_outputs import make_fex, make_output_rows, make_table

DIGESTS = """
import hashlib, sys
from pathlib import Path
import featray
from featray.api.report import FORMATS
for form in FORMATS:
    text = featray.report("new", results=sys.argv[1], baseline="old", form=form, output=Path("-")).text
    print(form, hashlib.sha256(text.encode()).hexdigest())
for text in featray.suggest("new", results=sys.argv[1], baseline="old").files.values():
    print(text)
"""


def many_rows() -> list[Row]:
    """Make rows of every kind: two runs, hosts and GPUs, failures, an odd detector, equal times of starting."""
    rows: list[Row] = []
    for run_id, pace in (("old", 1.0), ("new", 0.9)):
        for host in (BOX, SHELF):
            for gpu in (RTX3090, BLACKWELL):
                uuid = f"{gpu['target_id']}-{host['hostname']}"
                place = {**host, **gpu, "target_id": uuid, "gpu_uuid": uuid, "run_id": run_id, "sweep": run_id}
                for detector in ("retinaface", "mpdetector", "their own"):
                    for batch in (1, 16):
                        times = [pace * share / batch**0.5 for share in (0.9, 1.0, 1.02)]
                        rows += make_rows(times, detector=detector, batch_size=batch, **place)
                rows += [
                    make_row(batch_size=64, status="oom", reason=f"lacks {number} MiB", invocation=number, **place)
                    for number in (1, 2)
                ]
    return rows


@pytest.mark.long
def test_the_same_rows_give_the_same_bytes_in_another_order_and_process(tmp_path: Path) -> None:
    outputs = []
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
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("markdown ")
    assert 'baseline: "old"' in outputs[0]


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="submit a sweep, such as"):
        report(results=str(tmp_path))


def test_a_report_is_kept_under_the_name_of_its_run(results: str) -> None:
    reported = report("new", results=results)
    assert reported.files == (Path(results) / "reports" / "new-1.md",)
    assert reported.files[0].read_text(encoding="utf-8") == reported.text
    assert [file.name for file in reported.files[0].parent.iterdir()] == ["new-1.md"]


def test_json_goes_to_a_file_only_when_asked(results: str, tmp_path: Path) -> None:
    assert report(results=results, form="json").files == ()
    path = tmp_path / "deep" / "report.json"
    assert report(results=results, form="json", output=path).files == (path,)


def test_a_dash_writes_no_file(results: str) -> None:
    assert report(results=results, output=Path("-")).files == ()
    assert not (Path(results) / "reports").exists()


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_notes_of_people_are_part_of_every_report_of_that_name(results: str, form: str) -> None:
    folder = Path(results) / "reports"
    folder.mkdir()
    (folder / "new-1.notes.md").write_text("Looked at *by hand*.\n", encoding="utf-8")
    for _ in range(2):
        shown = "Looked at <em>by hand</em>." if form == "html" else "Looked at *by hand*."
        assert report(results=results, form=form).text.count(shown) == 1
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
    assert "Compared with before (RTX 3090), each side at its best batch:" in text
    assert "| 2.00x | 1.82x to 2.20x | FASTER |" in text  # 2 x exp(+-2.16 x sqrt(2 x 0.0001 / 3 + 2 x 0.03^2))
    assert report("before", results=results, baseline="after").text.count("| SLOWER |") == 1


def test_a_missing_baseline_of_the_sweep_is_a_problem_and_one_of_the_caller_an_error(tmp_path: Path) -> None:
    results = str(tmp_path)
    store.append(results, [make_row(baseline="gone")])
    reported = report(results=results)
    assert any("no comparison" in problem and "'gone'" in problem for problem in reported.problems)
    with pytest.raises(NothingMatches, match="'lost'"):
        report(results=results, baseline="lost")


def test_a_run_is_not_its_own_baseline(results: str) -> None:
    reported = report("new", results=results, baseline="new-1")
    assert reported.problems == ("no comparison: new-1 is itself the run that is reported",)


def test_a_report_ends_with_the_runs_to_make_next_as_suggest_writes_them(results: str) -> None:
    value = json.loads(report("new", results=results, form="json").text)["notes"]
    assert value["next_command"] == "featray suggest new-1 -o sweeps"
    names = [followup.name for followup in suggest("new", results=results).followups]
    assert [run["name"] for run in value["next_runs"]] == names
    text = report("new", results=results).text
    assert "`featray suggest new-1 -o sweeps` writes them:" in text
    assert "| new-few-invocations | RTX PRO 6000 Blackwell" in text


def test_the_setting_to_use_is_named_for_scripts_too(tmp_path: Path) -> None:
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch, timed_s=[1 + 1 / batch]) for batch in (1, 100, 200)]
    store.append(str(tmp_path), rows)
    (setting,) = json.loads(report(results=str(tmp_path), form="json").text)["settings_to_use"]
    assert (setting["cell_id"], setting["as_good_batch_sizes"]) == ("c100", [200])


FEX = make_fex()
MOVED = fake_outputs.moved(FEX, fake_outputs.AUS, 0.16)


def keep(results: str, medians_s: list[float], fex: pd.DataFrame, **changes: Any) -> None:
    """Store the rows of a unit and its output."""
    rows = make_output_rows(medians_s, {1: fex}, **changes)
    store.append(results, rows)
    store.outputs.keep(results, rows[0], make_table(fex))


@pytest.fixture
def drifted(tmp_path: Path) -> str:
    """A store of two runs whose outputs lie within tolerance on one machine, and beyond it on another."""
    results = str(tmp_path)
    for run_id, pace, on_gpu in (("before-1", 1.0, FEX), ("after-1", 0.5, MOVED)):
        times = [pace * share for share in (1.0, 1.01, 0.99)]
        sweep = run_id.partition("-")[0]
        keep(results, times, fake_outputs.noisy(FEX, 1e-6 if pace < 1 else 0.0), run_id=run_id, sweep=sweep, **CPU)
        keep(results, times, on_gpu, run_id=run_id, sweep=sweep)
    return results


def test_pairs_with_a_baseline_show_how_far_their_outputs_drifted(drifted: str) -> None:
    on_gpu, on_cpu = _pairs(report("after", results=drifted, baseline="before", form="json").text)
    assert (on_gpu["verdict"], on_gpu["speedup"]) == ("NOT COMPARABLE", None)
    assert on_gpu["drift"].startswith("drift beyond tolerance: action units median 0.16")
    assert (on_cpu["verdict"], on_cpu["speedup"]) == ("FASTER", pytest.approx(2.0))
    assert on_cpu["drift"].startswith("drift: within tolerance, largest in ")
    text = report("after", results=drifted, baseline="before").text
    assert "| verdict | drift |" in text
    assert "| FASTER | within tolerance, largest in" in text
    assert "| NOT COMPARABLE | beyond tolerance: action units median 0.16" in text


def _pairs(text: str) -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]] = json.loads(text)["notes"]["comparisons"]
    return sorted(pairs, key=lambda pair: str(pair["where"]) != "RTX 3090")


def test_what_changes_from_the_baseline_is_a_part_of_what_changes(drifted: str) -> None:
    value = json.loads(report("after", results=drifted, baseline="before", form="json").text)
    changes = [*value["what_changes"], *value["what_changes_from_baseline"]]
    runs = {(change["unit"]["target_id"], change["reference"]["run_id"]) for change in changes}
    assert (RTX3090["target_id"], "before-1") in runs
    text = report("after", results=drifted, baseline="before").text
    (line,) = [line for line in text.splitlines() if "(run before-1)" in line and "RTX 3090 (run" in line]
    assert "| action units | 0.16 | 0.16 | 0.16 | 0.15 | 100% |" in line


def test_without_kept_outputs_pairs_have_no_column_of_drift(tmp_path: Path) -> None:
    store.append(str(tmp_path), make_rows([1.0, 1.01, 0.99], run_id="before-1", sweep="before"))
    store.append(str(tmp_path), make_rows([0.5, 0.505, 0.495], run_id="after-1", sweep="after", baseline="before"))
    assert "| verdict |\n" in report("after", results=str(tmp_path)).text


def test_the_reference_may_be_named_anew(drifted: str) -> None:
    value = json.loads(report("after", results=drifted, form="json", reference="device=cuda").text)
    (change,) = value["what_changes"]
    assert change["reference"]["target_id"] == RTX3090["target_id"]
    assert report("after", results=drifted, reference="device=cuda").problems == ()


def test_a_reference_that_nothing_is_gets_told(drifted: str) -> None:
    (problem,) = report("after", results=drifted, reference="batch_size=3").problems
    assert problem == "reference=: no output of these runs could be compared with one of batch_size 3"
    with pytest.raises(BadInput, match="reference='batch=3': batch: no such setting"):
        report("after", results=drifted, reference="batch=3")


def test_what_the_baseline_comparison_varies_can_be_named(results: str) -> None:
    with pytest.raises(BadInput, match="there is none: add baseline="):
        report("new", results=results, over=["amp"])
    with pytest.raises(BadInput, match="over='amb': no such key"):
        report("new", results=results, baseline="old", over=["amb"])
    for sweep, is_on in (("plain", "False"), ("fast", "True")):
        work = {**make_work(make_cell()), "amp": is_on}
        store.append(results, make_rows([1.0, 1.01, 1.02], run_id=f"{sweep}-1", sweep=sweep, work=work))
    closed = report("fast", results=results, baseline="plain").notes.comparisons
    opened = report("fast", results=results, baseline="plain", over=["amp"]).notes.comparisons
    assert [pair.verdict for pair in closed] == ["NOT COMPARABLE"]
    assert [pair.verdict != "NOT COMPARABLE" for pair in opened] == [True]
