"""Pooling: one unit against several alike ones together, such as all GPUs of a host against each of them alone.

Flow: pairs of one candidate -> `pool` -> one `Pair` -> `scaling`. Pure.

Which of several alike units came out fastest is partly chance. A ratio to that one is too low: with 8 alike GPUs, 5
invocations and an sd of 4% between them by 2.3%, and its 95% interval holds the truth in 90%. So none is chosen: the
times of all are averaged, block by block.
"""

import dataclasses
from collections.abc import Sequence

from featray import stats
from featray.analysis.comparison import pairs, part_of_whole
from featray.analysis.comparison.factors import Factor
from featray.analysis.comparison.noise import NO_NOISE, Noise
from featray.analysis.comparison.pairs import Pair
from featray.stats import Decision, Verdict


def pool(judged: Sequence[Pair], *, margin: float = stats.MARGIN, noise: Noise = NO_NOISE) -> Pair:
    """Make one pair of several; what speaks against one of them speaks against all together.

    Args:
        judged: At least one; the candidate of each is all GPUs of a host, and the baseline one of these GPUs. Those of
            other work do not count unless all are.
        margin: Least log ratio that counts.
        noise: What is known of the targets' spread between processes and sessions.

    Returns:
        A pair whose decision is that of the averaged baselines; its other parts are those of all pairs, each once.
    """
    comparable = [pair for pair in judged if pair.decision is not None]
    if len(comparable) < 2:
        return comparable[0] if comparable else judged[0]
    first, decision = comparable[0], _decide(comparable, margin, noise)
    doubts = list(dict.fromkeys(reason for pair in comparable for reason in _doubts(pair)))
    if doubts:
        decision = dataclasses.replace(decision, verdict=Verdict.INCONCLUSIVE)
    undecided = pairs.why_inconclusive(decision) if decision.verdict is Verdict.INCONCLUSIVE else []
    return dataclasses.replace(
        first,
        verdict=decision.verdict,
        decision=decision,
        reasons=(*doubts, *undecided),
        factors=_factors(comparable),
        unknown=tuple(dict.fromkeys(name for pair in comparable for name in pair.unknown)),
        cautions=tuple(dict.fromkeys(caution for pair in comparable for caution in pair.cautions)),
        states=tuple(dict.fromkeys(state for pair in comparable for state in pair.states)),
        separation=None,
    )


def _decide(comparable: Sequence[Pair], margin: float, noise: Noise) -> Decision:
    whole = comparable[0].candidate
    *alone, whole = part_of_whole.at_one_place([*(pair.baseline for pair in comparable), whole])
    targets = [unit.row.target_id for unit in (*alone, whole)]
    return stats.decide(
        stats.average([unit.timings for unit in alone]),
        whole.timings,
        margin=margin,
        calibrated_sd=noise.process_sd(targets),
        session_spread=noise.session_spread(targets),
    )


def _doubts(pair: Pair) -> list[str]:
    """List the reasons that are not the times: other states, or work that is not proven."""
    of_times = pairs.why_inconclusive(pair.decision) if pair.decision else []
    return [reason for reason in pair.reasons if reason not in of_times]


def _factors(comparable: Sequence[Pair]) -> tuple[Factor, ...]:
    """List each factor once, as the first pair that has it says it."""
    found: dict[tuple[str, str], Factor] = {}
    for factor in (factor for pair in comparable for factor in pair.factors):
        found.setdefault((factor.key, factor.gist), factor)
    return tuple(found.values())
