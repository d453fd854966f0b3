"""Palette: colours, marks and dashes that the colour-blind can distinguish, on light and on dark. Pure.

Each verdict and each target also has a mark of its own, so that nothing depends on colour alone.

Source: Okabe & Ito (2008), without its yellow and black, which vanish on white and on black.
"""

from collections.abc import Mapping, Sequence

LIGHT = ("#0072b2", "#d55e00", "#007a5a", "#b0578f", "#9a6a00", "#2a8fc4", "#5b5b5b", "#7b4fb5")
DARK = ("#56b4e9", "#ff8a3d", "#2fc79b", "#e79bc9", "#f0b93a", "#9ecbff", "#b8b8b8", "#b99bee")
"""Colours of the first, second, ... detector or stage; after the last they repeat."""

MARKS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "hexagon", "triangle-left", "bowtie")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

VERDICT_COLOURS: Mapping[str, int] = {
    "FASTER": 0,
    "SLOWER": 1,
    "EQUIVALENT": 2,
    "INCONCLUSIVE": 6,
    "NOT COMPARABLE": 6,
}
"""Verdict -> index of its colour: blue against vermilion, which every common colour blindness can distinguish."""

VERDICT_MARKS: Mapping[str, str] = {
    "FASTER": "triangle-right",
    "SLOWER": "triangle-left",
    "EQUIVALENT": "square",
    "INCONCLUSIVE": "circle-open",
    "NOT COMPARABLE": "x-thin-open",
}


def colour(index: int) -> int:
    """Fold an index into the palette."""
    return index % len(LIGHT)


def cycled(choices: Sequence[str], index: int) -> str:
    """Take the index-th choice; after the last they repeat."""
    return choices[index % len(choices)]


MARK_PATHS: Mapping[str, str] = {
    "circle": "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",
    "square": "M-5-5H5V5H-5Z",
    "diamond": "M0-6L6 0L0 6L-6 0Z",
    "triangle-up": "M0-6L6 5H-6Z",
    "x": "M-6-3L-3-6L0-3L3-6L6-3L3 0L6 3L3 6L0 3L-3 6L-6 3L-3 0Z",
    "star": "M0-7L2-2H7L3 1L4 6L0 3L-4 6L-3 1L-7-2H-2Z",
    "cross": "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
    "hexagon": "M-6 0L-3-5H3L6 0L3 5H-3Z",
    "triangle-left": "M-6 0L5-6V6Z",
    "bowtie": "M-6-5L6 5V-5L-6 5Z",
}
"""Mark -> its outline for the legend, within 16 by 16 around the origin."""

DASH_ARRAYS: Mapping[str, str] = {
    "solid": "none",
    "dash": "9 5",
    "dot": "2 3",
    "dashdot": "9 4 2 4",
    "longdash": "14 6",
    "longdashdot": "14 5 2 5",
}
"""Dash -> its lengths for the legend."""
