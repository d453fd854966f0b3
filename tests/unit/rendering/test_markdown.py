"""Markdown: the layout of py-feat's reports, and text that stays text."""

import pytest

from featray.rendering import markdown, notes
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row

HOSTILE = "a|b\n# <script>alert(1)</script> ![x](http://x.example) `c` *d* _e_"


def test_a_report_of_one_gpu_has_the_layout_of_py_feats() -> None:
    text = markdown.render(make_report([make_row(description="A first look.")]))
    assert text == (
        "# featray: quickstart — 2026-05-14 23:15:32 UTC\n\n"
        "## Run metadata\n\n"
        "- **Date:** 2026-05-14 23:15:32 UTC\n- **Sweep:** quickstart\n- **Run:** quickstart-1\n"
        "- **py-feat version:** 2.1.5\n- **Host:** box (x86_64, 16 CPUs)\n- **Python:** 3.12.3\n"
        "- **PyTorch:** 2.11.0+cu128\n- **GPU:** CUDA 12.8, NVIDIA RTX 4000\n- **OMP_NUM_THREADS:** 1\n"
        "- **Devices swept:** cuda\n- **Batch sizes:** 16\n- **DataLoader workers:** 0\n"
        "- **Weights:** pretrained\n- **Protocol:** featray\n\n"
        "**Scope:** A first look.\n\n"
        "## Video: short (72 frames)\n\n### retinaface\n\n"
        "| device | batch | sec | ms/frame | fps |\n|---|---|---|---|---|\n"
        "| cuda | 16 | 0.72 | 10.0 | 100.0 |\n\n"
        "## Words\n\n"
        "- **cell:** one point of the grid: a detector, an input, a device, a batch size and the other settings\n"
        "- **target:** one physical device of one machine: a GPU, known by its UUID, or the machine's CPU\n"
        "- **unit:** one cell on one target\n"
        "- **invocation:** one fresh process; statistics count these, because calls in one process are alike\n"
    )


def test_synthetic_weights_are_named_at_the_head_and_at_every_table() -> None:
    text = markdown.render(make_report([make_row(weights="synthetic")]))
    assert text.count("ynthetic weights") == 2
    assert "### retinaface (synthetic weights)" in text


def test_no_rows_are_said_to_be_none() -> None:
    assert "There are no rows to report." in markdown.render(make_report([]))


@pytest.mark.parametrize("column", ["hostname", "detector", "section_label", "description", "gpu_name", "reason"])
def test_nothing_from_the_store_becomes_markup(column: str) -> None:
    rows = [make_failed_row("failed", **{column: HOSTILE}), make_cpu_row(**{column: HOSTILE})]
    text = markdown.render(make_report(rows))
    assert "<script>" not in text
    assert "![" not in text
    assert "\n# <" not in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| c")}
    assert widths == {6}


def test_words_with_underscores_and_ranges_stay_readable() -> None:
    assert markdown.escape("16 x multi_face.jpg") == "16 x multi_face.jpg"
    assert markdown.escape("_e_ ü 顔 1_000") == "\\_e\\_ ü 顔 1_000"


def test_a_name_cannot_reverse_the_text_around_it() -> None:
    assert markdown.escape("abc\u202edef") == "abcdef"


def test_very_long_names_keep_their_ends() -> None:
    text = markdown.render(make_report([make_row(hostname="a" * 500 + "-7"), make_cpu_row()]))
    assert max(map(len, text.splitlines())) < 300
    assert "a-7" in text


def test_a_command_to_copy_cannot_end_its_span() -> None:
    assert markdown.code("featray suggest a -o sweeps") == "`featray suggest a -o sweeps`"
    assert markdown.code("featray suggest 'a`b'") == "featray suggest 'a\\`b'"


def test_a_sentence_keeps_its_code_and_escapes_the_rest() -> None:
    assert markdown.sentence("Raise `warmup_min`, *then* measure again.") == (
        "Raise `warmup_min`, \\*then\\* measure again."
    )
    assert markdown.sentence("one ` alone") == "one \\` alone"


def test_remarks_stand_after_what_was_found() -> None:
    found = notes.Notes(observations=(notes.Observation("stack", "Stack: torch 2.11."),))
    text = markdown.render(make_report([make_row(), make_failed_row("oom", "no memory", cell_id="b")]), found)
    heading, remark = text.index("\n\n## Remarks\n\n"), text.rindex("no memory")
    assert 0 < text.index("\n## Notes\n\n- Stack: torch 2.11.\n") < heading < remark


def test_faces_per_frame_are_explained_where_they_are_shown() -> None:
    explained = "`faces/frame`: the mean number of faces in a frame, with the fewest and the most."
    rows = [make_row(asked='{"input": {"faces": null}}', faces=36, faces_min=0, faces_mean=0.5, faces_max=2)]
    assert explained in markdown.render(make_report(rows))
    assert explained not in markdown.render(make_report([make_row()]))
