"""Markdown: a report in the layout of py-feat's, byte for byte the same for the same rows.

Flow: `document.Report` and `Notes` -> `render` -> `featray report`. Pure.
Whatever comes from a store is escaped: a host called `<script>` or `a|b` stays text.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from featray.analysis.cautions import Caution
from featray.core import wording
from featray.rendering import best_settings, changes_text, columns, glossary, lengths_text, tradeoffs_text
from featray.rendering.columns import Columns
from featray.rendering.document import Block, InputSection, Report, Table
from featray.rendering.notes import (
    DRIFT,
    NEXT_HEADINGS,
    NONE,
    NextRun,
    Notes,
    PairNote,
    drift_cell,
    interval,
    speedup,
    without_findings,
)

NO_ROWS = "There are no rows to report."
SYNTHETIC = "Synthetic weights: the times are only indicative and are never compared with times of pretrained weights."
TIMES = (
    "A time is the median of an invocation's timed calls, averaged over the invocations (geometric mean). "
    "An invocation is one fresh process."
)
_FACES = "`faces/frame`: the mean number of faces in a frame, with the fewest and the most."
_CALLS = "`calls`: invocations x timed calls in each."
_INTERVAL = "`95% CI`: the range that holds the true time per frame or image, in ms, with 95% confidence."
_SPREAD = (
    "`IQR`: how far the timed calls of one invocation scatter; the middle half of them spans this share of the median."
)

_SPECIAL = re.compile(r"([\\`*\[\]|~$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;"}
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word an underscore is only itself


def escape(text: str) -> str:
    """Write text so that every Markdown renderer shows it as it is, anywhere but at the start of a line."""
    return _escape_plain(wording.plain(text))


def _escape_plain(text: str) -> str:
    escaped = _EDGE_UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", text))
    return "".join(_ENTITIES.get(character, character) for character in escaped)


def code(text: str) -> str:
    """Write text to be copied; a text that would end the code span is escaped instead."""
    return f"`{wording.plain(text)}`" if "`" not in text else escape(text)


def sentence(text: str) -> str:
    """Escape a sentence, but keep what is between backticks as code."""
    parts = wording.plain(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(f"`{part}`" if index % 2 else _escape_plain(part) for index, part in enumerate(parts))


def render(report: Report, notes: Notes = NONE, hand_written: str | None = None) -> str:
    """Write the whole report, ending with a newline; people's own notes follow below a rule, unchanged."""
    cautions = without_findings(report.cautions, notes)
    parts = ["\n".join([*_tables(report), *_notes(notes), *_remarks(cautions), *_words(report)]).rstrip()]
    if hand_written is not None and hand_written.strip():
        parts += ["---", hand_written.strip()]
    return "\n\n".join(parts) + "\n"


def _tables(report: Report) -> Iterator[str]:
    date = f" — {report.date} UTC" if report.date else ""
    yield f"# featray: {escape(report.name)}{date}"
    yield ""
    if report.synthetic:
        yield f"**{SYNTHETIC}**"
        yield ""
    yield from _metadata("## Run metadata", report.metadata)
    for description in report.descriptions:
        yield f"**Scope:** {escape(description)}"
        yield ""
    if not report.units:
        yield NO_ROWS
        return
    if explained := _explained(report.columns):
        yield " ".join(explained)
        yield ""
    for block in report.blocks:
        yield from _block(block, report)
    yield from _best(report)
    yield from _tradeoffs(report)
    yield from _lengths(report)
    yield from _changes(report)


def _words(report: Report) -> Iterator[str]:
    """Say what the words mean that only featray uses so."""
    if report.units:
        yield f"## {glossary.TITLE}"
        yield ""
        yield from (f"- **{word}:** {meaning}" for word, meaning in glossary.GLOSSARY)


def _explained(shown: Columns) -> list[str]:
    """Explain the columns that a report shows."""
    of_calls = [TIMES, _CALLS, *[_INTERVAL] * shown.interval, *[_SPREAD] * shown.spread]
    return [*of_calls * shown.calls, *[_FACES] * shown.faces]


