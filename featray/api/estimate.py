"""`featray.estimate`: what footage takes on the machines that were measured, and who analyses what.

Flow: `films` or hours -> `Footage`; rows -> units; both -> `archive.make` -> `Estimated`; files by `estimate_files`,
`written_plan`.
"""

import dataclasses
from pathlib import Path

from featray.analysis import units
from featray.analysis.advice.constraints import Constraints
from featray.analysis.estimate import archive, footage
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.terms import Terms
from featray.api import films, given, measured_rows, prices, written_plan
from featray.api.results import Result
from featray.core import garbage
from featray.core.argument_names import argument
from featray.core.quantities import FILM_HZ
from featray.errors import BadInput
from featray.rendering import estimate_files
from featray.rendering.notebook import estimates
from featray.rendering.notebook.summary import Summary

CLIP_MINUTES = 10.0  # of each film where only hours are given


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Estimated(Result):
    """An estimate, the files that were written, and those of an earlier plan that were removed."""

    estimate: ArchiveEstimate
    files: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()  # what of the store could not be read

    def summarize(self) -> Summary:
        """Show the plan; the frame has a row per worker."""
        return estimates.of_estimate(self.estimate, self.problems)


@garbage.paused()
def estimate(
    path: str | Path | None = None,
    *,
    hours: float | None = None,
    clip_minutes: float | None = None,
    fps: float | None = None,
    faces_per_frame: float | None = None,
    detector: str | None = None,
    host: str | None = None,
    device: str | None = None,
    memory_limit_b: int | None = None,
    max_latency_s: float | None = None,
    cluster: str | Path | None = None,
    deadline_s: float | None = None,
    budget: float | None = None,
    write: str | Path | None = None,
    results: str = "results",
) -> Estimated:
    """Estimate what footage takes, from what was measured.

    Args:
        path: A folder of films, a CSV table of films, or one film. Else give `hours`.
        hours: Hours of film.
        clip_minutes: Minutes of each film, with `hours`; 10 by default.
        fps: Frame rate of the films in Hz; 25 by default with `hours`, else of films whose own is unknown.
        faces_per_frame: Mean number of faces in a frame.
        detector: Which one; must be named where several were measured.
        host: Only on this host, by its name in the report, its hostname or its id.
        device: cpu, cuda or mps.
        memory_limit_b: Most memory that a worker may take on its device, in bytes.
        max_latency_s: Longest time of a batch, in seconds.
        cluster: Cluster file: only its hosts, with their `price_per_hour`.
        deadline_s: Seconds within which everything should end.
        budget: Most that everything should cost, in the currency of the prices.
        write: Folder for a list of files and a script per worker; those of an earlier plan are removed from it.
        results: Store of rows: a folder or URI.

    Returns:
        Per worker its setting, time with interval, memory, energy and cost; the plan; what it extrapolates from.

    Raises:
        NothingMatches: nothing that was measured fits, or no host of the cluster file was measured.
        BadInput: a number cannot be, no film can be read, several detectors were measured and none is named, or the
            folder to write has files that are not featray's.
        ClusterFileError: the cluster file is wrong.
        StoreError: the store cannot be read, or a file cannot be written.
    """
    given.check_numbers(
        {
            "hours": hours,
            "clip_minutes": clip_minutes,
            "fps": fps,
            "faces_per_frame": faces_per_frame,
            "memory_limit_b": memory_limit_b,
            "max_latency_s": max_latency_s,
            "deadline_s": deadline_s,
            "budget": budget,
        }
    )
    positive = {"clip minutes": clip_minutes, "deadline": deadline_s, "budget": budget, "max latency": max_latency_s}
    for name, value in positive.items():
        footage.check_positive(value, name)
    footage.check_rate(fps, "fps")
    if faces_per_frame is not None and not 0 <= faces_per_frame <= footage.MOST:
        most = f", at most {footage.MOST:g}" if faces_per_frame > footage.MOST else ""
        raise BadInput(f"faces per frame: {faces_per_frame:g} cannot be; expected 0 or more{most}")
    if write is not None and path is None:
        raise BadInput("files to write need films: name a folder or a CSV table instead of hours")
    wanted = _footage(path, hours, clip_minutes, fps, faces_per_frame)
    limits = Constraints(
        detector=detector, host=host, device=device, memory_limit_b=memory_limit_b, max_latency_s=max_latency_s
    )
    terms = Terms(
        constraints=limits,
        hosts=None if cluster is None else prices.read_hosts(cluster),
        deadline_s=deadline_s,
        budget=budget,
    )
    stored = measured_rows.read(results)
    problems = tuple(map(str, stored.problems))
    with measured_rows.naming(problems):
        made = archive.make(units.gather(stored.rows), wanted, terms)
    if write is None:
        return Estimated(made, problems=problems)
    plan, measured = estimate_files.write(made), made.shares[0].forecast.unit.row.detector
    written = written_plan.replace(_folder(write), plan, measured)
    return Estimated(made, written.files, written.removed, problems)


def _footage(
    path: str | Path | None,
    hours: float | None,
    clip_minutes: float | None,
    fps: float | None,
    faces_per_frame: float | None,
) -> Footage:
    if (path is None) == (hours is None):
        raise BadInput(
            f"give either films (a folder, a CSV table or one film) or hours, as in {argument('hours', 3000)}"
        )
    if hours is not None:
        minutes, rate = (clip_minutes or CLIP_MINUTES), (fps or FILM_HZ)
        return footage.of_hours(hours, clip_minutes=minutes, fps=rate, faces_per_frame=faces_per_frame)
    if clip_minutes is not None:
        raise BadInput("clip minutes belong to hours; files have their own length")
    return films.read(Path(str(path)), fps=fps, faces_per_frame=faces_per_frame)


def _folder(write: str | Path) -> Path:
    folder = Path(write)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise BadInput(f"{folder}: cannot be a folder ({wrong.strerror or wrong})") from wrong
    return folder
