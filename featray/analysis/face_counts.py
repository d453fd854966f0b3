"""Face counts: whether rows found the same number of faces in the same frames.

Flow: `Row.face_counts` -> `find_differing_share` between two rows, `deviating_share` within a unit -> `cautions`,
`comparison.work`. Pure. Rows without counts, as older ones and imports, are not compared.
"""

from featray.analysis.unit import Unit
from featray.core import face_counts
from featray.core.row import Row

TOLERANCE = 0.01
"""Share of frames that may have another number of faces before the work counts as different. A face is found where its
score passes a threshold. Batch and threads move a score by up to 6e-5, and bfloat16 by 0.4%, so only a face whose score
lies that close to the threshold comes or goes. One frame in a hundred is room for films in which faces turn away."""


def find_differing_share(first: Row, second: Row) -> float | None:
    """Give the share of frames with another number of faces; None where a row has no counts."""
    if first.face_counts is None or second.face_counts is None:
        return None
    if first.face_counts == second.face_counts:
        return 0.0
    return face_counts.differing_share(*(face_counts.from_runs(row.face_counts or ()) for row in (first, second)))


def deviating_share(unit: Unit) -> float:
    """Give the largest share of frames in which an invocation of a unit differs from its latest one."""
    shares = (find_differing_share(row, unit.row) for row in unit.measured)
    return max((share for share in shares if share is not None), default=0.0)
