"""Output sums: an output in a few numbers from which the distance of two outputs can be estimated.

Flow: `measurement.output_tables` adds up -> `encode` -> a row -> `decode` -> `rms_difference` -> `analysis.comparison`.
Pure.

Every value has 16 signs, drawn from a hash of its frame, its face and its column, and each sum adds up the values of a
family with one of the signs. The difference of two such sums has the mean 0 and the variance `sum(d * d)`, where d are
the differences of the values. So 16 of them estimate how far two outputs lie apart, also where no mean has changed: a
swap of two frames, faces or columns, or one face that moved.

Source: Alon, Matias & Szegedy, "The space complexity of approximating the frequency moments" (1996).
"""

import base64
import dataclasses
import math
import sys
from array import array

COUNT = 16
"""Sums per family. The estimate of a distance then has a standard deviation of 18% (sqrt(1 / 32))."""

MISSING = "missing values"
"""The entry that has the places of values that are null or infinite. It is exact: it adds up whole numbers."""

KINDS_OF_MISSING = {"nan": 1.0, "inf": 2.0, "-inf": 3.0}

_MASK = 2**64 - 1
STEP = 0x9E3779B97F4A7C15  # the golden ratio in 64 bits, as splitmix64 has it
MIXERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
FACES_MAX = 2**16  # per frame


def mix(number: int) -> int:
    """Hash a number to 64 bits: the finaliser of splitmix64 (Steele, Lea & Flood 2014)."""
    number = (number + STEP) & _MASK
    number = ((number ^ (number >> 30)) * MIXERS[0]) & _MASK
    number = ((number ^ (number >> 27)) * MIXERS[1]) & _MASK
    return number ^ (number >> 31)


@dataclasses.dataclass(frozen=True)
class Sums:
    """The sums of one family, and how many values they add up."""

    values: int
    sums: tuple[float, ...]


def encode(sums: Sums) -> str:
    """Write sums as a short text: 32-bit floats, base64."""
    numbers = array("f", [float(sums.values), *sums.sums])
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


def decode(text: str) -> Sums | None:
    """Read sums back; None for a text that holds none, as another featray may write."""
    try:
        numbers = array("f")
        numbers.frombytes(base64.b64decode(text, validate=True))
    except ValueError:
        return None
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) != COUNT + 1 or not all(map(math.isfinite, numbers)):
        return None
    return Sums(int(numbers[0]), tuple(numbers[1:]))


def rms_difference(first: Sums, second: Sums) -> float:
    """Estimate the root mean square of the differences of all values of a family, in the unit of the values."""
    squares = math.fsum((one - other) ** 2 for one, other in zip(first.sums, second.sums, strict=True))
    return math.sqrt(squares / COUNT / max(1, first.values, second.values))


def rms(sums: Sums) -> float:
    """Estimate the root mean square of the values themselves."""
    return rms_difference(sums, Sums(sums.values, (0.0,) * COUNT))
