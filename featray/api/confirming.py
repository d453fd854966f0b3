"""Confirming: measure both versions of suspected steps side by side, as the sweeps that `featray suggest` writes.

Flow: `history` -> suspected steps -> `advice.confirming_sweeps` -> `measure`: a submit for each -> store -> `history`.
"""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from featray.analysis import unit_wording
from featray.analysis.advice import confirming_sweeps, followup_file
from featray.analysis.advice.followups import Followup
from featray.analysis.history import HistoryChange
from featray.api import arguments
from featray.api.submit import run_request
from featray.api.submitted import Submitted
from featray.core import wording
from featray.core.files import PathLike
from featray.core.status import Status
from featray.errors import BadInput
from featray.rendering import history_text
from featray.running import interrupts
from featray.running.preparation import SubmitRequest
from featray.running.progress import Progress, Watch


def measure(
    changes: Iterable[HistoryChange],
    *,
    results: str,
    backend: str,
    address: PathLike | None,
    retry_failed: bool,
    watch: Watch,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Measure the sweeps of all suspected steps, one after the other; what the store has is not measured again.

    Returns:
        The runs, and why a sweep was not measured wholly.

    Raises:
        Busy, BackendError, StoreError, Interrupted: as `submit`.
    """
    with interrupts.as_interrupted("the next `featray history --confirm`"):
        return _measure(
            changes, lambda followup: _submit(followup, results, backend, address, retry_failed, watch), watch
        )


def _measure(
    changes: Iterable[HistoryChange], submit: Callable[[Followup], Submitted], watch: Watch
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    runs, problems = [], []
    for followup in confirming_sweeps.propose(changes):
        watch(Progress(text=f"{followup.name}: {wording.listed(followup.reasons, limit=2)}"))
        try:
            submitted = submit(followup)
        except BadInput as wrong:  # such as a machine that is not here: the others may still be measured
            problems.append(f"{followup.name} was not measured: {wrong}")
            continue
        runs.append(submitted.run_id)
        problems += [f"{followup.name}: {_why(submitted)}"] if submitted.reason else []
    return tuple(runs), tuple(problems)


def _why(submitted: Submitted) -> str:
    """Say how many have no number, and each reason once."""
    failed = [row for row in submitted.rows if row.status != Status.OK]
    reasons = dict.fromkeys(f"{row.environment}: {unit_wording.status(row, REASON_LENGTH)}" for row in failed)
    count = wording.count(submitted.without_number, "measurement")
    said = [f"{count} without a number", *([wording.phrases(list(reasons))] if reasons else [])]
    return f"{'; '.join(said).rstrip('.')}. {history_text.RETRY}"


REASON_LENGTH = 300  # characters of one reason


def _submit(
    followup: Followup, results: str, backend: str, address: PathLike | None, retry_failed: bool, watch: Watch
) -> Submitted:
    """Submit a sweep as `featray submit` would submit its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{followup.name}.yaml"
        path.write_text(followup_file.to_yaml(followup), encoding="utf-8")
        sweep = arguments.load_sweep_to_submit(path)
    request = SubmitRequest(sweep=sweep, results=results, retry_failed=retry_failed, replay=False)
    return run_request(request, address, None, None, watch, backend=backend)
