"""Early weights: synthetic weights that this machine lacks, made while something else has to be waited for.

Flow: a plan's files -> `api.submit`, while Ray starts -> `making` -> `measurement.synthetic` in a process of its own.
Otherwise each detector's child would make its own, one after another, each with an import of py-feat before it.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from featray.host import environments
from featray.measurement import synthetic, weights
from featray.measurement.weights import HubFile

_MAKE = """
import json, sys
from pathlib import Path
from featray.measurement import synthetic
from featray.measurement.weights import HubFile
from featray.errors import NotReady
folder, seed, files = json.loads(sys.argv[1])
try:
    synthetic.ensure([HubFile(*file) for file in files], Path(folder), seed)
except NotReady as wrong:
    sys.exit(str(wrong))
except OSError as wrong:
    sys.exit(f"synthetic weights cannot be made in {folder}: {wrong}")
"""


def list_missing(files: Collection[HubFile], cache: Path) -> list[HubFile]:
    """List the synthetic files that featray's cache lacks."""
    wanted = sorted(files)
    present = set(weights.list_cached(synthetic.folder(cache), wanted))
    return [file for file in wanted if file not in present]


@dataclasses.dataclass
class Making:
    """How it went, once the body has ended."""

    failure: str | None = None  # in one line


@contextlib.contextmanager
def making(files: Collection[HubFile], cache: Path) -> Iterator[Making]:
    """Make files while the body runs, and wait for them after it; where the body fails, end what makes them."""
    order = json.dumps([str(synthetic.folder(cache)), synthetic.SEED, [[file.repository, file.file] for file in files]])
    search = [str(environments.source_folder()), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _MAKE, order],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        process_group=0,  # Ctrl-C at the terminal ends it through the body, with the process that it starts
    )
    made = Making()
    try:
        yield made
        _, said = process.communicate()
        made.failure = _describe_failure(said) if process.returncode else None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _describe_failure(said: str) -> str:
    """Join the first and the last line of what was said: what failed, and the error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    return ": ".join(dict.fromkeys([lines[0], lines[-1]]))
