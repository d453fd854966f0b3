"""Estimate files: per worker of a plan the list of its films, and a Python script that detects in them.

Flow: `ArchiveEstimate` -> `write` -> `featray estimate --write`. Pure. The script uses the setting that was measured,
skips films that are done, goes on after one that fails, and runs alone or, through its class `Detect`, under Ray Data.
"""

import re
import textwrap
from collections.abc import Iterator

from featray.analysis import unit_cell
from featray.analysis.estimate.archive import ArchiveEstimate
from featray.analysis.estimate.worker_share import WorkerShare
from featray.core import detect_call, wording
from featray.core.cell import Cell
from featray.core.choices import Device
from featray.core.files import is_text
from featray.errors import BadInput
from featray.rendering import recommendation_code, script_parts

_CPUS = re.compile(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*")  # as `host.cpu_shares` writes a share
_UUID = re.compile(r"(GPU|MIG)-[0-9A-Za-z-]{4,64}")
NAME_LENGTH = 60  # characters of a file's name: most file systems allow 255 bytes

MARK = '"""Detects faces in '
"""How a script begins; `api.written_plan` knows scripts by it."""

_LOOP = '''
FILMS = Path(__file__).with_suffix(".txt")  # one path a line
OUTPUT = Path(__file__).with_suffix("")  # folder with a CSV per film
FOLDERS = [OUTPUT, *sorted(path for path in OUTPUT.parent.glob("*") if path.is_dir())]  # another plan's too
FULL = (errno.ENOSPC, errno.EDQUOT)  # no output of any film can be saved


class Detect:
    """Analyses one film after the other with one detector."""

    def __init__(self):
{detector}

    def __call__(self, row):
        film = row["path"]
        digest = hashlib.sha256(film.encode()).hexdigest()[:12]  # two folders may have films of one name
        name = f"{{Path(film).stem[:100]}}-{{digest}}.csv"
        done = (folder / name for folder in FOLDERS if (folder / name).exists())
        output = next(done, OUTPUT / name)
        if not output.exists():  # a script that is started again goes on where it ended
            if not Path(film).exists():
                raise FileNotFoundError(f"{{film}}: no such file")
            OUTPUT.mkdir(parents=True, exist_ok=True)  # before the work: a folder that cannot be is known at once
{detect}
            unfinished = output.with_suffix(".unfinished")
            {save}
            unfinished.replace(output)
        return {{"path": film, "output": str(output)}}


def detect_all(films):
    """Detect in each film; return how many failed."""
    detect = Detect()
    failed = 0
    for number, film in enumerate(films, start=1):
        print(f"{{number}} of {{len(films)}}: {{film}}", flush=True)
        try:
            detect({{"path": film}})
        except Exception as wrong:  # the other films do not need this one
            if isinstance(wrong, OSError) and wrong.errno in FULL:
                sys.exit(f"{{wrong}}; make room, then start this script again")
            failed += 1
            reason = " ".join(f"{{type(wrong).__name__}}: {{wrong}}".split())
            print(f"failed: {{film}}: {{reason}}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
{announce}    films = FILMS.read_text(encoding="utf-8").splitlines()
    if failed := detect_all(films):
        sys.exit(f"{{failed}} of {{len(films)}} films failed; start this script again to try these again")
'''


def write(estimate: ArchiveEstimate) -> dict[str, str]:
    """Write the files of a plan.

    Returns:
        Name -> content: `HOST-DEVICE.txt` and `HOST-DEVICE.py` of each worker.

    Raises:
        BadInput: only hours are known, a path has a line break, or a setting is not known in full.
    """
    files: dict[str, str] = {}
    for share in sorted(estimate.shares, key=lambda share: (share.forecast.unit.target.place, share.process or 0)):
        name = _name(share, files)
        files[f"{name}.txt"] = "".join(f"{path}\n" for path in _paths(share, estimate))
        files[f"{name}.py"] = script(share)
    return files


def _name(share: WorkerShare, taken: dict[str, str]) -> str:
    target = share.forecast.unit.target
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", f"{target.host_name}-{target.device_name}").strip("-.")[:NAME_LENGTH]
    plain += "" if share.process is None else f"-process-{share.process}"
    name, number = plain or "worker", 2
    while f"{name}.txt" in taken:
        name, number = f"{plain}-{number}", number + 1
    return name


def _paths(share: WorkerShare, estimate: ArchiveEstimate) -> Iterator[str]:
    for film in share.films:
        path = estimate.footage.films[film].path
        if path is None:
            raise BadInput("files to write need films: name a folder or a CSV table instead of hours")
        if len(path.splitlines()) != 1:
            raise BadInput(f"{path!r}: a list of files cannot hold a path with a line break; rename the film")
        if not is_text(path):
            raise BadInput(f"{path!r}: a list of files cannot hold a path that is not UTF-8; rename the film")
        yield path


def script(share: WorkerShare) -> str:
    """Write the script of one worker.

    Raises:
        BadInput: its setting is not known in full, as of an imported report.
    """
    unit = share.forecast.unit
    cell = unit_cell.of_unit(unit)
    setup = list(recommendation_code.setup_lines(unit, is_one_of_several=share.process is not None))
    start = next((number for number, line in enumerate(setup) if line.startswith("detector = ")), None)
    if cell is None or start is None:
        raise BadInput(
            f"{wording.short(unit.row.detector)} on {unit.target.place}: the setting is not known in full, so no "
            "script can use it; measure it with featray"
        )
    body = _LOOP.format(
        detector=textwrap.indent("\n".join(setup[start:]).replace("detector = ", "self.detector = ", 1), " " * 8),
        detect=textwrap.indent("\n".join(_detect(cell)), " " * 12),
        save="faces.to_csv(unfinished, index=False)" if cell.detector.is_pyfeat else "save(faces, unfinished)",
        announce=ANNOUNCE if unit.row.device == Device.CUDA else "",
    )
    own_imports = [] if cell.detector.is_pyfeat else ["import csv"]
    own_parts = [] if cell.detector.is_pyfeat else script_parts.SAVE.strip("\n").splitlines()
    imports = [*own_imports, "import errno", "import hashlib", "import sys", "from pathlib import Path"]
    before = [line for line in setup[:start] if line != "import os"]  # it is imported already
    return "\n".join([*_header(share), *imports, *_device(share), *before, *own_parts, body])


ANNOUNCE = """    print(f"GPU: {os.environ.get('CUDA_VISIBLE_DEVICES', 'the first one')}", flush=True)\n"""


def _header(share: WorkerShare) -> Iterator[str]:
    place = _quotable(share.forecast.unit.target.place)
    films, rate = wording.count(len(share.films), "film"), wording.rate(share.hz)
    yield f"{MARK}{films} on {place}, with the setting that featray measured there ({rate} frames/s)."
    yield ""
    if share.process is not None:
        count = share.forecast.unit.workers
        yield f"Process {share.process} of {count} side by side: start the scripts of all of them at the same time."
    yield from _about_device(share)
    yield from recommendation_code.ffmpeg_notes(share.forecast.unit)
    yield "Alone: python THIS_FILE. Under Ray Data: ray.data.from_items([{'path': ...}]).map(Detect, concurrency=1)."
    yield from _about_class(share)
    yield "Paths of the films are those of the machine that wrote this file."
    yield '"""'
    yield ""


def _about_class(share: WorkerShare) -> Iterator[str]:
    """Say where Python looks for a class that is not py-feat's: beside the script, not where featray was started."""
    cell = unit_cell.of_unit(share.forecast.unit)
    if cell is not None and not cell.detector.is_pyfeat:
        module = cell.detector.class_name.rpartition(":")[0]
        yield f"It imports {_quotable(module)}: if Python does not find it, set PYTHONPATH to the folder that has it."


def _device(share: WorkerShare) -> Iterator[str]:
    """Choose the device and the processors before torch is imported."""
    row, cpus = share.forecast.unit.row, _cpus(share)
    yield from ["import os", ""]
    if row.device == Device.CPU:
        yield "os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')  # no GPU is used"
    elif row.device == Device.CUDA:
        yield from _gpu(share)
    if row.mps_daemon:
        yield "# Measured under NVIDIA's MPS: start `nvidia-cuda-mps-control -d` first."
    if cpus:
        yield f"os.sched_setaffinity(0, {cpus})  # the processors of this process, as measured"


def _gpu(share: WorkerShare) -> Iterator[str]:
    """Choose the GPU that was measured: by its UUID or, where no row has it, as the only one of its model."""
    uuid, model = _uuid(share), share.forecast.unit.row.gpu_name
    if uuid is not None:
        yield f"os.environ.setdefault('CUDA_VISIBLE_DEVICES', {uuid!r})"
    elif model is not None:
        yield from ["import subprocess", "", *script_parts.FIND_GPU.splitlines(), "", ""]
        yield 'if "CUDA_VISIBLE_DEVICES" not in os.environ:'
        yield f'    os.environ["CUDA_VISIBLE_DEVICES"] = find_gpu({model!r})'


def _uuid(share: WorkerShare) -> str | None:
    """Give the UUID of a worker's GPU; an import knows none."""
    ids = share.gpu_uuid, share.forecast.unit.row.target_id
    return next((id_ for id_ in ids if id_ and _UUID.fullmatch(id_)), None)


def _about_device(share: WorkerShare) -> Iterator[str]:
    """Say which device the script uses, and how to choose another."""
    unit = share.forecast.unit
    uuid, model = _uuid(share), unit.row.gpu_name
    if unit.row.device == Device.CPU:
        yield "It hides all GPUs, unless CUDA_VISIBLE_DEVICES is set."
    elif unit.row.device == Device.CUDA and uuid is not None:
        yield f"It uses the GPU {uuid}, unless CUDA_VISIBLE_DEVICES is set."
    elif unit.row.device == Device.CUDA and model is not None:
        yield f"It uses this machine's only {_quotable(model)}, unless CUDA_VISIBLE_DEVICES is set."
    elif unit.row.device == Device.CUDA:
        yield "Which GPU was measured is not known: set CUDA_VISIBLE_DEVICES to the UUID of one."


def _quotable(text: str) -> str:
    """Make a text of a store fit for a docstring."""
    return wording.plain(text).replace("\\", "/").replace('"', "'")


def _cpus(share: WorkerShare) -> list[int]:
    """Read the processors of a process; empty where it was not pinned."""
    pinned = (share.forecast.unit.row.pinned_cpus or "").split("; ")
    own = pinned[(share.process or 1) - 1] if share.process and share.process <= len(pinned) else ""
    if not _CPUS.fullmatch(own):
        return []
    bounds = [[int(end) for end in run.split("-")] for run in own.split(",")]
    return [cpu for run in bounds for cpu in range(run[0], run[-1] + 1)]


def _detect(cell: Cell) -> list[str]:
    arguments = recommendation_code.call_arguments(cell, is_video=True)
    arguments.setdefault("progress_bar", False)
    if "skip_frames" in arguments:  # the estimate is for every frame
        arguments["skip_frames"] = None
    lines = ["# Measured without decoding."] if cell.detector.call.get("data_type") == detect_call.TENSOR else []
    return [*lines, *recommendation_code.call("faces = self.detector.detect(", arguments, ["film,"])]
