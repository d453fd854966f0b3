"""py-feat's markdown reports: every table line a row, and written back byte for byte."""

import pytest

from featray.errors import ImportFileError
from featray.interchange import pyfeat_markdown
from featray.interchange.imported_rows import Import
from tests.support import reports

RUN = "2026-07-01-abc1234"


def parse(text: str) -> Import:
    return pyfeat_markdown.parse(text, f"{RUN}.md", RUN)


def test_every_line_of_every_table_becomes_a_row() -> None:
    found = parse(reports.markdown())
    assert [(row.detector, row.input, row.device, row.batch_size) for row in found.rows] == [
        ("img2pose", "short", "cpu", 1),
        ("img2pose", "short", "cuda", 16),
        ("detectorv2", "short", "cuda", 16),
        ("img2pose", "multi-face", "cuda", 1),
    ]
    assert found.warnings == ()


def test_an_imported_row_is_one_timed_call_with_labels_for_identity() -> None:
    row = parse(reports.markdown()).rows[1]
    assert (row.sweep, row.run_id, row.source_file) == (RUN, RUN, f"{RUN}.md")
    assert row.target_id == "cuda:NVIDIA RTX 4000@box"
    assert (row.work_id, row.host_id, row.gpu_uuid, row.work) == (None, None, None, None)
    assert (row.invocation, row.attempt, row.status, row.protocol) == (1, 1, "ok", "pyfeat")
    # sec 2.16 allows 2.155..2.165, ms/frame 30.0 2.1564..2.1636, fps 33.3 2.15892..2.16541.
    assert row.interval_s == pytest.approx([72 / 33.35, 2.1636])
    assert row.timed_s == pytest.approx([(72 / 33.35 + 2.1636) / 2])
    assert row.printed is not None
    assert (row.printed["sec"], row.printed["ms/frame"], row.printed["fps"]) == ("2.16", "30.0", "33.3")


def test_context_comes_from_the_metadata_and_a_cpu_row_names_no_gpu() -> None:
    on_cpu, on_gpu = parse(reports.markdown()).rows[:2]
    assert (on_gpu.gpu_name, on_gpu.cuda, on_gpu.torch) == ("NVIDIA RTX 4000", "12.8", "2.11.0+cu128")
    assert (on_gpu.hostname, on_gpu.arch, on_gpu.cpu_count) == ("box", "x86_64", 16)
    assert (on_gpu.pyfeat, on_gpu.pyfeat_commit, on_gpu.omp_num_threads) == ("2.1.5", "abc1234", "1")
    assert on_gpu.started_at == "2026-07-01T09:30:00.000+00:00"
    assert (on_cpu.gpu_name, on_cpu.target_id) == (None, "cpu@box")


def test_equal_labels_in_two_reports_are_the_same_cell() -> None:
    older = pyfeat_markdown.parse(reports.markdown(), "older.md", "older").rows
    newer = pyfeat_markdown.parse(reports.markdown(), "newer.md", "newer").rows
    assert [row.cell_id for row in older] == [row.cell_id for row in newer]
    assert len({row.cell_id for row in older}) == 4


def test_a_cell_that_is_printed_twice_is_two_invocations() -> None:
    tables = {
        (reports.SHORT, "img2pose"): [("cpu", "1", "57.60", "800.0", "1.2"), ("cpu", "1", "50.40", "700.0", "1.4")]
    }
    assert [row.invocation for row in parse(reports.markdown(tables)).rows] == [1, 2]


def test_the_workers_column_is_read_where_it_stands() -> None:
    tables = {(reports.SHORT, "retinaface"): [("mps", "1", "2", "50.00", "694.4", "1.4")]}
    row = parse(reports.markdown(tables, workers=True)).rows[0]
    assert (row.num_workers, row.batch_size, row.device) == (2, 1, "mps")


def test_the_oldest_form_with_a_bare_date_and_mps_line_is_read() -> None:
    metadata = {name: text for name, text in reports.METADATA.items() if name != "GPU"}
    metadata |= {"Date": "2026-05-03", "MPS available": "True", "Devices swept": "`['mps']`"}
    tables = {(reports.SHORT, "retinaface"): [("mps", "16", "0.98", "13.7", "73.2")]}
    row = parse(reports.markdown(tables, metadata=metadata)).rows[0]
    assert (row.started_at, row.target_id, row.gpu_name) == ("2026-05-03T00:00:00.000+00:00", "mps@box", None)


