"""Step bench: measures the sweep of one step, through a submit, on a backend that is started when it is first needed.

Flow: `bisecting` -> `StepBench.measure` -> `submission.run` -> store -> rows. What the store has is not measured again,
and where it has everything the backend is not even started.
"""

import datetime
from collections.abc import Callable, Collection

from featray import store
from featray.backends import Backend
from featray.core.row import Row
from featray.core.stored_unit import last_attempts
from featray.errors import HeadGone, StoreError
from featray.planning.inventory import Inventory
from featray.running import submission
from featray.running.preparation import SubmitRequest
from featray.running.progress import Watch
from featray.sweep import Sweep


class StepBench:
    """A backend and a store, for the submits of one bisection."""

    def __init__(self, start: Callable[[], Backend], results: str, watch: Watch) -> None:
        """`start` starts the backend, at most once."""
        self._start, self._results, self._watch = start, results, watch
        self._backend: Backend | None = None

    def inventory(self) -> Inventory:
        """Ask the backend which machines there are."""
        return self._running().inventory()

    def find_run(self, name: str) -> str | None:
        """Find the run that the next submit of a sweep continues; None if there is none."""
        run_id = store.find_continued(self._results, name, replayed=False).run_id
        return None if run_id is None or store.is_removed(self._results, run_id) else run_id

    def has(self, sweep: Sweep, cell_ids: Collection[str], target_id: str) -> bool:
        """Return True if the store has every invocation that a sweep asks for on a device."""
        run_id = self.find_run(sweep.name)
        if run_id is None:
            return False
        keys = store.keys(self._results, sweep=sweep.name, run_id=run_id, every_attempt=True).units
        done = {key for key, attempt in last_attempts(keys).items() if attempt.is_final}
        numbers = range(1, sweep.invocations.max + 1)
        return all((cell_id, target_id, number) in done for cell_id in cell_ids for number in numbers)

    def measure(self, sweep: Sweep, *, rerun: bool = False, retry_failed: bool = False) -> None:
        """Measure what the store lacks of a sweep; the options are those of a submit.

        Raises:
            HeadGone: the head of the cluster was gone before the end.
            StoreError: rows have vanished from the store.
            Busy, NotReady, NothingMatches, Interrupted: as a submit.
        """
        request = SubmitRequest(
            sweep=sweep, results=self._results, rerun=rerun, retry_failed=retry_failed, replay=False
        )
        run_id, outcome = submission.run(request, self._running(), self._watch, now=datetime.datetime.now(datetime.UTC))
        if outcome.head_gone is not None:
            raise HeadGone(f"{outcome.head_gone}; what is measured is stored")
        if outcome.vanished:
            shown = store.display_name(self._results)
            raise StoreError(f"{shown}: rows of {run_id} vanished while it ran: the store was removed or damaged")

    def rows(self, name: str) -> tuple[Row, ...]:
        """Read the rows of a sweep's run."""
        run_id = self.find_run(name)
        return () if run_id is None else store.read(self._results, run_id=run_id).rows

    def close(self) -> None:
        """End the backend, if it was started."""
        if self._backend is not None:
            self._backend.close()

    def _running(self) -> Backend:
        if self._backend is None:
            self._backend = self._start()
        return self._backend
