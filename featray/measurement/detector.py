"""Detectors under measurement: import, construct and call them, and resolve what they compute.

Flow: `invocation_run` -> `load` -> `LoadedDetector.prepare` -> a call that `protocol` times -> its `inspect`.
All cells of an invocation have the same detector, weights and device, so any of them serves to load the detector.

py-feat is imported here, no earlier, and before torch: the other order segfaults on some systems. A custom detector
(any class that is not py-feat's) brings its own imports; neither py-feat nor torch is loaded for it.
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

from featray.core import detect_call, detectors, garbage, identity, inputs
from featray.core.cell import Cell
from featray.core.choices import Device, WeightsKind
from featray.core.files import hash_file
from featray.core.status import Status
from featray.measurement import frames, outputs, pyfeat_source, synthetic, torch_flags, weights
from featray.measurement.outcome import Refused
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
    device: Device
    import_s: float
    load_s: float
    work: dict[str, str]  # class and weights: key -> JSON value
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # given or default, without the device
    planted: Any = None  # planting.PlantedFaces; None with real weights

    def synchronize(self) -> None:
        """Wait until the device has finished its queued work; on a CPU there is nothing to wait for."""
        torch = sys.modules.get("torch")
        if torch is not None and self.device == Device.CUDA:
            torch.cuda.synchronize()
        elif torch is not None and self.device == Device.MPS:
            torch.mps.synchronize()

    def prepare(self, cell: Cell, files: Sequence[Path]) -> Callable[[], Any]:
        """Make the call that a cell measures.

        Args:
            cell: Its settings and the kind of its input are used.
            files: The clip, or the images of one pass over the list, on this host.

        Returns:
            A function that runs exactly one `detect()` and returns its result.
        """
        is_video = cell.input.kind == inputs.VIDEO
        given: Any = str(files[0]) if is_video else [str(file) for file in files] * cell.input.copies
        keywords: dict[str, Any] = {
            "data_type": "video" if is_video else "image",
            "batch_size": cell.batch_size,
            "num_workers": cell.num_workers,
            "skip_frames": cell.input.skip_frames,
            "output_size": cell.input.output_size,
            "progress_bar": False,
        }
        keywords |= {name: value for name, value in cell.detector.call.items() if name != "data_type"}
        if cell.detector.call.get("data_type") == detect_call.TENSOR:
            keywords["data_type"] = detect_call.TENSOR
            given = frames.decode_all(cell.input, given, self._pyfeat_module())
        if self.spec.is_pyfeat and keywords.get("save") is True:
            keywords["save"] = frames.place_to_save()
        call = functools.partial(self.detector.detect, given, **keywords)
        if self.planted is None:
            return call

        def plant_and_call() -> Any:
            self.planted.begin(cell.input.faces)
            return call()

        return plant_and_call

    def inspect(self, result: Any) -> Output:
        """Read what a call returned."""
        return outputs.inspect(result)

    def resolve(self) -> dict[str, str]:
        """Resolve what the detector computes; call it after the timed calls, which may load or replace a model.

        What the object's own `info` says wins over what was asked; a keyword that `info` leaves out stays as asked. A
        file is named by its content. Values of `info` that are not plain are left out: they differ between processes.

        Returns:
            Key -> JSON value, never the device; of the detector, not of any input.
        """
        info = getattr(self.detector, "info", None)
        work = {key: _plain(_by_content(key, value)) for key, value in self.keywords.items()}
        for key, value in info.items() if isinstance(info, dict) else ():
            is_as_asked = key in self.keywords and _is_same(value, self.keywords[key])
            if _is_plain(value) and not is_as_asked:
                work[str(key)] = _by_content(key, value)
        work.pop("device", None)
        precision = _precision(self.detector) if self.spec.is_pyfeat else None
        work |= {f"variable {name}": _by_content(name, value) for name, value in _pyfeat_variables()}
        return {key: identity.canonical(value) for key, value in (work | {"precision": precision}).items()} | self.work

    def resolve_input(self, cell: Cell, files: Sequence[Path]) -> dict[str, str]:
        """Resolve a cell's input on this host and the keywords of its call, as `resolve` does for the detector.

        A clip cut or looped is named by its source and its frames: another FFmpeg may write other bytes.
        """
        limit, looped = cell.input.frame_limit, cell.input.looped_frames
        is_copy = limit is not None or looped is not None
        work = {
            "input_sha256": [_source_sha256(file) if is_copy else _sha256(file) for file in files],
            **({} if limit is None else {"frame_limit": limit, "cut": "stored packets"}),  # before: encoded again
            **({} if looped is None else {"looped_frames": looped}),
            "input_frames": self._frames(cell, files),
            "copies": cell.input.copies,
            "skip_frames": cell.input.skip_frames,
            "output_size": cell.input.output_size,
            **self._call_work(cell.detector.call),
        }
        return {key: identity.canonical(value) for key, value in work.items()}

    def _frames(self, cell: Cell, files: Sequence[Path]) -> int:
        """Count the frames of one call: those that py-feat's decoder finds in a clip, else the planned number."""
        if cell.input.kind == inputs.IMAGES:
            return len(files) * cell.input.copies
        if not self.spec.is_pyfeat:
            return cell.input.frames
        return len(self.open_video(str(files[0]), skip_frames=cell.input.skip_frames))

    def open_video(self, path: str, **settings: Any) -> Any:
        """Open a video as py-feat's `detect()` does; a detector of the user's own has no such way."""
        return self._pyfeat_module().VideoDataset(path, **settings)

    def find_fault(self, cell: Cell, files: Sequence[Path]) -> str | None:
        """Say which frame of a cell's input py-feat cannot load; None where it finds no fault, or for other classes."""
        if not self.spec.is_pyfeat:
            return None
        return frames.find_fault(cell.input, files, cell.batch_size, self._pyfeat_module())

    def _pyfeat_module(self) -> Any:
        return importlib.import_module(type(self.detector).__module__)

    def _call_work(self, call: Mapping[str, detectors.Keyword]) -> dict[str, Any]:
        """List the keywords of `detect()` that change what is found, where they are not py-feat's own values."""
        parameters = inspect.signature(self.detector.detect).parameters
        defaults = {name: parameter.default for name, parameter in parameters.items()}
        return {
            f"{detect_call.WORK}{name}": value
            for name, value in call.items()
            if name not in detect_call.SETTINGS and not (name in defaults and defaults[name] == value)
        }


