"""Early weights: synthetic weights that this machine lacks, made while something else has to be waited for.

Flow: a plan's files -> `api.submit`, while Ray starts -> `making` -> `measurement.synthetic` in a process of its own.
Otherwise each detector's child would make its own, one after another, each with an import of py-feat before it.
"""

import contextlib
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
folder, seed, files = json.loads(sys.argv[1])
synthetic.ensure([HubFile(*file) for file in files], Path(folder), seed)
"""


def list_missing(files: Collection[HubFile], cache: Path) -> list[HubFile]:
    """List the synthetic files that featray's cache lacks."""
    wanted = sorted(files)
    present = set(weights.list_cached(synthetic.folder(cache), wanted))
    return [file for file in wanted if file not in present]


@contextlib.contextmanager
def making(files: Collection[HubFile], cache: Path) -> Iterator[None]:
    """Make files while the body runs, and wait for them after it; where the body fails, end what makes them.

    A failure is not told here: the child that needs a file tries again, and its row says why there is none.
    """
    order = json.dumps([str(synthetic.folder(cache)), synthetic.SEED, [[file.repository, file.file] for file in files]])
    search = [str(environments.source_folder()), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _MAKE, order],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        process_group=0,  # Ctrl-C at the terminal ends it through the body, with the process that it starts
    )
    try:
        yield
        process.wait()
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
