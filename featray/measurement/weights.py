"""Weights: which hub files a detector needs, which of them are cached, and how py-feat reads them.

Flow: `host.probe` asks for `list_cached` on every host; `running.submission` makes every host `fetch` the missing ones
before anything runs. The child calls `redirect` before it imports py-feat, whose own loading code then reads featray's
folder in the hub's cache layout:
    FOLDER/models--ORG--NAME/refs/main               the commit of `main`
    FOLDER/models--ORG--NAME/snapshots/COMMIT/FILE   usually a link to ../../blobs/DIGEST
Standard library only at import; nothing here imports py-feat or torch.
"""

import dataclasses
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import errors
from featray.core import detectors
from featray.core.files import expand_home, hash_file
from featray.measurement import pyfeat_source

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, order=True)
class HubFile:
    """One file of one model repository on the Hugging Face hub."""

    repository: str
    file: str

    def __str__(self) -> str:
        return f"{self.repository}: {self.file}"


_REPOSITORIES: Mapping[str, Mapping[str, Mapping[object, tuple[str, ...]]]] = {
    "Detectorv1": {
        "face_model": {
            "retinaface": ("py-feat/retinaface_r34", "py-feat/pose_mlp_v2"),
            "img2pose": ("py-feat/img2pose",),
        },
        "landmark_model": {
            "mobilefacenet": ("py-feat/mobilefacenet",),
            "mobilenet": ("py-feat/mobilenet",),
            "pfld": ("py-feat/pfld",),
        },
        "au_model": {"xgb": ("py-feat/xgb_au",), "svm": ("py-feat/svm_au",)},
        "emotion_model": {"resmasknet": ("py-feat/resmasknet",), "svm": ("py-feat/svm_emo",)},
    },
    "MPDetector": {
        "face_model": {"retinaface": ("py-feat/retinaface_r34",)},
        "landmark_model": {"mp_facemesh_v2": ("py-feat/mp_facemesh_v2",)},
        "au_model": {"mp_blendshapes": ("py-feat/mp_blendshapes", "py-feat/bs_to_au"), None: ("py-feat/bs_to_au",)},
        "emotion_model": {"resmasknet": ("py-feat/resmasknet",)},
    },
    "Detectorv2": {
        "device": {"cpu": ("py-feat/retinaface_r34",)},  # no choice: every Detectorv2 finds faces with it
        "multitask_weights": {None: ("py-feat/face_multitask_v2",)},
    },
}
"""Class -> keyword -> value -> repositories. A value that is not listed needs no hub file, or py-feat rejects it."""

_EVERYWHERE: Mapping[str, Mapping[object, tuple[str, ...]]] = {
    "identity_model": {
        "arcface": ("py-feat/arcface_r50",),
        "arcface_r50": ("py-feat/arcface_r50",),
        "facenet": ("py-feat/facenet",),
    },
    "gaze_model": {"l2cs": ("py-feat/l2cs",)},
}


