"""Detectors under measurement: import, construct, call, and say what was really constructed.

Flow: `__main__` -> `load` -> `Loaded.prepare` -> a thunk that `protocol` times -> `Loaded.inspect`.
The first cell of an invocation stands for the detector, its weights and its device; all its cells share them.

py-feat is imported here and nowhere earlier, and before torch: the other order segfaults on some systems. A detector
from elsewhere brings its own imports; neither py-feat nor torch is loaded for it.
"""

import dataclasses
import functools
import importlib
import inspect
import math
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.core import detectors, identity, inputs
from featray.core.cell import Cell
from featray.core.files import hash_file
from featray.core.files import hash_file
from featray.measurement import outputs, synthetic, weights
from featray.measurement.outputs import Output as Output

_MODULES: Mapping[str, str] = {
    "Detectorv1": "feat.detector",
    "MPDetector": "feat.MPDetector",
    "Detectorv2": "feat.detector_v2",
}


@dataclasses.dataclass(kw_only=True)
class LoadedDetector:
    """One constructed detector on one device."""

    detector: Any
    spec: detectors.Detector
    device: str
    import_s: float
    load_s: float
    work: dict[str, str]  # class and weights: key -> JSON value
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # given or default, the device left out
    planted: Any = None  # planting.Planted; None with real weights

    def synchronize(self) -> None:
        """Wait until the device has done all that was asked of it; nothing to wait for on a CPU."""
        torch = sys.modules.get("torch")
        if torch is not None and self.device == "cuda":
            torch.cuda.synchronize()
        elif torch is not None and self.device == "mps":
            torch.mps.synchronize()

    def prepare(self, cell: Cell, files: Sequence[Path]) -> Callable[[], Any]:
        """Make the call that a cell stands for.

        Args:
            cell: Whose settings and input's form to use.
            files: The clip, or the images of one pass over the list, as they lie on this host.

        Returns:
            A function that runs exactly one `detect()` and returns its result.
        """
        is_video = cell.input.kind == inputs.VIDEO
        given: Any = str(files[0]) if is_video else [str(file) for file in files] * cell.input.copies
        call = functools.partial(
            self.detector.detect,
            given,
            data_type="video" if is_video else "image",
            batch_size=cell.batch_size,
            num_workers=cell.num_workers,
            skip_frames=cell.input.skip_frames,
            output_size=cell.input.output_size,
            progress_bar=False,
        )
        if self.planted is None:
            return call

        def plant_and_call() -> Any:
            self.planted.faces = cell.input.faces
            return call()

        return plant_and_call

    def inspect(self, result: Any) -> Output:
        """Read what a call returned."""
        return outputs.inspect(result)

    def resolved(self) -> dict[str, str]:
        """Resolve what the detector computes; asked after the calls, the first of which may load a model or change one.

        What the object's own `info` says wins over what was asked of it, and a keyword that `info` leaves out stays as
        asked. A file enters by its content. What is no plain value in `info` stays out: it differs between processes.

        Returns:
            Key -> JSON value, never the device; of the detector, not of any input.
        """
        told = getattr(self.detector, "info", None)
        found = {key: _plain(_content(key, value)) for key, value in self.keywords.items()}
        for key, value in told.items() if isinstance(told, dict) else ():
            is_as_asked = key in self.keywords and _is_same(value, self.keywords[key])
            if _is_plain(value) and not is_as_asked:
                found[str(key)] = _content(key, value)
        found.pop("device", None)
        precision = _precision(self.detector) if self.spec.is_pyfeat else None
        found |= {f"variable {name}": _content(name, value) for name, value in _pyfeats_variables()}
        return {key: identity.canonical(value) for key, value in (found | {"precision": precision}).items()} | self.work

    def input_work(self, cell: Cell, files: Sequence[Path]) -> dict[str, str]:
        """Resolve what a cell's input is on this host, as `resolved` does for the detector.

        A clip cut to its first frames is its source and their number: what encoding made of it is the host's affair.
        """
        limit = cell.input.frame_limit
        found = {
            "input_sha256": [_sha256(file) if limit is None else _source_sha256(file) for file in files],
            **({} if limit is None else {"frame_limit": limit}),
            "input_frames": self._frames(cell, files),
            "copies": cell.input.copies,
            "skip_frames": cell.input.skip_frames,
            "output_size": cell.input.output_size,
        }
        return {key: identity.canonical(value) for key, value in found.items()}

    def _frames(self, cell: Cell, files: Sequence[Path]) -> int:
        """Count the frames of one call: those that py-feat's decoder finds in a clip, else what was planned."""
        if cell.input.kind == inputs.IMAGES:
            return len(files) * cell.input.copies
        if not self.spec.is_pyfeat:
            return cell.input.frames
        module = importlib.import_module(type(self.detector).__module__)
        return len(module.VideoDataset(str(files[0]), skip_frames=cell.input.skip_frames))


def load(cell: Cell, *, cache: Path, device: str) -> LoadedDetector:
    """Import and construct a cell's detector.

    Weights are made or fetched first; that time counts neither as import nor as load.

    Args:
        cell: Any cell of the invocation.
        cache: featray's cache folder.
        device: cpu, cuda or mps.

    Raises:
        NotReady: weights cannot be had; the message names file and repository and how to get them.
    """
    if cell.detector.is_pyfeat:
        return _load_pyfeat(cell, cache, device)
    return _load_custom(cell.detector, device)


