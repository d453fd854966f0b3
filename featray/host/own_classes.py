"""Own classes: whether this host can import the detector classes that are not py-feat's.

Flow: `featray plan`, `submit`, `hosts --check` -> `find` (on a cluster on each host) -> `measurement.class_lookup`, in
the Python that would measure -> `inventory.Host.classes`.
The process gets the variables of a measuring process: neither the current folder nor PYTHONPATH count. What the user's
module does when it is imported happens there.
"""

import json
import os
import subprocess
from collections.abc import Iterable

from featray.core import wording
from featray.host import environments, venvs
from featray.measurement import ffmpeg, weights
from featray.planning.own_classes import NO_PATH, OwnClass

IMPORT_S = 120.0  # importing torch on a cold disk took 50 s


def find(classes: Iterable[OwnClass], *, imports: bool) -> dict[str, str]:
    """Look for classes, or import them.

    Args:
        classes: Which ones.
        imports: Import them, which takes as long as what they import. Else only their modules are looked for; a class
            is imported only where that cannot tell.

    Returns:
        Key of a class -> why it cannot be imported, an empty text where it can. A class of an environment that is not
        built here is left out.
    """
    answers: dict[str, str] = {}
    for needed in classes:
        if needed.class_name.startswith("featray."):
            continue  # a fake of featray's own, which every measuring process has
        missing = venvs.find_missing(needed.requirements)
        if missing is not None:
            answers[needed.key] = f"{NO_PATH}{missing}, which its requirement names"
            continue
        if needed.is_pyfeat:
            continue
        python = venvs.find_built(needed.requirements, weights.featray_cache())
        if python is None:
            continue
        answer = None if imports else _ask(python, needed.class_name, imports=False)
        answers[needed.key] = _ask(python, needed.class_name, imports=True) or "" if answer is None else answer
    return answers


def _ask(python: str, class_name: str, *, imports: bool) -> str | None:
    """Ask a Python; None where it cannot tell without an import."""
    command = [python, "-P", "-m", "featray.measurement.class_lookup", class_name, *(["--import"] if imports else [])]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=IMPORT_S,
            check=False,
            env=_variables(imports=imports),
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        return f"importing it takes longer than {wording.duration(IMPORT_S)}"
    try:
        answer: str | None = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        if not imports:
            return None  # an import will tell what is wrong there
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return f"the process that imports it ended early ({last[0]})"
    return answer


def _variables(*, imports: bool) -> dict[str, str]:
    """Give the variables of a measuring process, without a GPU; a class may load FFmpeg when it is imported."""
    cache = weights.featray_cache()
    variables = {name: value for name, value in os.environ.items() if name in environments.INHERITED}
    variables |= {"PYTHONPATH": str(venvs.source_link(cache)), "CUDA_VISIBLE_DEVICES": ""}
    if not imports:
        return variables
    library_path = ffmpeg.make_library_path(ffmpeg.find(cache), os.environ.get(ffmpeg.PATH_VARIABLE))
    return variables | ({ffmpeg.PATH_VARIABLE: library_path} if library_path else {})
