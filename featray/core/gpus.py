"""GPUs: what the name of a model says where a row does not, and which torch builds run on which GPU.

Pure. Source of memory and compute capability: NVIDIA's product pages and its table at developer.nvidia.com/cuda-gpus.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping

GIB = 1024**3


@dataclasses.dataclass(frozen=True)
class GpuModel:
    """One GPU model. `memory_b` is None where it is sold with several sizes."""

    memory_b: int | None
    compute_capability: str


MODELS: Mapping[str, GpuModel] = {
    "Tesla V100": GpuModel(None, "7.0"),  # 16 or 32
    "Tesla T4": GpuModel(16 * GIB, "7.5"),
    "RTX 2080 Ti": GpuModel(11 * GIB, "7.5"),
    "RTX 3060": GpuModel(None, "8.6"),  # 8 or 12
    "RTX 3070": GpuModel(8 * GIB, "8.6"),
    "RTX 3080": GpuModel(None, "8.6"),  # 10 or 12
    "RTX 3090": GpuModel(24 * GIB, "8.6"),
    "RTX A4000": GpuModel(16 * GIB, "8.6"),
    "RTX A5000": GpuModel(24 * GIB, "8.6"),
    "RTX A6000": GpuModel(48 * GIB, "8.6"),
    "A10": GpuModel(24 * GIB, "8.6"),
    "A40": GpuModel(48 * GIB, "8.6"),
    "A100": GpuModel(None, "8.0"),  # 40 or 80; the name says which
    "L4": GpuModel(24 * GIB, "8.9"),
    "L40": GpuModel(48 * GIB, "8.9"),
    "L40S": GpuModel(48 * GIB, "8.9"),
    "RTX 4070": GpuModel(12 * GIB, "8.9"),
    "RTX 4070 Ti SUPER": GpuModel(16 * GIB, "8.9"),
    "RTX 4080": GpuModel(16 * GIB, "8.9"),
    "RTX 4090": GpuModel(24 * GIB, "8.9"),
    "RTX 6000 Ada": GpuModel(48 * GIB, "8.9"),
    "H100": GpuModel(None, "9.0"),  # 80, 94 or 96
    "H200": GpuModel(141 * GIB, "9.0"),  # the driver reports 140.4 GiB
    "B200": GpuModel(None, "10.0"),  # 180 or 192
    "RTX 5070": GpuModel(12 * GIB, "12.0"),
    "RTX 5070 Ti": GpuModel(16 * GIB, "12.0"),
    "RTX 5080": GpuModel(16 * GIB, "12.0"),
    "RTX 5090": GpuModel(32 * GIB, "12.0"),
    "RTX PRO 6000 Blackwell": GpuModel(96 * GIB, "12.0"),
}


def find_model(name: str | None) -> GpuModel | None:
    """Find a GPU by its name as the driver gives it; the longest matching name wins."""
    words = f" {name or ''} "
    matches = [entry for entry in MODELS if re.search(rf"[\W_]{re.escape(entry)}[\W_]", words, re.IGNORECASE)]
    return MODELS[max(matches, key=len)] if matches else None


def find_memory_b(name: str | None) -> int | None:
    """Find a GPU's memory by its name, which may state it (`A100-SXM4-80GB`), or by its model; None when unsure."""
    stated = re.search(r"[\W_](\d{1,3}) ?GB\b", name or "")
    if stated:
        return int(stated[1]) * GIB
    entry = find_model(name)
    return entry.memory_b if entry and "laptop" not in (name or "").lower() else None  # laptops have less


def joined_name(models: Iterable[str]) -> str | None:
    """Name the models of several GPUs, each once: `NVIDIA GeForce RTX 3090 + NVIDIA L4`; None without any."""
    return " + ".join(dict.fromkeys(models)) or None


def has_kernels(architectures: Iterable[str], capability: str) -> bool:
    """Return whether a torch build can run on a GPU.

    Args:
        architectures: `torch.cuda.get_arch_list()`: `sm_86` is machine code, `compute_86` is code that the driver
            compiles; a letter at the end ties it to one architecture.
        capability: The GPU's, such as `8.9`.

    Source:
        CUDA C++ Programming Guide: machine code runs on the same major version and the same or a later minor one,
        compiled code on every later version.
    """
    wanted = int(capability.partition(".")[0]), int(capability.partition(".")[2])
    for kind, digits, letter in re.findall(r"\b(sm|compute)_(\d{2,4})([a-z]?)\b", " ".join(architectures)):
        built = int(digits[:-1]), int(digits[-1])
        if built == wanted:
            return True
        is_machine_code = letter == "f" or (letter == "" and kind == "sm")
        if is_machine_code and built[0] == wanted[0] and built[1] <= wanted[1]:
            return True
        if not is_machine_code and letter == "" and built <= wanted:
            return True
    return False


_MODEL_WORDS = re.compile(
    r"(rtx|gtx)?[1-5]0[5-9]0(ti|super|s)?|(rtx)?a?[2-6]000|[abhlpv][1-3]00|g[bh][1-3]00|k80"
    r"|a2|a10g?|a16|a30|a40|l4|l40s?|t4|m[1-9](pro|max|ultra)?|blackwell|hopper|ada|ampere|turing|volta|pascal"
)


def find_other_gpu(stem: str, gpu: str | None) -> str | None:
    """Find a GPU model in a report's file name that is not the GPU of its metadata.

    Two reports of one host were once filed under each other's GPU.

    Returns:
        The word of the file name, such as `3090`, or None when nothing contradicts.
    """
    if gpu is None:
        return None
    known = re.sub(r"[^a-z0-9]", "", gpu.lower())
    words = re.split(r"[^a-z0-9]+", re.sub(r"\d{4}-\d{2}-\d{2}", "", stem.lower()))
    models = (word for word in words if _MODEL_WORDS.fullmatch(word))
    return next((word for word in models if word.removeprefix("rtx") not in known), None)