def _load_pyfeat(cell: Cell, cache: Path, device: str) -> LoadedDetector:
    is_synthetic = cell.weights == weights.SYNTHETIC
    needed = weights.required(cell.detector)
    if is_synthetic:
        folder = synthetic.folder(cache)
        synthetic.ensure(needed, folder, synthetic.SEED)
    else:
        folder = weights.pretrained_folder(cache)
        weights.fetch(needed, folder)
    os.environ.setdefault("TQDM_DISABLE", "1")  # detect() peeks at the first batch under a bar of its own
    started = time.perf_counter()
    weights.redirect(folder)
    class_ = getattr(importlib.import_module(_MODULES[cell.detector.class_name]), cell.detector.class_name)
    imported = time.perf_counter()
    detector = class_(**cell.detector.keywords, device=device)
    constructed = time.perf_counter()
    loaded = LoadedDetector(
        detector=detector,
        spec=cell.detector,
        device=device,
        import_s=imported - started,
        load_s=constructed - imported,
        work=_class_work(class_) | _weights_work(needed, folder, is_synthetic=is_synthetic),
        keywords=_keywords(class_, cell.detector),
    )
    if is_synthetic:
        from featray.measurement import planting

        loaded.planted = planting.plant(detector)
    return loaded


def _load_custom(spec: detectors.Detector, device: str) -> LoadedDetector:
    module_name, _, class_name = spec.class_name.partition(":")
    started = time.perf_counter()
    class_ = getattr(importlib.import_module(module_name), class_name)
    imported = time.perf_counter()
    places = {"device": device} if _takes_device(class_) else {}
    detector = class_(**{**spec.keywords, **places})
    constructed = time.perf_counter()
    return LoadedDetector(
        detector=detector,
        spec=spec,
        device=device,
        import_s=imported - started,
        load_s=constructed - imported,
        work=_class_work(class_),
        keywords=_keywords(class_, spec),
    )


def _takes_device(class_: type) -> bool:
    """Tell whether a class takes a device, itself or by handing its keywords on to a class that it is made from."""
    for each in inspect.getmro(class_):
        if "__init__" not in vars(each):
            continue
        parameters = inspect.signature(each.__init__).parameters  # type: ignore[misc]  # asked of the class itself
        if "device" in parameters:
            return True
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return False
    return False


def _keywords(class_: type, spec: detectors.Detector) -> dict[str, Any]:
    """List every keyword, given or default; never the device."""
    parameters = inspect.signature(class_.__init__).parameters.values()  # type: ignore[misc]  # asked of the class itself
    declared = {each.name: each.default for each in parameters if each.default is not each.empty}
    return {key: value for key, value in {**declared, **spec.keywords}.items() if key != "device"}


def _class_work(class_: type) -> dict[str, str]:
    return {"class": identity.canonical(f"{class_.__module__}.{class_.__qualname__}")}


def _pyfeats_variables() -> list[tuple[str, str]]:
    """List the variables by which py-feat takes weights from elsewhere; only a sweep can have set them."""
    return sorted((name, value) for name, value in os.environ.items() if name.startswith("FEAT_"))


def _content(key: str, value: Any) -> Any:
    """Give the digest of a file that a keyword names, such as `multitask_weights`; any other value as it is."""
    if not isinstance(value, str) or not (os.sep in value or key.endswith("weights")):
        return value
    path = Path(value)
    return f"sha256:{_sha256(path)}" if path.is_file() else value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _plain(value: Any) -> Any:
    return value if _is_plain(value) else repr(value)


def _is_same(told: Any, asked: Any) -> bool:
    """Tell whether an object only writes differently what was asked, such as 1 for true or `ArcFace` for `arcface`."""
    return bool(told == asked or str(told).casefold() == str(asked).casefold())


def _precision(detector: Any) -> str:
    """Name the arithmetic: Detectorv2 runs its multitask network in bfloat16 on CUDA unless told otherwise."""
    torch = sys.modules["torch"]
    matmul = torch.get_float32_matmul_precision()
    precision = "float32" if matmul == "highest" else f"float32, matmul {matmul}"
    mixed = getattr(getattr(detector, "multitask", None), "amp", False)
    return precision + (", multitask bfloat16" if mixed else "")


def _weights_work(files: Sequence[weights.HubFile], folder: Path, *, is_synthetic: bool) -> dict[str, str]:
    if is_synthetic:
        found: dict[str, Any] = {
            "weights": weights.SYNTHETIC,
            "weights_seed": synthetic.SEED,
            "weights_generator": synthetic.GENERATOR,
        }
    else:
        found = {"weights": weights.PRETRAINED} | {
            f"weights {file.repository} {file.file}": {
                "revision": weights.revision(folder, file),
                "sha256": weights.fingerprint(folder, file),
            }
            for file in files
        }
    return {key: identity.canonical(value) for key, value in found.items()}


def _source_sha256(file: Path) -> str:
    """Read the digest of a cut's source from its name, as `clips.cut` writes it; a file by another name is hashed."""
    cut = _CUT.fullmatch(file.name)
    return cut[1] if cut else _sha256(file)


_CUT = re.compile(r"([0-9a-f]{64})-\d+\.mp4")

_sha256 = functools.cache(hash_file)
