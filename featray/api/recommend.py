"""`featray.recommend`: the setting to use for each input that was measured.

Flow: all rows of a store -> `units.gather` -> `prices` -> `recommendation.recommend`, with the drift of each unit ->
`Recommendations`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from featray import store
from featray.analysis import unit_drifts, units
from featray.analysis.advice import recommendation
from featray.analysis.advice.constraints import Constraints
from featray.analysis.advice.objectives import Objective
from featray.analysis.advice.recommendation import Recommendation
from featray.analysis.outputs import Outputs
from featray.api import given, measured_rows, prices
from featray.api.results import Result, draw_kind
from featray.core import garbage
from featray.core.files import PathLike
from featray.errors import BadInput, suggest
from featray.rendering import document
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.rendering.notes import NONE
from featray.rendering.page import html
from featray.rendering.page.plot import Plot


class Recommendations(Result, list[Recommendation]):
    """A recommendation per input, the longest clip first; `problems` name what of the store could not be read."""

    def __init__(
        self,
        recommended: Iterable[Recommendation] = (),
        *,
        problems: Sequence[str] = (),
        find_plots: Callable[[], Sequence[Plot]] = tuple,
    ) -> None:
        """Hold recommendations.

        Args:
            recommended: One per input.
            find_plots: Draws the settings that were compared, when they are asked for.
            problems: Files and rows of the store that could not be read.
        """
        super().__init__(recommended)
        self.problems = tuple(problems)
        self._find_plots = find_plots

    def plot(self, kind: str | None = None, *, input: str | None = None, dark: bool = False) -> Any:  # noqa: A002 - as in the report
        """Draw the settings that were compared, as in the page of a report, as a figure of plotly.

        Args:
            kind: tradeoffs (speed against memory, time of a batch, energy and drift), throughput, memory, changes,
                length or stages; None takes the first that there is.
            input: Only of the input whose heading has this text.
            dark: For a dark notebook.

        Raises:
            NothingMatches: there is no such plot.
        """
        plots = sorted(self._find_plots(), key=lambda plot: plot.kind != "tradeoffs")
        return draw_kind(plots, kind, input, dark=dark)

    def summarize(self) -> Summary:
        """Show the settings of each input; the frame has a row per setting."""
        return summaries.of_recommendations(self, self.problems)


@garbage.paused()
def recommend(
    *,
    detector: str | None = None,
    host: str | None = None,
    input: str | None = None,  # noqa: A002 - the name of the column and of the option
    device: str | None = None,
    memory_limit_b: int | None = None,
    max_latency_s: float | None = None,
    max_energy_j: float | None = None,
    max_drift: float | None = None,
    prefer: str = "throughput",
    cluster: PathLike | None = None,
    results: str = "results",
) -> Recommendations:
    """Recommend the fastest measured setting for each input.

    Args:
        detector: Only this one.
        host: Only on this host, by its name in the report, its hostname or its id.
        input: Only for this input.
        device: cpu, cuda or mps.
        memory_limit_b: Most memory that the setting may take on its device, in bytes.
        max_latency_s: Longest time of a batch, in seconds.
        max_energy_j: Most energy per frame or image, in joules; settings without a measured energy are left out.
        max_drift: How far results may lie from those of the plainest setting, as a share of the tolerance: 1 allows
            everything that counts as the same result. Settings without a kept output are left out.
        prefer: throughput, latency (the time of a batch), energy or cost (both per frame).
        cluster: Cluster file with the `price_per_hour` of the hosts, which `cost` needs. Of a host that it names only
            the `gpus` count that it lists. Other hosts count too, without a price.
        results: Store of rows: a folder or URI.

    Returns:
        For each input: the setting, its frames per second, and the settings that come near.

    Raises:
        NothingMatches: nothing that was measured fits, or it is on GPUs that the cluster file does not list.
        BadInput: `prefer` is none of these, a limit cannot be, or the cluster file has neither a price nor a list of
            GPUs.
        ClusterFileError: the cluster file is wrong.
        StoreError: the store cannot be read.
    """
    given.check_numbers(
        {
            "memory_limit_b": memory_limit_b,
            "max_latency_s": max_latency_s,
            "max_energy_j": max_energy_j,
            "max_drift": max_drift,
        }
    )
    _check_limit("max energy", max_energy_j)
    _check_limit("max drift", max_drift)
    constraints = Constraints(
        detector=detector,
        host=host,
        input=input,
        device=device,
        memory_limit_b=memory_limit_b,
        max_latency_s=max_latency_s,
        max_energy_j=max_energy_j,
        max_drift=max_drift,
        prefer=_objective(prefer),
    )
    stored = measured_rows.read(results)
    gathered, left_out = prices.of_usable(units.gather(stored.rows), cluster)
    kept = store.outputs.KeptOutputs(results)
    drifts = unit_drifts.DriftLookup(gathered, (), Outputs(kept.find, kept.has))

    def find_plots() -> Sequence[Plot]:
        units_compared = recommendation.considered(gathered, constraints, drifts.share_of)
        changes = [change for unit in units_compared if (change := drifts.drift_of(unit)) is not None]
        report = document.build(units_compared, changes)
        return html.draw_plots(report, NONE, report.ordered(), {})

    with measured_rows.naming([*map(str, stored.problems), *left_out]):
        recommended = recommendation.recommend(gathered, constraints, drifts.share_of)
    return Recommendations(recommended, problems=tuple(map(str, stored.problems)), find_plots=find_plots)


def _check_limit(name: str, limit: float | None) -> None:
    if limit is not None and not 0 <= limit < math.inf:
        raise BadInput(f"{name}: {limit:g} cannot be; expected 0 or more")


def _objective(name: str) -> Objective:
    if name not in tuple(Objective):
        raise BadInput(f"prefer: unknown {name!r}{suggest(name, tuple(Objective))}")
    return Objective(name)
