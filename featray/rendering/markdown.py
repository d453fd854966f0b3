"""Markdown: a report in the layout of py-feat's, byte for byte the same for the same rows.

Whatever comes from a store is escaped: a host called `<script>` or `a|b` is text.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from featray.core import wording
from featray.rendering import notes, table_text
from featray.rendering.document import Block, InputSection, Report, Table
from featray.rendering.notes import NextRun, Notes, PairNote
from featray.rendering.remarks import Remark

SYNTHETIC = "synthetic weights: times are indicative and are never compared with pretrained ones"
TIMES = "Times are geometric means over invocations of their median repeat; an invocation is one fresh process."
_CALLS = "`calls` is invocations x repeats."
_INTERVAL = "95% CI is the confidence interval of the time per frame or image in ms, over invocations."
_SPREAD = "IQR is the interquartile range of one invocation's repeats over their median."
_SPECIAL = re.compile(r"([\\`*\[\]|~$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;"}
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word an underscore is only itself


def escape(text: str) -> str:
    """Write text so that every Markdown renderer shows it as it is, anywhere but at the start of a line."""
    escaped = _SPECIAL.sub(r"\\\1", wording.plain(text))
    escaped = _EDGE_UNDERSCORE.sub(r"\\_", escaped)
    return "".join(_ENTITIES.get(each, each) for each in escaped)


def code(text: str) -> str:
    """Write text to be copied; a name that would end the span is escaped instead."""
    return f"`{wording.plain(text)}`" if "`" not in text else escape(text)


def render(report: Report, found: Notes = notes.NONE, hand_written: str | None = None) -> str:
    """Write the whole report, ending with a newline; notes of people stand below a rule, as they are."""
    parts = ["\n".join([*_lines(report), *_notes(found), *_remarks(notes.untold(report.remarks, found))]).rstrip()]
    if hand_written is not None and hand_written.strip():
        parts += ["---", hand_written.strip()]
    return "\n\n".join(parts) + "\n"


def _lines(report: Report) -> Iterator[str]:
    date = f" — {report.date} UTC" if report.date else ""
    yield f"# featray: {escape(report.name)}{date}"
    yield ""
    if report.synthetic:
        yield f"**{SYNTHETIC.capitalize()}.**"
        yield ""
    yield from _metadata("## Run metadata", report.metadata)
    for description in report.descriptions:
        yield f"**Scope:** {escape(description)}"
        yield ""
    if not report.units:
        yield "There are no rows to report."
        return
    if report.columns.calls:
        columns = report.columns
        yield " ".join([TIMES, _CALLS, *[_INTERVAL] * columns.interval, *[_SPREAD] * columns.spread])
        yield ""
    for block in report.blocks:
        yield from _block(block, report)
    yield from _best(report)


def _metadata(heading: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not pairs:
        return
    yield heading
    yield ""
    yield from (f"- **{label}:** {escape(value)}" for label, value in pairs)
    yield ""


def _block(block: Block, report: Report) -> Iterator[str]:
    """Write one block; a report's only block has its metadata and headings at the top, as py-feat's reports do."""
    alone = len(report.blocks) == 1
    if not alone:
        yield from _metadata(f"## {escape(block.heading)}", block.metadata or (("Host", "unknown"),))
    for section in block.sections:
        yield from _section(section, report, "##" if alone else "###")


def _section(section: InputSection, report: Report, level: str) -> Iterator[str]:
    yield f"{level} {escape(section.heading)}"
    yield ""
    for table in section.tables:
        yield f"{level}# {escape(table.heading)}{_weights(table)}"
        yield ""
        texts = (table_text.cells(unit, report.columns, section.kind) for unit in table.units)
        yield from grid(table_text.headings(report.columns, section.kind), texts)
        yield ""


def _weights(table: Table) -> str:
    return " (synthetic weights)" if table.synthetic else ""


def grid(headings: Sequence[str], texts: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table."""
    yield _line(headings)
    yield "|" + "---|" * len(headings)
    yield from map(_line, texts)


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(escape(each) if each != wording.ABSENT else each for each in texts)} |"


def _best(report: Report) -> Iterator[str]:
    """Write the settings to use, one table per input."""
    if not report.best:
        return
    yield f"## {table_text.best_title(report)}"
    yield ""
    yield table_text.BEST_NOTE
    yield ""
    headings, texts = table_text.best_table(report)
    for heading, members in itertools.groupby(texts, key=lambda line: line[0]):
        yield f"### {escape(heading)}"
        yield ""
        yield from grid(headings[1:], (line[1:] for line in members))
        yield ""


def _remarks(remarks: Sequence[Remark]) -> Iterator[str]:
    if remarks:
        yield "## Remarks"
        yield ""
        yield from (f"- {escape(remark.text)}" for remark in remarks)
        yield ""


PAIRS_HEADINGS = ("config", "baseline", "candidate", "speedup", "95% CI", "verdict")


def _notes(found: Notes) -> Iterator[str]:
    """Write what the diagnosis found: headline, comparison table, observations."""
    if found == notes.NONE:
        return
    yield "## Notes"
    yield ""
    if found.headline:
        yield f"**{escape(found.headline.text)}**"
        yield ""
    if found.comparisons:
        yield f"Against {escape(found.baseline or 'the baseline')}, best batch against best batch:"
        yield ""
        yield from grid(PAIRS_HEADINGS, map(_pair, found.comparisons))
        yield ""
    yield from (f"{escape(remark)}\n" for remark in found.remarks)
    yield from (f"- {escape(each.text)}" for each in found.observations)
    yield from _next_runs(found)
    yield ""


NEXT_HEADINGS = ("sweep", "where", "cells", "about", "why")


def _next_runs(found: Notes) -> Iterator[str]:
    if found.next_command is None:
        return
    yield from ("", "### Next runs", "")
    yield f"What the findings ask for; {code(found.next_command)} writes the sweeps:"
    yield ""
    yield from grid(NEXT_HEADINGS, map(_next_run, found.next_runs))


def _next_run(each: NextRun) -> list[str]:
    why = "; ".join(each.reasons)
    return [each.name, each.where, str(each.cells), wording.duration(each.expected_s), why]


def _pair(each: PairNote) -> list[str]:
    config = f"{each.config}, {each.where}" if each.where else each.config
    return [config, each.baseline, each.candidate, notes.speedup(each), notes.interval(each), each.verdict]
