"""Forecast: what a detector on one target will do with some footage, from what was measured there.

Flow: units of one target, `footage.Footage` -> `make` -> `Forecast` -> `archive`. Pure.

The setting and its speed are those that `recommendation` names for the longest clip. Whatever the footage has that the
clip did not have is an extrapolation: it is named, with the measurement that would replace it.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

from featray import stats
from featray.analysis import cold_start, energy, unit_cell, unit_wording
from featray.analysis.advice import recommendation, speeds
from featray.analysis.advice.constraints import Constraints
from featray.analysis.advice.memory_use import MemoryUse
from featray.analysis.advice.recommendation import Recommendation
from featray.analysis.advice.settings import Setting
from featray.analysis.cautions import Caution, CautionKind
from featray.analysis.estimate import film_lengths
from featray.analysis.estimate.extrapolation import Extrapolation
from featray.analysis.estimate.footage import Footage
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.argument_names import argument
from featray.stats import prediction

FACES_TOLERANCE = 0.1  # share by which faces per frame may differ before the time per frame is taken to differ too
LENGTH_TOLERANCE = 2.0  # times the length of the longest measured clip from which the length is an extrapolation


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """One target, with all processes that it runs side by side.

    Times are seconds; `low` and `high` bound 95% of new processes in a new session.
    """

    setting: Setting
    frame_s: float
    grows: bool  # a frame takes longer the longer the film is
    log_low: float  # of log time, below 0
    log_high: float
    start_s: float | None  # None: not measured
    start_log: float  # half width of the interval of its log
    frame_j: float | None  # None: not measured
    face_j: float | None
    extrapolations: tuple[Extrapolation, ...]
    cautions: tuple[str, ...]
    knows_processes: bool = False  # several processes side by side were measured on the target too

    @property
    def unit(self) -> Unit:
        """Give the unit that measured it."""
        return self.setting.unit

    @property
    def hz(self) -> float:
        """Give frames per second."""
        return 1 / self.frame_s

    @property
    def rank(self) -> tuple[bool, ...]:
        """Order forecasts by how far their measurement can be trusted, the most trusted first."""
        return self.setting.candidate.rank

    @property
    def memory(self) -> MemoryUse | None:
        """Give the peak memory of a call on the measured clip; None if unknown."""
        return self.setting.memory


def make(
    units: Sequence[Unit],
    constraints: Constraints,
    footage: Footage,
    *,
    confidence: float,
    processes_max: int | None = None,
) -> Forecast:
    """Forecast one target.

    Args:
        units: Of one target.
        constraints: What the caller fixes.
        footage: What is to be analysed.
        confidence: Share of new processes whose time lies within the interval.
        processes_max: Most processes side by side, where so few were measured; None: any number.

    Raises:
        NothingMatches: nothing that was measured fits.
    """
    allowed = [unit for unit in units if processes_max is None or unit.processes <= processes_max] or units
    longest, *shorter = recommendation.recommend(allowed, constraints)
    setting, unit = longest.best, longest.best.unit
    measured = speeds.in_sustained_runs(unit) if setting.speed.is_sustained else unit
    timings = measured.timings  # also of earlier runs: the latest one alone may have been a fast one
    logs = [timing.log for timing in timings]
    half_width = prediction.prediction_half_width(logs, len({timing.session for timing in timings}), confidence)
    few, many = _face_factors(unit, footage)
    series = None if setting.speed.is_sustained else film_lengths.find(units, unit)
    frame_s = math.sqrt(few * many) * (1 / setting.speed.hz + film_lengths.start_share_s(series, unit, footage))
    frame_j = energy.frame_j(unit)  # at the same power, so that a frame that takes longer needs more
    return Forecast(
        setting=setting,
        frame_s=frame_s,
        grows=film_lengths.grows(series),
        log_low=-half_width - math.log(many / few) / 2,
        log_high=half_width + math.log(many / few) / 2,
        start_s=cold_start.start_s(unit),
        start_log=_start_half_width(unit, confidence),
        frame_j=None if frame_j is None else frame_j * frame_s * setting.speed.hz,
        face_j=energy.face_j(unit),
        extrapolations=(*_extrapolations(setting, footage), *_of_settings(longest, shorter, units)),
        cautions=(*film_lengths.cautions(series, footage), *_cautions(longest.cautions, unit, len(logs))),
        knows_processes=any(each.processes > 1 and each.measured for each in units),
    )


def _start_half_width(unit: Unit, confidence: float) -> float:
    """Give how far the log start of one more process lies from the median of those measured at most."""
    logs = [math.log(start_s) for start_s in cold_start.starts_s(unit) if start_s > 0]
    return prediction.prediction_half_width(logs, 1, confidence) if logs else 0.0


def _cautions(known: Iterable[Caution], unit: Unit, invocations: int) -> Iterator[str]:
    """Write the cautions of the setting; few invocations of it have an interval here, of an assumed spread."""
    for caution in known:
        if caution.kind is not CautionKind.FEW or caution.units != (unit,):
            yield str(caution)
        elif invocations < stats.INVOCATIONS_MIN:
            spread = f"so the interval goes by an assumed spread of {stats.ASSUMED_SD:.0%} between processes"
            yield str(
                dataclasses.replace(caution, sentence=f"only {wording.count(invocations, 'invocation')}, {spread}")
            )


def faces_per_frame(unit: Unit) -> float | None:
    """Give the mean number of faces per frame; None if unknown."""
    row = unit.row
    if row.faces_mean is not None:
        return row.faces_mean
    return row.faces / row.frames if row.faces is not None and row.frames else None


def _face_factors(unit: Unit, footage: Footage) -> tuple[float, float]:
    """Bound by what the time per frame is multiplied: unchanged, or in proportion to the faces."""
    measured, asked = faces_per_frame(unit), footage.faces_per_frame
    if not measured or asked is None or not _differ(asked, measured):
        return 1.0, 1.0
    factor = max(asked / measured, FACES_LEAST)
    return min(1.0, factor), max(1.0, factor)


FACES_LEAST = 0.25  # times the measured faces: py-feat runs every network also on a frame without a face


def _differ(asked: float, measured: float) -> bool:
    return abs(asked / measured - 1) > FACES_TOLERANCE


def _extrapolations(setting: Setting, footage: Footage) -> Iterator[Extrapolation]:
    unit, row = setting.unit, setting.unit.row
    if not unit.is_video:
        yield Extrapolation(
            assumption="only images were measured; a frame of film is taken to last as long as an image",
            remedy="measure a film of your own: `inputs: [{path: FILM}]`",
        )
    if (skipped := _skipped(unit)) > 1:
        yield Extrapolation(
            assumption=f"only one frame in {skipped} was analysed; the time of a frame includes the decoding of the "
            "others",
            remedy="measure without `skip_frames`",
        )
    if not setting.speed.is_sustained:
        yield Extrapolation(
            assumption=f"the speed is that of repeated calls on {wording.plain(row.section_label)}; what a machine "
            "loses in hours of work is not known",
            remedy="measure with `sustained_s: 60`",
        )
    yield from _of_length(unit, footage)
    yield from _of_faces(unit, footage)
    if cold_start.start_s(unit) is None:
        yield Extrapolation(
            assumption="the time of the start is unknown and counts as 0", remedy="measure with featray's protocol"
        )


def _of_settings(
    longest: Recommendation, shorter: Sequence[Recommendation], units: Sequence[Unit]
) -> Iterator[Extrapolation]:
    """Name a faster setting of a shorter clip that was not measured on the longest one."""
    tried = {
        ", ".join(unit_wording.settings(unit)) for unit in units if unit.measured and unit.row.input == longest.input
    }
    faster = longest.best.speed.hz * math.exp(stats.MARGIN)
    for other in shorter:
        unit, label = other.best.unit, wording.plain(other.section_label)
        name = ", ".join(unit_wording.settings(unit))
        if unit.is_video and name not in tried and other.best.speed.hz > faster:
            yield Extrapolation(
                assumption=f"{name} did {unit_wording.rate(unit)} on {label} and was not measured on "
                f"{wording.plain(longest.section_label)}; it does not count",
                remedy="measure it on the longest clip too",
            )


def _skipped(unit: Unit) -> int:
    """Give n where only every n-th frame was analysed, else 1."""
    asked = unit.asked.get("input")
    return (asked.get("skip_frames") or 1) if isinstance(asked, dict) else 1


def _of_length(unit: Unit, footage: Footage) -> Iterator[Extrapolation]:
    measured, longest = unit.row.frames or 0, footage.longest.frames
    if longest > LENGTH_TOLERANCE * measured:
        yield Extrapolation(
            assumption=f"the longest measured call has {measured} frames and your longest film {longest}; speed is "
            "taken to stay the same, and memory to be at least that of the call",
            remedy=f"measure a film as long as yours{_of_more_frames(unit, longest)}",
        )


def _of_more_frames(unit: Unit, longest: int) -> str:
    """Say with which `frames` the measured clip is as long; they count frames of the clip, before `skip_frames`."""
    if not unit.is_video:
        return ""
    skipped = _skipped(unit)
    lengths = f"`frames: [{_clip_frames(unit)}, {longest * skipped}]`"
    of_skipped = f", of which `skip_frames: {skipped}` leaves {longest}" if skipped > 1 else ""
    return f", or the clip again and again: {lengths}{of_skipped}"


def _clip_frames(unit: Unit) -> int:
    """Count the frames of the clip that one call got, before `skip_frames`."""
    cell = unit_cell.of_unit(unit)
    return (unit.row.frames or 0) * _skipped(unit) if cell is None else cell.input.clip_frames


def _of_faces(unit: Unit, footage: Footage) -> Iterator[Extrapolation]:
    measured, asked = faces_per_frame(unit), footage.faces_per_frame
    remedy = "measure a film of your own with `faces: any`, and name its faces per frame"
    if footage.films_without_faces and asked is not None:
        yield Extrapolation(
            assumption=f"the faces per frame of {footage.films_without_faces} of {len(footage.films)} films are "
            f"unknown and taken to be the mean of the others, {wording.digits(asked)}",
            remedy="name the faces per frame of every film in the table",
        )
    if asked is None:
        usual = "" if measured is None else f" with its {wording.digits(measured)} faces per frame"
        yield Extrapolation(
            assumption="how many faces a frame of your films has is not known; a frame of your films is taken to last "
            f"as long as one of the measured clip{usual}",
            remedy=f"name the faces per frame with `{argument('faces_per_frame')}`, or in the table of the films",
        )
    elif measured is None:
        yield Extrapolation(
            assumption="how many faces a frame of the measured clip has is not known; a frame of your films with its "
            f"{wording.digits(asked)} faces is taken to last as long as one of the clip",
            remedy=remedy,
        )
    elif not measured or _differ(asked, measured):
        yield Extrapolation(
            assumption=f"the clip has {wording.digits(measured)} faces per frame and yours {wording.digits(asked)}; "
            f"the time per frame is taken to {_of_other_faces(measured, asked)}",
            remedy=remedy,
        )


def _of_other_faces(measured: float, asked: float) -> str:
    """Say between what the time per frame is taken to lie, as `_face_factors` has it."""
    if not measured:
        return "stay the same"
    cause = "since every network runs also on a frame without a face"
    least = f", but at least {FACES_LEAST:g} times that of the clip, {cause}"
    is_least = asked / measured < FACES_LEAST
    return f"lie between unchanged and proportional to the faces{least if is_least else ''}"
