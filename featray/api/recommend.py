"""`featray.recommend`: the setting to use for each input that was measured."""

from featray import store
from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.advice.constraints import Constraints
from featray.analysis.advice.objectives import Objective
from featray.analysis.advice.recommendation import Recommendation
from featray.api.results import Result
from featray.errors import BadInput, NothingMatches, suggest
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary


class Recommendations(Result, list[Recommendation]):
    """A recommendation per input, the longest clip first."""

    def summarize(self) -> Summary:
        """Show the settings of each input; the frame has a row per setting."""
        return summaries.of_recommendations(self)


def recommend(
    *,
    detector: str | None = None,
    host: str | None = None,
    input: str | None = None,  # noqa: A002 - the name of the column and of the option
    device: str | None = None,
    memory_limit_b: int | None = None,
    max_latency_s: float | None = None,
    prefer: str = "throughput",
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
        prefer: throughput, latency (the time of a batch) or energy (per frame).
        results: Store of rows: a folder or URI.

    Returns:
        For each input: the setting, its frames per second, and the settings that come near.

    Raises:
        NothingMatches: nothing that was measured fits.
        BadInput: `prefer` is none of these.
        StoreError: the store cannot be read.
    """
    constraints = Constraints(
        detector=detector,
        host=host,
        input=input,
        device=device,
        memory_limit_b=memory_limit_b,
        max_latency_s=max_latency_s,
        prefer=_objective(prefer),
    )
    stored = store.read(results, every_attempt=True, one_summary=True).rows
    rows = [row for row in stored if not row.is_replayed]
    if stored and not rows:
        raise NothingMatches(f"{store.display_name(results)}: all rows are replayed, so nothing was measured")
    return Recommendations(recommendation.recommend(units.gather(rows), constraints))


def _objective(name: str) -> Objective:
    if name not in tuple(Objective):
        raise BadInput(f"prefer: unknown {name!r}{suggest(name, tuple(Objective))}")
    return Objective(name)
