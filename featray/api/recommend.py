"""`featray.recommend`: the setting to use for each input that was measured."""

from featray import store
from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.advice.constraints import Constraints
from featray.analysis.advice.recommendation import Recommendation


def recommend(
    *,
    detector: str | None = None,
    host: str | None = None,
    input: str | None = None,  # noqa: A002 - the name of the column and of the option
    device: str | None = None,
    memory_limit_b: int | None = None,
    results: str = "results",
) -> list[Recommendation]:
    """Recommend the fastest measured setting for each input.

    Args:
        detector: Only this one.
        host: Only on this host, by its name in the report, its hostname or its id.
        input: Only for this input.
        device: cpu, cuda or mps.
        memory_limit_b: Most memory that the setting may take on its device, in bytes.
        results: Store of rows: a folder or URI.

    Returns:
        For each input: the setting, its frames per second, and the settings that come near.

    Raises:
        NothingMatches: nothing that was measured fits.
        StoreError: the store cannot be read.
    """
    constraints = Constraints(detector=detector, host=host, input=input, device=device, memory_limit_b=memory_limit_b)
    reading = store.read(results, every_attempt=True, one_summary=True)
    return recommendation.recommend(units.gather(reading.rows), constraints)
