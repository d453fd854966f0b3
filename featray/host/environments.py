"""Environments: the variables, the source and the weights that a measuring child gets on this host.

Flow: `supervisor` -> `build_variables` -> `child`; a backend's `fetch` -> `fetch_weights`.
The variables are built from a list of allowed ones, never inherited as a whole: Ray sets OMP_NUM_THREADS in its
workers, and a caller may switch bytecode off. Both would change what is measured.
"""

import importlib.util
from collections.abc import Collection, Mapping
from pathlib import Path

from featray import errors
from featray.core.invocation import Invocation
from featray.host import venvs
from featray.measurement import ffmpeg, weights

INHERITED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CACHE_HOME"),
        *("FEATRAY_CACHE", "FEATRAY_FFMPEG", "HF_HOME", "HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    }
)
"""Variables that a child inherits: where programs, caches and the hub are, never how fast to run."""


def build_variables(
    invocation: Invocation, *, inherited: Mapping[str, str], cache: Path, libraries: ffmpeg.Libraries
) -> dict[str, str]:
    """Build the child's environment variables; the sweep's own override all others.

    A CUDA child sees exactly the GPU that the invocation names; any other child sees none.
    """
    variables = {name: value for name, value in inherited.items() if name in INHERITED}
    variables["FEATRAY_CACHE"] = str(cache)
    variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the driver's order, should anything print an index
    variables["CUDA_VISIBLE_DEVICES"] = invocation.gpu_uuid or ""
    library_path = ffmpeg.make_library_path(libraries, inherited.get(ffmpeg.PATH_VARIABLE))
    if library_path:
        variables[ffmpeg.PATH_VARIABLE] = library_path
    if invocation.cells[0].requirements:
        variables["PYTHONPATH"] = str(venvs.source_link(cache))
    elif not _is_compiled():
        variables["PYTHONPYCACHEPREFIX"] = str(cache / "bytecode")
    return variables | invocation.cells[0].environment_variables()


def _is_compiled() -> bool:
    """Return True when py-feat's modules are compiled where they are installed.

    If not, the child keeps compiled modules in a folder of its own: importing py-feat takes 17 to 50 s without them and
    8 s with them. Python ignores compiled files beside the sources once such a folder is set, so it is set only where
    those files are missing.
    """
    spec = importlib.util.find_spec("feat")
    return spec is None or spec.cached is None or Path(spec.cached).exists()


def source_folder() -> Path:
    """Return the folder that holds the featray package."""
    return Path(__file__).parents[2]


def fetch_weights(files: Collection[weights.HubFile], cache: Path) -> list[str]:
    """Download pretrained weights that this host's cache lacks.

    Returns:
        One text per file that could not be downloaded, with the reason. After one failure the other files are not
        tried: the hub is out of reach, and every try takes a while to fail.
    """
    folder = weights.pretrained_folder(cache)
    problems: list[str] = []
    for file in sorted(files):
        if weights.locate(folder, file) is not None:
            continue
        if problems:
            problems.append(f"{file} is not in {folder} either")
            continue
        try:
            weights.fetch([file], folder)
        except errors.NotReady as wrong:
            problems.append(str(wrong))
    return problems