def featray_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Find featray's folder for weights and libraries: `FEATRAY_CACHE`, else under the user's cache folder.

    Raises:
        BadInput: the user has no home, as in a container that runs under any number, and names no folder.
    """
    if chosen := environ.get("FEATRAY_CACHE"):
        return expand_home(chosen).absolute()
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "featray"
        return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "featray"
    except RuntimeError as wrong:
        raise errors.BadInput(
            "this user has no home folder; name a folder of featray's own in FEATRAY_CACHE"
        ) from wrong


def pretrained_folder(cache: Path) -> Path:
    """Return the hub cache of the real weights. It lies outside site-packages, so it survives an update of py-feat."""
    return cache / "hub"


def list_required(detector: detectors.Detector) -> tuple[HubFile, ...]:
    """List every hub file that the detector loads, also those that it loads in its first call, in source order.

    A value that no table lists adds nothing: py-feat itself will reject it.

    Raises:
        NotReady: py-feat is not installed here.
    """
    if not detector.is_pyfeat:
        return ()
    files = pyfeat_source.list_hub_files(set(_repositories(detector)))
    return tuple(HubFile(name, file) for name, names in files.items() for file in names)


def _repositories(detector: detectors.Detector) -> Iterator[str]:
    keywords = {**pyfeat_source.read_defaults(detector.class_name), **detector.keywords, "device": "cpu"}
    table = {**_EVERYWHERE, **_REPOSITORIES[detector.class_name]}
    for keyword, value in keywords.items():
        yield from table.get(keyword, {}).get(value, ())


def list_keywords(class_name: str) -> Mapping[str, tuple[object, ...]] | None:
    """List the keywords that a class of the installed py-feat takes, and the models that each allows.

    Returns:
        Keyword -> values, empty where any value is allowed. Values are known of switches and of keywords of the tables:
        those of the tables and those in the class's source. None where py-feat is not installed or cannot be read.
    """
    try:
        choices, defaults = pyfeat_source.read_choices(class_name), pyfeat_source.read_defaults(class_name)
    except (errors.NotReady, OSError, SyntaxError, ValueError):
        return None
    if choices is None:
        return None
    tables = {**_EVERYWHERE, **_REPOSITORIES[class_name]}
    listed = {keyword for keyword, table in tables.items() if keyword != "device" and any(table)}

    def options(keyword: str, values: tuple[object, ...]) -> tuple[object, ...]:
        if keyword in listed:
            return tuple(dict.fromkeys((*tables[keyword], *values, defaults.get(keyword), None)))
        return pyfeat_source.SWITCH if isinstance(defaults.get(keyword), bool) else ()

    return {keyword: options(keyword, values) for keyword, values in choices.items()}


def list_cached(folder: Path, files: Iterable[HubFile]) -> tuple[HubFile, ...]:
    """List the files that a hub cache holds, in the given order."""
    return tuple(file for file in files if locate(folder, file) is not None)


def locate(folder: Path, file: HubFile) -> Path | None:
    """Find a file in a hub cache, at the commit of `main`."""
    commit = read_revision(folder, file)
    if commit is None:
        return None
    path = repository_folder(folder, file) / "snapshots" / commit / file.file
    return path if path.is_file() else None


def read_revision(folder: Path, file: HubFile) -> str | None:
    """Read the cached commit of a file's repository; None when nothing is cached."""
    reference = repository_folder(folder, file) / "refs" / "main"
    return reference.read_text(encoding="utf-8").strip() if reference.is_file() else None


def repository_folder(folder: Path, file: HubFile) -> Path:
    """Return the folder of a file's repository within a hub cache."""
    return folder / ("models--" + file.repository.replace("/", "--"))


def compute_sha256(folder: Path, file: HubFile) -> str | None:
    """Compute a cached file's SHA-256, or read it from the blob's name where the hub uses it as the name."""
    path = locate(folder, file)
    if path is None:
        return None
    blob = path.resolve().name
    if _SHA256.fullmatch(blob):
        return blob
    return hash_file(path)


def how_to_get(files: Sequence[HubFile], folder: Path) -> str:
    """Write the commands that download files into a hub cache, for a host with or without a network."""
    commands = "".join(f"\n  hf download {file.repository} {file.file} --cache-dir {folder}" for file in files)
    return (
        f"run, on this host or on one with a network (then copy the folder):{commands}\n"
        "or measure with `weights: synthetic`, which needs no download"
    )


def fetch(files: Iterable[HubFile], folder: Path) -> None:
    """Download the files that a hub cache does not hold yet.

    Raises:
        NotReady: a file cannot be downloaded; the message names it, its repository and how to get it.
    """
    absent = [file for file in files if locate(folder, file) is None]
    if not absent:
        return
    import huggingface_hub

    for file in absent:
        try:
            huggingface_hub.hf_hub_download(file.repository, file.file, cache_dir=str(folder))
        except (OSError, ValueError, huggingface_hub.errors.EntryNotFoundError) as failure:
            reason = (str(failure).strip() or type(failure).__name__).splitlines()[0]
            raise errors.NotReady(
                f"{file} is not in {folder} and cannot be downloaded ({reason}); {how_to_get([file], folder)}"
            ) from failure


def redirect(folder: Path) -> None:
    """Make py-feat read its weights from a hub cache that featray chooses, and never contact the hub.

    Only `cache_dir` of every `hf_hub_download` is replaced; looking up, checking and loading stay py-feat's own code.
    All files are cached by now: a question to the hub whether they are current would count a slow network as load time.

    Raises:
        RuntimeError: py-feat is imported already, so some of its modules hold the hub's own function.
    """
    current = getattr(sys.modules.get("huggingface_hub"), "hf_hub_download", None)
    if isinstance(current, _Redirected) and current.folder == folder:
        return
    if "feat" in sys.modules:
        raise RuntimeError("weights are redirected before py-feat is imported, not after")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    import huggingface_hub

    huggingface_hub.hf_hub_download = _Redirected(huggingface_hub.hf_hub_download, folder)


class _Redirected:
    """The hub's download function, with a folder that featray chooses."""

    def __init__(self, download: Callable[..., Any], folder: Path) -> None:
        self.download = download
        self.folder = folder

    def __call__(self, repo_id: str, filename: str, **options: Any) -> Any:
        return self.download(repo_id, filename, **(options | {"cache_dir": str(self.folder)}))
