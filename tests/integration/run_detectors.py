"""Run real detectors in this process and print what they did as JSON: FFmpeg's path must be set before it starts.

Standard input: {"cache": FOLDER, "device": "cpu", "runs": [{"cells": [asked, ...], "frames": [[H, W, faces], ...]}]}.
Each run is one detector: every cell is called once, the last one under the profiler; then random frames of the given
sizes go through its face detection.
"""

import gc
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from featray.core import cell as cells
from featray.core.choices import Device
from featray.measurement import detector, ffmpeg, pyfeat_source, stages, weights


def files_of(cell: cells.Cell) -> list[Path]:
    assert cell.input.packaged is not None
    return [pyfeat_source.find_folder() / "tests" / "data" / cell.input.packaged]


def run(order: dict[str, Any], cache: Path, device: Device) -> dict[str, Any]:
    asked = [cells.from_asked(value) for value in order["cells"]]
    before_load = len(HUB_FILES)
    loaded = detector.load(asked[0], cache=cache, device=device)
    results = [loaded.prepare(cell, files_of(cell))() for cell in asked[:-1]]
    before = attributes(loaded.detector)
    last = loaded.prepare(asked[-1], files_of(asked[-1]))
    profiled = stages.profile(loaded, lambda: results.append(last()))
    return {
        "outputs": [vars(loaded.inspect(result)) for result in results],
        "work": loaded.resolve() | loaded.resolve_input(asked[0], files_of(asked[0])),
        "stages": profiled,
        "restored": attributes(loaded.detector) == before,
        "faces_found": [count_faces(loaded, *frame) for frame in order["frames"]],
        "import_s": loaded.import_s,
        "load_s": loaded.load_s,
        "ffmpeg": ffmpeg.describe(ffmpeg.find_loaded()),
        "hub": [str(file) for file in HUB_FILES[before_load:]],
    }


def count_faces(loaded: detector.LoadedDetector, height: int, width: int, faces: int) -> list[int]:
    """Count the faces found in each of two random frames."""
    import torch

    loaded.planted.begin(faces)
    frames = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
    return [int((result["scores"] > 0).sum()) for result in loaded.detector.detect_faces(frames)]


HUB_FILES: list[weights.HubFile] = []


def record_hub_files() -> None:
    """Record every file that is requested from the hub's client, which featray's redirection calls."""
    import huggingface_hub

    download = huggingface_hub.hf_hub_download

    def recorded(repo_id: str, filename: str, **options: Any) -> Any:
        HUB_FILES.append(weights.HubFile(repo_id, filename))
        return download(repo_id, filename, **options)

    huggingface_hub.hf_hub_download = recorded


def attributes(instance: Any) -> dict[str, int]:
    """Identify everything that instrumenting a detector may touch."""
    owners = {
        "instance": instance,
        "module": sys.modules[type(instance).__module__],
        "fex": sys.modules["feat.data"].Fex,
        "pandas": sys.modules["pandas"],
        "table": sys.modules["pandas"].DataFrame,
        "pose": importlib.import_module("feat.utils.face_pose_mlp"),
    }
    for name in ("face_detector", "facepose_detector", "landmark_detector", "emotion_detector", "identity_detector"):
        owners[name] = getattr(instance, name, None)
    for name in ("gaze_detector", "multitask"):
        owners[name] = type(getattr(instance, name, None))
    return {
        f"{owner}.{name}": id(value)
        for owner, held in owners.items()
        if hasattr(held, "__dict__")
        for name, value in vars(held).items()
    }


def main() -> None:
    order = json.load(sys.stdin)
    record_hub_files()
    results = []
    for ordered in order["runs"]:
        results.append(run(ordered, Path(order["cache"]), Device(order["device"])))
        gc.collect()  # one detector at a time in memory
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
