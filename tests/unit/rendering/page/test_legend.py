"""Colours, marks, and the buttons that filter by them."""

from featray.rendering.page import legend
from tests.support.report_rows import make_cpu_row, make_report, make_row


def test_detectors_have_colours_and_targets_have_marks() -> None:
    report = make_report([make_row(), make_cpu_row(detector="img2pose")])
    keys = legend.of_report(report)
    img2pose, retinaface = report.ordered()
    assert (keys.colour(img2pose), keys.colour(retinaface)) == (0, 1)
    assert keys.mark(img2pose) != keys.mark(retinaface)


def test_a_button_names_a_target_as_the_tables_do() -> None:
    report = make_report([make_row(), make_row(hostname="shelf", host_id="h2", target_id="GPU-2")])
    groups = {group.key: group for group in legend.chip_groups(legend.of_report(report), report.ordered())}
    assert [chip.text for chip in groups["target"].chips] == ["RTX 4000 of box", "RTX 4000 of shelf"]


def test_a_single_input_has_no_button() -> None:
    report = make_report([make_row()])
    groups = legend.chip_groups(legend.of_report(report), report.ordered())
    assert [group.key for group in groups] == ["detector", "target"]
    report = make_report([make_row(), make_row(cell_id="b", input="long", section_label="long (472 frames)")])
    groups = legend.chip_groups(legend.of_report(report), report.ordered())
    assert [group.key for group in groups] == ["detector", "target", "input"]