def load(cell: Cell, *, cache: Path, device: Device) -> LoadedDetector:
    """Import and construct a cell's detector.

    Weights are made or downloaded first; that time counts neither as import nor as load.

    Args:
        cell: Any cell of the invocation.
        cache: featray's cache folder.
        device: Where it is to compute.

    Raises:
        NotReady: weights are missing; the message names file and repository and how to get them.
        Refused: this py-feat does not know a keyword or a value.
    """
    if cell.detector.is_pyfeat:
        return _load_pyfeat(cell, cache, device)
    return _load_custom(cell, device)


def _check_keywords(spec: detectors.Detector) -> None:
    """Check a detector's keywords against the py-feat of this interpreter, which an environment may have brought.

    Raises:
        Refused: py-feat does not know a keyword or a value.
    """
    for given, allowed, where in (
        (spec.keywords, weights.list_keywords(spec.class_name), ""),
        (spec.call, pyfeat_source.list_call_keywords(spec.class_name), " of detect(), which would ignore it"),
    ):
        fault = None if allowed is None else detect_call.find_unknown(spec.class_name, given, allowed, where)
        if fault is not None:
            raise Refused(Status.UNSUPPORTED, f"{fault} (this is about the py-feat that measures)")


def _load_pyfeat(cell: Cell, cache: Path, device: Device) -> LoadedDetector:
    _check_keywords(cell.detector)
    is_synthetic = cell.weights == WeightsKind.SYNTHETIC
    files = weights.list_required(cell.detector)
    if is_synthetic:
        folder = synthetic.folder(cache)
        synthetic.ensure(files, folder, synthetic.SEED)
    else:
        folder = weights.pretrained_folder(cache)
        weights.fetch(files, folder)
    os.environ.setdefault("TQDM_DISABLE", "1")  # detect() shows a progress bar while it reads the first batch
    started = time.perf_counter()
    weights.redirect(folder)
    with garbage.collected_at_end():
        class_ = getattr(importlib.import_module(_MODULES[cell.detector.class_name]), cell.detector.class_name)
    imported = time.perf_counter()
    detector = class_(**cell.detector.keywords, device=str(device))
    constructed = time.perf_counter()
    loaded = LoadedDetector(
        detector=detector,
        spec=cell.detector,
        device=device,
        import_s=imported - started,
        load_s=constructed - imported,
        work=_class_work(class_) | _weights_work(files, folder, is_synthetic=is_synthetic),
        keywords=_keywords(class_, cell.detector),
    )
    if is_synthetic:
        from featray.measurement import planting

        loaded.planted = planting.plant(detector)
    return loaded


