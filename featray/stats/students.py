"""Student's t: the two figures of it that the rules need."""

import functools

CACHED = 4096  # figures kept: whole degrees of freedom come up for every unit of a report


@functools.lru_cache(maxsize=CACHED)
def quantile(probability: float, freedom: float) -> float:
    """Give the value that t stays below with a probability."""
    from scipy.special import stdtrit  # half a second to import; scipy.stats would take 1.8 s

    return float(stdtrit(freedom, probability))


def two_sided(confidence: float, freedom: float) -> float:
    """Give the value that t stays within, on either side of 0, with a probability."""
    return quantile((1 + confidence) / 2, freedom)


def below(t: float, freedom: float) -> float:
    """Give the probability of staying below a value."""
    from scipy.special import stdtr

    return float(stdtr(freedom, t))


def p_value(t: float, freedom: float) -> float:
    """Give the probability of a t at least as far from 0."""
    return 2 * below(-abs(t), freedom)
