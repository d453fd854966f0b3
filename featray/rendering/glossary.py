"""Glossary: the words of a report that have a meaning of their own, one line each.

Flow: `markdown`, `page.html`, README. Pure.
"""

GLOSSARY = (
    ("cell", "one point of the grid: a detector, an input, a device, a batch size and the other settings"),
    ("target", "one physical device of one machine: a GPU, known by its UUID, or the machine's CPU"),
    ("unit", "one cell on one target"),
    ("invocation", "one fresh process; statistics count these, because calls in one process are alike"),
)
"""Word -> what it means here."""

TITLE = "Words"