def _load_custom(cell: Cell, device: Device) -> LoadedDetector:
    spec = cell.detector
    module_name, _, class_name = spec.class_name.partition(":")
    started = time.perf_counter()
    module = _import_own(module_name, cell)
    if not hasattr(module, class_name):
        raise Refused(Status.UNSUPPORTED, detectors.missing_class(spec.class_name))
    class_ = getattr(module, class_name)
    imported = time.perf_counter()
    place = {"device": str(device)} if takes_device(class_) else {}
    detector = class_(**{**spec.keywords, **place})
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


def _import_own(name: str, cell: Cell) -> Any:
    """Import the module of a class that is not py-feat's.

    Raises:
        Refused: it is not there, or the package that it is in.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not f"{name}.".startswith(f"{missing.name}."):
            raise  # a module that it imports
        environment = cell.environment if cell.requirements else None
        raise Refused(Status.UNSUPPORTED, detectors.missing_module(missing.name, environment)) from missing


def takes_device(class_: type) -> bool:
    """Return True if a class takes a device, itself or through a base class to which it passes its keywords."""
    for base in inspect.getmro(class_):
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters  # type: ignore[misc]  # asked of the class itself
        if "device" in parameters:
            return True
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return False
    return False


def _keywords(class_: type, spec: detectors.Detector) -> dict[str, Any]:
    """List every keyword with its given or default value; never the device."""
    parameters = inspect.signature(class_.__init__).parameters.values()  # type: ignore[misc]  # asked of the class itself
    defaults = {
        parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty
    }
    return {key: value for key, value in {**defaults, **spec.keywords}.items() if key != "device"}


def _class_work(class_: type) -> dict[str, str]:
    return {"class": identity.canonical(f"{class_.__module__}.{class_.__qualname__}")}


def _pyfeat_variables() -> list[tuple[str, str]]:
    """List py-feat's environment variables for other weights; only a sweep can have set them."""
    return sorted((name, value) for name, value in os.environ.items() if name.startswith("FEAT_"))


def _by_content(key: str, value: Any) -> Any:
    """Replace the name of a file, as in `multitask_weights`, by the file's digest; return any other value as it is."""
    if not isinstance(value, str) or not (os.sep in value or key.endswith("weights")):
        return value
    path = Path(value)
    return f"sha256:{_sha256(path)}" if path.is_file() else value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _plain(value: Any) -> Any:
    return value if _is_plain(value) else repr(value)


def _is_same(reported: Any, asked: Any) -> bool:
    """Return True if two values differ only in how they are written: 1 for true, or `ArcFace` for `arcface`."""
    return bool(reported == asked or str(reported).casefold() == str(asked).casefold())


def _precision(detector: Any) -> str:
    """Name the arithmetic: Detectorv2 runs its multitask network in bfloat16 on CUDA by default."""
    matmul = torch_flags.read_matmul_precision(sys.modules["torch"])
    precision = "float32" if matmul == "highest" else f"float32, matmul {matmul}"
    mixed = getattr(getattr(detector, "multitask", None), "amp", False)
    return precision + (", multitask bfloat16" if mixed else "")


def _weights_work(files: Sequence[weights.HubFile], folder: Path, *, is_synthetic: bool) -> dict[str, str]:
    if is_synthetic:
        work: dict[str, Any] = {
            "weights": WeightsKind.SYNTHETIC,
            "weights_seed": synthetic.SEED,
            "weights_generator": synthetic.GENERATOR,
        }
    else:
        work = {"weights": WeightsKind.PRETRAINED} | {
            f"weights {file.repository} {file.file}": {
                "revision": weights.read_revision(folder, file),
                "sha256": weights.compute_sha256(folder, file),
            }
            for file in files
        }
    return {key: identity.canonical(value) for key, value in work.items()}


def _source_sha256(file: Path) -> str:
    """Read the digest of a copy's source from its name, as `host.cuts` and `host.loops` write it, or hash the file."""
    copy = _COPY.fullmatch(file.name)
    return copy[1] if copy else _sha256(file)


_COPY = re.compile(r"([0-9a-f]{64})-(first|loop)\d+\.(mp4|mkv)")

_sha256 = functools.cache(hash_file)
