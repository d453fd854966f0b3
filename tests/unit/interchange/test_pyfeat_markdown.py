"""py-feat's markdown reports: every table line a row, and written back byte for byte."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from featray.interchange import pyfeat_markdown
from featray.interchange.imported_rows import ParsedReport
from tests.support import pyfeat_reports
from tests.support.builders import CPU, make_row, make_rows

RUN = "2026-07-01-abc1234"
QUICK = settings(max_examples=100, derandomize=True, deadline=None)
FRAMES = {"Video: short (72 frames)": 72, "Video: lab (7 frames)": 7, "Images: 3 x crowd.png = 9 faces": 3}
"""Heading of a section -> frames or images of one call."""
CONFIGS = st.sampled_from(["img2pose", "MPDetector retinaface", "some detector"])
DEVICES, BATCHES = st.sampled_from(["cpu", "cuda"]), st.integers(1, 512)
LINES = st.lists(st.tuples(DEVICES, BATCHES, st.floats(0.006, 5000)), min_size=1, max_size=5)


def parse(text: str) -> ParsedReport:
    return pyfeat_markdown.parse(text, RUN, f"{RUN}.md")


def test_every_line_of_every_table_becomes_a_row() -> None:
    report = parse(pyfeat_reports.markdown())
    assert [(row.detector, row.input, row.device, row.batch_size) for row in report.rows] == [
        ("img2pose", "short", "cpu", 1),
        ("img2pose", "short", "cuda", 16),
        ("detectorv2", "short", "cuda", 16),
        ("img2pose", "multi-face", "cuda", 1),
    ]
    assert report.warnings == ()


def test_context_comes_from_the_metadata_and_a_cpu_row_names_no_gpu() -> None:
    on_cpu, on_gpu = parse(pyfeat_reports.markdown()).rows[:2]
    assert (on_gpu.gpu_name, on_gpu.cuda, on_gpu.torch) == ("NVIDIA RTX 4000", "12.8", "2.11.0+cu128")
    assert (on_gpu.hostname, on_gpu.arch, on_gpu.cpu_count) == ("box", "x86_64", 16)
    assert (on_gpu.pyfeat, on_gpu.pyfeat_commit, on_gpu.omp_num_threads) == ("2.1.5", "abc1234", "1")
    assert on_gpu.started_at == "2026-07-01T09:30:00.000+00:00"
    assert (on_cpu.gpu_name, on_cpu.target_id) == (None, "cpu@box")


def test_the_workers_column_is_read_where_it_stands() -> None:
    tables = {(pyfeat_reports.SHORT, "retinaface"): [("mps", "1", "2", "50.00", "694.4", "1.4")]}
    row = parse(pyfeat_reports.markdown(tables, workers=True)).rows[0]
    assert (row.num_workers, row.batch_size, row.device) == (2, 1, "mps")


def test_the_oldest_form_with_a_bare_date_and_mps_line_is_read() -> None:
    metadata = {name: text for name, text in pyfeat_reports.METADATA.items() if name != "GPU"}
    metadata |= {"Date": "2026-05-03", "MPS available": "True", "Devices swept": "`['mps']`"}
    tables = {(pyfeat_reports.SHORT, "retinaface"): [("mps", "16", "0.98", "13.7", "73.2")]}
    row = parse(pyfeat_reports.markdown(tables, metadata=metadata)).rows[0]
    assert (row.started_at, row.target_id, row.gpu_name) == ("2026-05-03T00:00:00.000+00:00", "mps@box", None)


def test_hand_written_notes_are_not_read() -> None:
    notes = "---\n\n## Video: best\n\n### img2pose\n\n| device | batch | sec | ms/frame | fps |\n| cpu | x |\n"
    assert len(parse(pyfeat_reports.markdown(notes=notes)).rows) == 4


def test_hand_written_tables_between_the_sections_are_not_read() -> None:
    text = pyfeat_reports.markdown().replace(
        pyfeat_reports.NOTE, f"{pyfeat_reports.NOTE}\n\n## Headline\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert len(parse(text).rows) == 4


HAND_TABLE = "| Config | Speedup |\n|---|---|\n| a | 2x |\n"
SAME_COLUMNS = "| device | batch | sec | ms/img | rows |\n|---|---|---|---|---|\n| cuda | 1 | 2.00 | 125.0 | 80 |\n"


@pytest.mark.parametrize(
    ("notes", "line"),
    [
        (HAND_TABLE, 44),
        (f"**Notes:** hand\n\n{HAND_TABLE}", 46),
        (f"### Best\n\n{HAND_TABLE}", 46),
        (f"Once more, with the fan on:\n\n{SAME_COLUMNS}", 46),
    ],
)
def test_a_hand_written_table_after_the_figures_is_skipped_and_named(notes: str, line: int) -> None:
    report = parse(pyfeat_reports.markdown(notes=notes))
    assert len(report.rows) == 4
    assert report.warnings == (f"line {line}: skipped a table that py-feat's script does not write here",)


def test_figures_after_a_hand_written_table_are_read() -> None:
    text = pyfeat_reports.markdown().replace("\n### Detectorv2", f"\nSee:\n\n{HAND_TABLE}\n### Detectorv2")
    assert len(parse(text).rows) == 4
    assert len(parse(text).warnings) == 1


def test_figures_that_lost_the_head_of_their_table_are_refused() -> None:
    with pytest.raises(ValueError, match=r"line 44: expected columns device, batch, sec, .*; got cuda, 1, 2\.40"):
        parse(pyfeat_reports.markdown(notes="| cuda | 1 | 2.40 | 150.0 | 80 |\n"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("| cpu | 1 | 57.60 |", "| cpu | 0 | 57.60 |", "line 25: batch: expected a whole number from 1, got '0'"),
        ("| cpu | 1 | 57.60 |", "| cpu | 1 | fast |", "line 25: sec: expected a number such as 2.21, got 'fast'"),
        ("| cpu | 1 | 57.60 |", "| gpu | 1 | 57.60 |", "line 25: device 'gpu' is unknown; expected cpu, cuda, mps"),
        (
            "| cpu | 1 | 57.60 | 800.0 | 1.2 |",
            "| cpu | 1 | 57.60 |",
            "line 25: expected 5 cells, .*; got 3",
        ),
        (
            "| sec | ms/frame |",
            "| seconds | ms/frame |",
            "line 23: expected columns .*; got device, batch, seconds",
        ),
        ("short (72 frames)", "my clip", "line 25: section 'my clip' does not say how many frames .* end it with"),
        ("short (72 frames)", "my clip (0 frames)", "does not say how many frames"),
        ("- **Date:** 2026-07-01 09:30:00\n", "", "no '- .+Date"),
        (
            "- **Date:** 2026-07-01 09:30:00\n",
            "- **Date:** soon\n",
            "line 5: Date: expected a date .* got 'soon'",
        ),
        ("## Video: short (72 frames)", "## Something", None),
        ("\n### ", "\n#### ", "no table of timings"),
    ],
)
def test_a_broken_report_says_where_and_imports_nothing(old: str, new: str, message: str | None) -> None:
    text = pyfeat_reports.markdown()
    assert old in text
    if message is None:
        assert len(parse(text.replace(old, new)).rows) == 1
        return
    with pytest.raises(ValueError, match=message):
        parse(text.replace(old, new))


def test_a_report_comes_back_byte_for_byte() -> None:
    text = pyfeat_reports.markdown()
    assert pyfeat_markdown.write(parse(text).rows) == {f"{RUN}.md": text}


def test_a_report_with_workers_and_notes_comes_back_without_the_notes() -> None:
    tables = {
        (pyfeat_reports.SHORT, "retinaface"): [
            ("mps", "1", "0", "5.00", "69.4", "14.4"),
            ("mps", "1", "2", "50.00", "694.4", "1.4"),
        ]
    }
    text = pyfeat_reports.markdown(tables, workers=True)
    assert pyfeat_markdown.write(parse(text + "---\n\n## Notes\n").rows) == {f"{RUN}.md": text}


def test_rows_may_come_in_any_order() -> None:
    text = pyfeat_reports.markdown()
    assert pyfeat_markdown.write(parse(text).rows[::-1]) == {f"{RUN}.md": text}


@QUICK
@given(st.dictionaries(st.tuples(st.sampled_from(list(FRAMES)), CONFIGS), LINES, min_size=1, max_size=4))
def test_any_report_comes_back_byte_for_byte(measured: dict[tuple[str, str], list[tuple[str, int, float]]]) -> None:
    tables = {
        (section, config): [print_line(section, *line) for line in lines]
        for (section, config), lines in sorted(measured.items())
    }
    text = pyfeat_reports.markdown(tables)
    rows = pyfeat_markdown.parse(text, "run", "run.md").rows
    assert len({row.key() for row in rows}) == sum(len(lines) for lines in tables.values())
    if len({(row.cell_id, row.target_id) for row in rows}) == len(rows):  # else a cell was printed twice: one line each
        assert pyfeat_markdown.write(rows) == {"run.md": text}


def print_line(section: str, device: str, batch: int, call_s: float) -> tuple[str, ...]:
    texts = tuple(pyfeat_reports.print_duration(call_s, FRAMES[section]).values())
    return (device, str(batch), *((*texts[:2], "9") if section.startswith("Images") else texts))


def test_measured_rows_become_a_report_in_pyfeats_layout() -> None:
    # Medians 0.72, 0.36 and 1.44 s over 72 frames: the median invocation took 10 ms a frame.
    rows = make_rows([0.72, 0.36, 1.44], pyfeat_commit="c716340aaaa")
    (text,) = pyfeat_markdown.write(rows).values()
    assert text == "\n".join(
        [
            "# py-feat detector benchmark \u2014 2026-05-14 23:15:32 UTC",
            "",
            "## Run metadata",
            "",
            "- **Date:** 2026-05-14 23:15:32 UTC",
            "- **py-feat version:** 2.1.5",
            "- **Git commit:** c716340",
            "- **Host:** box (x86_64, 48 CPUs)",
            "- **Python:** 3.12.3",
            "- **PyTorch:** 2.11.0+cu128",
            "- **GPU:** CUDA 12.8, NVIDIA GeForce RTX 3090",
            "- **OMP_NUM_THREADS:** `1`",
            "- **Devices swept:** ['cuda']",
            "- **Batch sizes:** [16]",
            "- **DataLoader workers:** [0]",
            "",
            "Each timed call is preceded by one untimed warmup; the timed-call wall time is reported.",
            "",
            "## Video: short (72 frames)",
            "",
            "### retinaface",
            "",
            "| device | batch | sec | ms/frame | fps |",
            "|---|---|---|---|---|",
            "| cuda | 16 | 0.72 | 10.0 | 100.0 |",
            "",
            "",
        ]
    )


def test_a_report_written_by_featray_can_be_imported_again() -> None:
    rows = [*make_rows([0.72] * 3), make_row(input="multi-face", timed_s=[1.6]), make_row(**CPU, timed_s=[7.2])]
    (text,) = pyfeat_markdown.write(rows).values()
    again = pyfeat_markdown.parse(text, "again", "again.md").rows
    assert [(row.input, row.device) for row in again] == [("short", "cpu"), ("short", "cuda"), ("multi-face", "cuda")]
    assert [row.timed_s[0] for row in again if row.timed_s] == pytest.approx([7.2, 0.72, 1.6], abs=1e-5)


def test_synthetic_weights_are_named_in_the_metadata() -> None:
    (text,) = pyfeat_markdown.write([make_row(weights="synthetic")]).values()
    assert "- **Weights:** synthetic" in text


def test_two_reports_in_one_file_are_refused_also_behind_notes() -> None:
    text = pyfeat_reports.markdown()
    for between in ("", "\n---\nnotes\n"):
        with pytest.raises(ValueError, match=r"line \d+: a second report begins; import each from its own file"):
            pyfeat_markdown.parse(text + between + "\n" + text, "run", "run.md")


def test_a_table_that_is_there_twice_is_refused_with_both_places() -> None:
    text = pyfeat_reports.markdown()
    table = text[text.index("### img2pose") : text.index("### Detectorv2")]
    with pytest.raises(
        ValueError, match=r"line \d+: 'short \(72 frames\)' has a table of 'img2pose' on line \d+ already"
    ):
        pyfeat_markdown.parse(text.replace(table, table + table), "run", "run.md")
