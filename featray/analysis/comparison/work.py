"""Work: whether two units computed the same, by what was resolved and by what the outputs are."""

import dataclasses
from collections.abc import Collection, Mapping

from featray.analysis import face_counts, output_agreement
from featray.analysis.comparison import keys
from featray.analysis.unit import Unit
from featray.core import wording


@dataclasses.dataclass(frozen=True)
class Change:
    """One key that is not the same on both sides, as text; None if a side does not have the key."""

    key: str
    baseline: str | None
    candidate: str | None

    def __str__(self) -> str:
        """Write it as `au_model svm -> xgb`."""
        return f"{self.key} {_or_absent(self.baseline)} -> {_or_absent(self.candidate)}"


def _or_absent(value: str | None) -> str:
    return "absent" if value is None else value


FOLLOWS: Mapping[str, tuple[str, ...]] = {"precision": ("amp", "device")}
"""Work key -> what it follows from if a comparison varies that on purpose. Detectorv2 uses bfloat16 where `amp` is
true, and on a GPU unless it is false."""


def differences(
    baseline: Unit, candidate: Unit, over: Collection[str], on_purpose: Collection[str] = ()
) -> tuple[Change, ...]:
    """List the work keys in which two units differ, except those that the comparison varies.

    If a side stores no work, as an import, no difference can be named.
    """
    over = [*over, *(key for key, causes in FOLLOWS.items() if set(causes) & set(on_purpose))]
    before, after = baseline.row.work, candidate.row.work
    if not before or not after:
        return ()
    differing = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    return tuple(
        _change(baseline, candidate, key)
        for key in differing
        if not _is_expected(key, over, one_sided=(key in before) != (key in after))
    )


def varied_changes(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Change, ...]:
    """List the work keys that the comparison varies and in which two units do differ."""
    changes = [_change(baseline, candidate, key) for key in keys.detector_parts(over)]
    return tuple(change for change in changes if change.baseline != change.candidate)


def _change(baseline: Unit, candidate: Unit, key: str) -> Change:
    return Change(key, keys.work_value(baseline, key), keys.work_value(candidate, key))


def _is_expected(key: str, over: Collection[str], *, one_sided: bool) -> bool:
    """Return True if a difference follows from what the comparison varies."""
    if key in over:
        return True
    if key in keys.INPUT_KEYS or key == keys.KIND_OF_WEIGHTS:
        return False
    if "detector" in over:
        return True
    if one_sided and key.startswith(keys.WEIGHT_FILE):
        return any(varied.endswith("_model") for varied in over)  # another model brings files of its own
    return one_sided and "pyfeat" in over  # a release brings new keywords; the outputs must still agree


CAUSES = ("device", "gpu", "driver", "torch", "pyfeat", "environment", keys.VARIABLES, "torch_settings")
"""Keys that may move results although the work is the same. A batch size, threads and workers may not: the tolerances
are above what these alone do."""


def find_causes(baseline: Unit, candidate: Unit, on_purpose: Collection[str]) -> tuple[str, ...]:
    """List what a comparison varies on purpose, what differs between two units, and what may move results."""
    named = [key for key in on_purpose if key in CAUSES or key in keys.detector_parts(on_purpose)]
    return tuple(key for key in named if keys.value(baseline, key) != keys.value(candidate, key))


def output_differences(
    baseline: Unit, candidate: Unit, over: Collection[str], *, is_explained: bool = False
) -> tuple[str, ...]:
    """Say in what two units' outputs differ too much to be the same work; empty if they agree.

    The outputs of a unit's own invocations must agree, whatever is compared. If the comparison varies the detector,
    only the frames must agree; if it varies a part of the detector, only frames and faces, since the columns cannot.

    Args:
        baseline: One unit.
        candidate: The other.
        over: Keys that are expected to differ.
        is_explained: The drift between the outputs is known, and what the comparison varies on purpose causes it.
    """
    before, after = baseline.row, candidate.row
    reasons = []
    if baseline.processes != candidate.processes and "processes" not in over:
        reasons.append(f"processes side by side {baseline.processes} -> {candidate.processes}")
    if baseline.is_whole != candidate.is_whole and "targets" not in over:
        reasons.append(f"GPUs at the same time {baseline.gpus} -> {candidate.gpus}")
    for side, unit in (("baseline", baseline), ("candidate", candidate)):
        if deviations := output_agreement.find_deviations(unit):
            reasons.append(f"outputs of the {side} differ between its invocations: {wording.phrases(deviations)}")
    share = _find_share_of_frames(baseline, candidate)
    if "detector" not in over and share is not None and share > face_counts.TOLERANCE:
        reasons.append(f"faces differ in {wording.percent(share)} of the frames")
    for column in ["frames"] if "detector" in over or share is not None else ["frames", "faces", "fex_rows"]:
        counts = getattr(before, column), getattr(after, column)
        if None not in counts and counts[0] != counts[1]:
            reasons.append(f"{column} {counts[0]} -> {counts[1]}")
    if "detector" not in over and not keys.detector_parts(over) and not is_explained and not share:
        reasons += output_agreement.find_column_differences(before, after)
        if moved := output_agreement.find_disagreements(before, after):
            reasons.append(f"outputs moved: {', '.join(each.text for each in moved)} (root mean square)")
    return tuple(reasons)


def _find_share_of_frames(baseline: Unit, candidate: Unit) -> float | None:
    """Give the share of frames in which two units found other numbers of faces, where the input may have any number."""
    if not (baseline.has_any_faces and candidate.has_any_faces):
        return None
    return face_counts.find_differing_share(baseline.row, candidate.row)


def faces_moved(baseline: Unit, candidate: Unit) -> str | None:
    """Say in how many frames two units found other numbers of faces, where that is too few to be other work."""
    share = _find_share_of_frames(baseline, candidate)
    if share is None or not 0 < share <= face_counts.TOLERANCE:
        return None
    return f"other numbers of faces in {wording.percent(share)} of the frames"
