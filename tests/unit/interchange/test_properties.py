"""Whatever py-feat's script measured and printed, it comes back as printed, and the true time is in the interval."""

import hypothesis.strategies as st
from hypothesis import given, settings

from featray.interchange import figures, pyfeat_markdown
from tests.support import reports

QUICK = settings(max_examples=100, derandomize=True, deadline=None)
SECONDS = st.floats(0.006, 5000)
UNITS = st.integers(1, 5000)


def printed(seconds: float, units: int) -> dict[str, str]:
    """Print a duration as py-feat's script does."""
    return {"sec": f"{seconds:.2f}", "ms/frame": f"{seconds / units * 1000:.1f}", "fps": f"{units / seconds:.1f}"}


@QUICK
@given(SECONDS, UNITS)
def test_the_true_duration_lies_in_the_interval_that_its_print_allows(seconds: float, units: int) -> None:
    found = figures.estimate(printed(seconds, units), units)
    assert found.contradiction is None
    assert found.interval.low * (1 - 1e-9) <= seconds <= found.interval.high * (1 + 1e-9)


@QUICK
@given(SECONDS, UNITS)
def test_no_figure_widens_what_the_others_allow(seconds: float, units: int) -> None:
    shown = printed(seconds, units)
    joint = figures.estimate(shown, units).interval
    for name in ("sec", "ms/frame"):
        alone = figures.estimate({name: shown[name]}, units).interval
        assert alone.low <= joint.low * (1 + 1e-9)
        assert joint.high * (1 - 1e-9) <= alone.high


LINES = st.lists(st.tuples(st.sampled_from(["cpu", "cuda"]), st.integers(1, 512), SECONDS), min_size=1, max_size=5)
SECTIONS = st.sampled_from(["Video: short (72 frames)", "Video: lab (7 frames)", "Images: 3 x crowd.png = 9 faces"])
CONFIGS = st.sampled_from(["img2pose", "MPDetector retinaface", "some detector"])


@QUICK
@given(st.dictionaries(st.tuples(SECTIONS, CONFIGS), LINES, min_size=1, max_size=4))
def test_any_report_comes_back_byte_for_byte(measured: dict[tuple[str, str], list[tuple[str, int, float]]]) -> None:
    units = {"Video: short (72 frames)": 72, "Video: lab (7 frames)": 7, "Images: 3 x crowd.png = 9 faces": 3}
    tables = {}
    for (section, config), lines in sorted(measured.items()):
        tables[section, config] = [
            (device, str(batch), *list(printed(seconds, units[section]).values())[:2], "9")
            if section.startswith("Images")
            else (device, str(batch), *printed(seconds, units[section]).values())
            for device, batch, seconds in lines
        ]
    text = reports.markdown(tables)
    rows = pyfeat_markdown.parse(text, "run.md", "run").rows
    assert len({row.key() for row in rows}) == sum(len(lines) for lines in tables.values())
    if len({(row.cell_id, row.target_id) for row in rows}) == len(rows):  # else a cell was printed twice: one line each
        assert pyfeat_markdown.write(rows) == {"run.md": text}