def _metadata(heading: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not pairs:
        return
    yield heading
    yield ""
    yield from (f"- **{label}:** {escape(value)}" for label, value in pairs)
    yield ""


def _block(block: Block, report: Report) -> Iterator[str]:
    """Write one block; a report's only block has its metadata and headings at the top, as py-feat's reports do."""
    is_only = len(report.blocks) == 1
    if not is_only:
        yield from _metadata(f"## {escape(block.heading)}", block.metadata or (("Host", "unknown"),))
    for section in block.sections:
        yield from _section(section, report, "##" if is_only else "###")


def _section(section: InputSection, report: Report, level: str) -> Iterator[str]:
    yield f"{level} {escape(section.heading)}"
    yield ""
    for table in section.tables:
        yield f"{level}# {escape(table.heading)}{_weights(table)}"
        yield ""
        lines = (columns.line(unit, report.columns, section.kind) for unit in table.units)
        yield from grid(columns.headings(report.columns, section.kind), lines)
        yield ""


def _weights(table: Table) -> str:
    return " (synthetic weights)" if table.synthetic else ""


def grid(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table."""
    yield _line(headings)
    yield "|" + "---|" * len(headings)
    yield from map(_line, lines)


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(escape(text) if text != wording.ABSENT else text for text in texts)} |"


def _best(report: Report) -> Iterator[str]:
    """Write the settings to use, one table per input."""
    if not report.best:
        return
    yield f"## {best_settings.title(report.best)}"
    yield ""
    yield best_settings.NOTE
    yield ""
    for sentence in report.search_limits:
        yield sentence
        yield ""
    headings, lines = best_settings.table(report.best, report.columns)
    for section, members in itertools.groupby(lines, key=lambda line: line[0]):
        yield f"### {escape(section)}"
        yield ""
        yield from grid(headings[1:], (line[1:] for line in members))
        yield ""


def _tradeoffs(report: Report) -> Iterator[str]:
    """Write the settings that no other one beats, where there is a choice."""
    if not report.tradeoffs:
        return
    yield f"## {tradeoffs_text.TITLE}"
    yield ""
    yield tradeoffs_text.NOTE
    yield ""
    yield from grid(tradeoffs_text.HEADINGS, tradeoffs_text.lines(report.tradeoffs))
    yield ""
    for remark in tradeoffs_text.remarks(report.tradeoffs, report.too_few):
        yield escape(remark)
        yield ""


def _lengths(report: Report) -> Iterator[str]:
    """Write what grows with the length, where a clip was measured at several."""
    if not report.lengths:
        return
    yield f"## {lengths_text.TITLE}"
    yield ""
    yield lengths_text.NOTE
    yield ""
    yield from grid(lengths_text.HEADINGS, lengths_text.lines(report.lengths))
    yield ""
    if remarks := lengths_text.remarks(report.lengths):
        yield from (f"- {escape(remark)}" for remark in remarks)
        yield ""


def _changes(report: Report) -> Iterator[str]:
    """Write what changes from one setting to another, where outputs were kept."""
    if not changes_text.has_changes(report):
        return
    yield f"## {changes_text.TITLE}"
    yield ""
    yield escape(changes_text.note(report))
    yield ""
    yield from grid(changes_text.HEADINGS, (line.texts for line in changes_text.lines(report)))
    yield ""
    for remark in changes_text.left_out(report):
        yield remark
        yield ""


def _remarks(cautions: Sequence[Caution]) -> Iterator[str]:
    if cautions:
        yield "## Remarks"
        yield ""
        yield from (f"- {sentence(str(caution))}" for caution in cautions)
        yield ""


PAIR_HEADINGS = ("config", "baseline", "candidate", "speedup", "95% CI", "verdict")


def _notes(notes: Notes) -> Iterator[str]:
    """Write what the diagnosis found: headline, comparison table, findings."""
    if notes == NONE:
        return
    yield "## Notes"
    yield ""
    if notes.headline:
        yield f"**{escape(notes.headline.text)}**"
        yield ""
    if notes.comparisons:
        yield f"Compared with {escape(notes.baseline or 'the baseline')}, each side at its best batch:"
        yield ""
        has_drift = any(pair.drift for pair in notes.comparisons)
        headings = [*PAIR_HEADINGS, *([DRIFT] if has_drift else [])]
        yield from grid(headings, (_pair(pair, has_drift=has_drift) for pair in notes.comparisons))
        yield ""
        yield escape(" ".join(notes.remarks))
        yield ""
    yield from (f"- {sentence(observation.text)}" for observation in notes.observations)
    yield from _next_runs(notes)
    yield ""


def _pair(pair: PairNote, *, has_drift: bool) -> list[str]:
    config = f"{pair.config}, {pair.where}" if pair.where else pair.config
    drift = [drift_cell(pair)] if has_drift else []
    return [config, pair.baseline, pair.candidate, speedup(pair), interval(pair), pair.verdict, *drift]


def _next_runs(notes: Notes) -> Iterator[str]:
    if notes.next_command is None:
        return
    yield from ("", "### Next runs", "")
    yield f"These sweeps would answer what the findings leave open; {code(notes.next_command)} writes them:"
    yield ""
    yield from grid(NEXT_HEADINGS, map(_next_run, notes.next_runs))


def _next_run(run: NextRun) -> list[str]:
    return [run.name, run.where, str(run.cells), wording.duration(run.expected_s), "; ".join(run.reasons)]