def test_hand_written_notes_are_not_read() -> None:
    notes = "---\n\n## Video: best\n\n### img2pose\n\n| device | batch | sec | ms/frame | fps |\n| cpu | x |\n"
    assert len(parse(reports.markdown(notes=notes)).rows) == 4


def test_hand_written_tables_between_the_sections_are_not_read() -> None:
    text = reports.markdown().replace(
        reports.NOTE, f"{reports.NOTE}\n\n## Headline\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
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
def test_a_hand_written_table_after_the_figures_is_left_and_named(notes: str, line: int) -> None:
    found = parse(reports.markdown(notes=notes))
    assert len(found.rows) == 4
    assert found.warnings == (f"{RUN}.md: line {line}: a table that py-feat's script does not write here; not read",)


def test_figures_after_a_hand_written_table_are_read() -> None:
    text = reports.markdown().replace("\n### Detectorv2", f"\nSee:\n\n{HAND_TABLE}\n### Detectorv2")
    assert len(parse(text).rows) == 4
    assert len(parse(text).warnings) == 1


def test_figures_that_lost_the_head_of_their_table_are_refused() -> None:
    with pytest.raises(ImportFileError, match="line 44: columns cuda, 1"):
        parse(reports.markdown(notes="| cuda | 1 | 2.40 | 150.0 | 80 |\n"))


def test_figures_that_contradict_each_other_are_imported_with_a_warning() -> None:
    tables = {(reports.SHORT, "img2pose"): [("cpu", "1", "57.60", "900.0", "1.2")]}
    found = parse(reports.markdown(tables))
    assert found.rows[0].timed_s == pytest.approx([57.60])
    assert found.rows[0].reason is not None
    (warning,) = found.warnings
    assert "line 25" in warning
    assert "sec 57.60, ms/frame 900.0, fps 1.2 cannot all be true" in warning


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("| cpu | 1 | 57.60 |", "| cpu | 0 | 57.60 |", "line 25: batch '0' is not a whole number from 1"),
        ("| cpu | 1 | 57.60 |", "| cpu | 1 | fast |", "line 25: 'fast' is not a number"),
        ("| cpu | 1 | 57.60 |", "| gpu | 1 | 57.60 |", "line 25: device 'gpu'; expected cpu, cuda, mps"),
        ("| cpu | 1 | 57.60 | 800.0 | 1.2 |", "| cpu | 1 | 57.60 |", "line 25: 3 cells under 5 columns"),
        ("| sec | ms/frame |", "| seconds | ms/frame |", "line 23: columns device, batch, seconds"),
        ("short (72 frames)", "my clip", "section 'my clip' does not say how many frames"),
        ("short (72 frames)", "my clip (0 frames)", "does not say how many frames"),
        ("- **Date:** 2026-07-01 09:30:00\n", "", "no '- .+Date"),
        ("- **Date:** 2026-07-01 09:30:00\n", "- **Date:** soon\n", "'soon' is no date"),
        ("## Video: short (72 frames)", "## Something", None),
        ("\n### ", "\n#### ", "no table of timings"),
    ],
)
def test_a_broken_report_says_where_and_imports_nothing(old: str, new: str, message: str | None) -> None:
    text = reports.markdown()
    assert old in text
    if message is None:
        assert len(parse(text.replace(old, new)).rows) == 1
        return
    with pytest.raises(ImportFileError, match=message) as caught:
        parse(text.replace(old, new))
    assert str(caught.value).startswith(f"{RUN}.md: ")


def test_a_report_comes_back_byte_for_byte() -> None:
    text = reports.markdown()
    assert pyfeat_markdown.write(parse(text).rows) == {f"{RUN}.md": text}


def test_a_report_with_workers_and_notes_comes_back_without_the_notes() -> None:
    tables = {
        (reports.SHORT, "retinaface"): [
            ("mps", "1", "0", "5.00", "69.4", "14.4"),
            ("mps", "1", "2", "50.00", "694.4", "1.4"),
        ]
    }
    text = reports.markdown(tables, workers=True)
    assert pyfeat_markdown.write(parse(text + "---\n\n## Notes\n").rows) == {f"{RUN}.md": text}


def test_rows_may_come_in_any_order() -> None:
    text = reports.markdown()
    assert pyfeat_markdown.write(parse(text).rows[::-1]) == {f"{RUN}.md": text}
