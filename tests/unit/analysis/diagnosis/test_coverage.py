"""Coverage: what only one side measured."""

from featray.analysis.diagnosis import FindingKind
from tests.support.findings import BEFORE, make_case, make_unit_rows

CASES = [
    make_case(
        FindingKind.NEW_GROUND,
        [*make_unit_rows(1.0), *make_unit_rows(5.0, input="long")],
        [
            *make_unit_rows(1.0),
            *make_unit_rows(0.8, batch_size=32),
        ],  # another batch of a known curve is a setting, not ground
        "Measured only in this report: long (472 frames) on RTX 3090: retinaface",
        baseline=make_unit_rows(1.0, **BEFORE),
        wants_cells=True,
    ),
    make_case(
        FindingKind.ONLY_BASELINE,
        make_unit_rows(1.0),
        [*make_unit_rows(1.0), *make_unit_rows(5.0, input="long")],
        "Measured only in the baseline: 1 best setting on RTX 3090 (retinaface, long (472 frames))",
        baseline=[*make_unit_rows(1.0, **BEFORE), *make_unit_rows(5.0, input="long", **BEFORE)],
        wants_cells=True,
    ),
]
