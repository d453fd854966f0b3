"""Steps: every pair of settings of one curve, as arrays with a value for each pair.

Flow: `curves.compare` -> `Steps` -> `curves.find_longer`, `curves.find_shorter`, `analysis.diagnosis`. Pure.
A curve of 400 settings has 79 800 pairs, so nothing here is done pair by pair.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
"""Places of settings in their curve."""

StepErrors = tuple[FloatArray, FloatArray | float]
"""Standard errors with their degrees of freedom, which may be the same for all pairs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """Two settings of one curve, by their places in it.

    `errors` are standard errors with their degrees of freedom. A difference must be larger than each of them explains.
    """

    before: int
    after: int
    difference: float  # of mean log time, after less before
    errors: tuple[tuple[float, float], ...]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """Steps of one curve, in the order (0, 1), (0, 2), ... (1, 2), ...; every array has the shape (steps,)."""

    before: Indices
    after: Indices
    differences: FloatArray  # of mean log time, after less before
    errors: tuple[StepErrors, ...]

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.differences)

    def __iter__(self) -> Iterator[Step]:
        """Go through the steps one by one."""
        errors = [
            list(zip(error.tolist(), np.broadcast_to(freedom, error.shape).tolist(), strict=True))
            for error, freedom in self.errors
        ]
        values = self.before.tolist(), self.after.tolist(), self.differences.tolist()
        for at, (before, after, difference) in enumerate(zip(*values, strict=True)):
            yield Step(before=before, after=after, difference=difference, errors=tuple(error[at] for error in errors))

    def choose(self, which: npt.NDArray[np.bool_]) -> "Steps":
        """Keep some of the steps.

        Args:
            which: True for each step that is kept, shape (steps,).
        """
        errors = [
            (error[which], freedom if isinstance(freedom, float) else freedom[which]) for error, freedom in self.errors
        ]
        return Steps(
            before=self.before[which],
            after=self.after[which],
            differences=self.differences[which],
            errors=tuple(errors),
        )

    def between_neighbours(self) -> "Steps":
        """Keep the steps from each setting to the next one."""
        return self.choose(self.after == self.before + 1)

    def chances_of_longer(self, bound: FloatArray | float = 0.0) -> FloatArray:
        """Give the probability of each difference, or a larger one, if the true one is `bound`."""
        return self._chances(bound - self.differences)

    def chances_of_shorter(self, bound: FloatArray | float = 0.0) -> FloatArray:
        """Give the probability of each difference, or a smaller one, if the true one is `bound`."""
        return self._chances(self.differences - bound)

    def _chances(self, differences: FloatArray) -> FloatArray:
        found = [_below(differences, *error) for error in self.errors]
        return np.max(found, axis=0) if found else np.zeros(0)


def _below(differences: FloatArray, errors: FloatArray, freedom: FloatArray | float) -> FloatArray:
    """Give the probability of staying below; without an error it is 0 or 1."""
    from scipy.special import stdtr  # half a second to import

    exact = np.where(differences < 0, 0.0, 1.0)
    known = np.where(errors > 0, errors, 1.0)
    return np.where(errors > 0, stdtr(freedom, differences / known), exact)


def pair_all(settings: int) -> tuple[Indices, Indices]:
    """List all pairs of a curve: the places of the earlier settings, and those of the later ones."""
    before, after = np.triu_indices(settings, k=1)
    return before.astype(np.int64), after.astype(np.int64)
