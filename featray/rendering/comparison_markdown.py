"""Comparison markdown: a comparison as a comment of a pull request or a job summary, and as a badge.

Flow: `comparison.Comparison`, `gate.Gate` -> `render`, `badge` -> `featray compare --format`. Pure.
The pairs that fail come first. A comment of GitHub has at most 65,536 characters; pairs that do not fit are counted.
"""

import json
import re
from collections.abc import Iterator, Sequence

from featray.analysis.comparison import Comparison, Pair
from featray.analysis.comparison.gate import Gate
from featray.core import wording
from featray.rendering import comparison_text, environments_text, gate_text, markdown, metadata
from featray.stats import Verdict

MARK = "<!-- featray compare -->"
"""First line, which nobody sees: a later run finds its comment by it, and changes it."""

LENGTH_MAX = 60_000  # characters of the table, which leaves 5,000 of a comment for what stands around it
LABEL = "featray"
DAY = len("2026-05-14")


def render(comparison: Comparison, gate: Gate | None = None) -> str:
    """Write a comparison as markdown.

    Args:
        comparison: To write.
        gate: What `--fail-if` made of it; None without it.
    """
    return "\n".join(_lines(comparison, gate)) + "\n"


def _lines(comparison: Comparison, gate: Gate | None) -> Iterator[str]:
    yield MARK
    yield f"### {_headline(comparison, gate)}"
    yield ""
    yield from _table(comparison, gate)
    yield ""
    yield from (f"- {markdown.sentence(text)}" for text in comparison_text.summary(comparison))
    yield from _measured(comparison)
    if gate is not None:
        texts = [gate_text.why_open(gate)] if gate.is_open else gate_text.remarks(gate, len(comparison.pairs))
        yield from (f"- {markdown.sentence(text[:1].upper() + text[1:])}" for text in texts)


def _measured(comparison: Comparison) -> Iterator[str]:
    """Say what each environment is, and on which days, in UTC, the pairs were measured."""
    units = [side for pair in comparison.pairs for side in (pair.baseline, pair.candidate)]
    for name, installed in environments_text.list_installed(units):
        yield f"- environment {markdown.escape(wording.short(name))}: {markdown.escape(installed)}"
    days = sorted({day[:DAY] for unit in units if (day := metadata.date(unit.rows))})
    if days:
        yield f"- measured on {markdown.escape(' to '.join(dict.fromkeys((days[0], days[-1]))))} (UTC)"


def _headline(comparison: Comparison, gate: Gate | None) -> str:
    counts = badge_message(comparison.pairs)[0]
    if gate is None:
        return f"featray: {counts}"
    if gate.failing:
        return f"❌ featray: {wording.count(len(gate.failing), 'pair')} failed ({counts})"
    return f"❔ featray could not decide ({counts})" if gate.is_open else f"✅ featray: passed ({counts})"


def _table(comparison: Comparison, gate: Gate | None) -> Iterator[str]:
    """Write the pairs that fit, those that fail first."""
    texts = list(zip(comparison.pairs, comparison_text.cells(comparison), strict=True))
    failing = {id(pair) for pair in gate.failing} if gate else set()
    texts.sort(key=lambda entry: id(entry[0]) not in failing)  # stable: otherwise in the order of the comparison
    yield _row(comparison_text.HEADINGS)
    yield "|---|---:|---|---|---|"
    length = 0
    for number, (_, columns) in enumerate(texts):
        line = _row([markdown.escape(columns[0]), *columns[1:-1], _cell(columns[-1])])
        length += len(line) + 1
        if length > LENGTH_MAX:
            yield _row([f"and {wording.count(len(texts) - number, 'pair')} more", "", "", "", ""])
            return
        yield line


def _cell(text: str) -> str:
    """Escape a sentence for a table, in which also a bar within code would end the column."""
    return re.sub(r"(?<!\\)\|", r"\\|", markdown.sentence(text))


def _row(columns: Sequence[str]) -> str:
    return f"| {' | '.join(columns)} |"


def badge(comparison: Comparison) -> str:
    """Write what shields.io shows as a badge.

    Source:
        The endpoint badge of shields.io: `schemaVersion`, `label`, `message`, `color`.
    """
    message, color = badge_message(comparison.pairs)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": message, "color": color})


def badge_message(pairs: Sequence[Pair]) -> tuple[str, str]:
    """Say in a few words what the pairs show, and in which colour; a pair with a dagger is undecided."""
    decided = [pair.verdict for pair in pairs if pair.is_decided]
    slower, faster = decided.count(Verdict.SLOWER), decided.count(Verdict.FASTER)
    undecided = len(pairs) - len(decided)
    texts = [f"{slower} slower"] * (slower > 0) + [f"{faster} faster"] * (faster > 0)
    texts += ["no change"] * (not texts and len(decided) > 0) + [f"{undecided} undecided"] * (undecided > 0)
    if slower:
        color = "red"
    elif not decided:
        color = "lightgrey"
    elif undecided:
        color = "yellow"
    else:
        color = "brightgreen" if faster else "green"
    return ", ".join(texts) or "no pairs", color
