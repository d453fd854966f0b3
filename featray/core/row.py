"""Rows: the record of one unit in one invocation, and the schema of the store.

Flow: the measuring child, the supervisor and the importers make rows; everything after reads them.
Standard library only: the child runs in environments that have no pyarrow and no pydantic.

Quantities are SI with the unit in the name. What a host does not know is None, never 0. Every field is a column; its
text is the column's documentation (`columns()` reads it from the field metadata).
"""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any

from featray.core import json_text, row_values

SCHEMA_VERSION = 1

NO_TARGET = "none"
"""Target id of a cell whose device no host of the sweep has."""

REPLAYED_FROM = "replayed from "
"""How `source_file` of a replayed row begins, in stores of featray 0.1.0."""

BUNDLE_FROM = ", from "
"""Stands in `bundle` before the bundle in which the row came to the store that made this one."""

Floats = list[float]
"""One number per call, in call order."""

Ints = list[int]
"""Whole numbers, in order."""

RowKey = tuple[str, str, str, int, int]
"""run_id, cell_id, target_id, invocation and attempt of a row."""

OutputSummary = dict[str, list[float]]
"""Column name -> [mean, standard deviation, non-null count] over the output's rows."""


def _col(doc: str, default: Any = None) -> Any:
    return dataclasses.field(default=default, metadata={"doc": doc})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One unit in one invocation. Key: (run_id, cell_id, target_id, invocation, attempt)."""

    # -- keys
    schema_version: int = _col("version of this schema", SCHEMA_VERSION)
    sweep: str = _col("name of the sweep, or of the imported report")
    run_id: str = _col("one run of a sweep; --rerun starts another")
    cell_id: str = _col("digest of what was asked")
    work_id: str | None = _col("digest of what was resolved by the child (column work)")
    target_id: str = _col("GPU UUID, or cpu@HOST_ID, or mps@HOST_ID, or all-DIGEST@HOST_ID for several GPUs at once")
    invocation: int = _col("which fresh process of this unit, from 1")
    block: int | None = _col("block of the target's schedule; equals the invocation unless units moved")
    order_index: int | None = _col("position within the invocation, from 0, after the seeded shuffle")
    attempt: int = _col("try of this invocation, from 1, and 0 where none was made; the last attempt counts", 1)
    process: str | None = _col("names the process that measured this; the same for all cells of one child")
    status: str = _col("ok, oom, timeout, crashed, failed, wrong_work, ... (featray.core.status)")
    reason: str | None = _col("why there is no number, or what is odd about it")
    stderr_tail: str | None = _col("last lines of the child's stderr when it failed; long lines without their middle")
    started_at: str = _col("UTC, ISO 8601: the unit's warm-up began")
    ended_at: str | None = _col("UTC, ISO 8601: the unit's last timed or profiled call ended")
    source_file: str | None = _col("file the row was imported from; null when featray measured it")
    replayed: str | None = _col("store that the row was replayed from; null: not replayed. A replay is no evidence")
    bundle: str | None = _col("bundle that the row came in, and its digest; null when it was measured into this store")
    # -- labels: for people, never for identity
    description: str | None = _col("the sweep's description")
    baseline: str | None = _col("the sweep's declared baseline")
    environments: list[str] | None = _col("the sweep's environments by name, in its order; null: it has none")
    reference: str | None = _col("the setting that outputs are compared with, as canonical JSON; null: not declared")
    search_limits: str | None = _col(
        "axis that the sweep searches and the limits of that, memory_b and latency_s, as canonical JSON; null: no limit"
    )
    detector: str = _col("detector's name in the sweep")
    input: str = _col("input's name in the sweep")
    section_kind: str = _col("video or images")
    section_label: str = _col("heading of the input's section in py-feat's reports")
    device: str = _col("cpu, cuda or mps")
    batch_size: int = _col("frames per batch")
    num_workers: int = _col("DataLoader workers")
    processes: int | None = _col(
        "processes that ran side by side on the target, or on each of `gpus`; times are of all together; null is 1"
    )
    weights: str | None = _col("pretrained or synthetic")
    environment: str | None = _col("named environment; null is the host's own")
    protocol: str | None = _col("featray or pyfeat")
    rules: str | None = _col("the measuring rules in force, as canonical JSON")
    asked: str | None = _col("the cell as canonical JSON, with digests for secrets: enough to run it again")
    # -- context: where and with what, as observed
    hostname: str | None = _col("host name")
    host_id: str | None = _col("stable id of the machine")
    os: str | None = _col("operating system and release")
    arch: str | None = _col("machine architecture")
    cpu_model: str | None = _col("processor")
    cpu_count: int | None = _col("logical processors of the machine")
    memory_b: int | None = _col("physical memory, bytes")
    gpu_name: str | None = _col("GPU model; of several `gpus` each model once, joined by +")
    gpu_uuid: str | None = _col("GPU UUID the child saw; null for several `gpus`")
    gpus: dict[str, str] | None = _col(
        "all GPUs of the host at the same time: UUID -> model, in the order of the processes; null: one target"
    )
    gpu_memory_b: int | None = _col("GPU memory, bytes; of several `gpus` the smallest one's")
    compute_capability: str | None = _col("CUDA compute capability, such as 12.0")
    driver: str | None = _col("GPU driver version")
    python: str | None = _col("Python of the child")
    torch: str | None = _col("torch version with its build tag")
    cuda: str | None = _col("CUDA version torch was built with")
    torchvision: str | None = _col("torchvision version")
    torchcodec: str | None = _col("torchcodec version")
    ffmpeg: str | None = _col("FFmpeg used, and where it came from")
    pyfeat: str | None = _col("py-feat version")
    pyfeat_commit: str | None = _col("git commit of an editable py-feat")
    pyfeat_dirty: str | None = _col("digest of uncommitted changes of an editable py-feat; null where there are none")
    featray: str | None = _col("featray version")
    omp_num_threads: str | None = _col("OMP_NUM_THREADS as the child saw it after importing py-feat")
    torch_threads: int | None = _col("torch.get_num_threads() in effect")
    exclusive: str | None = _col("host or gpu: what the lease held while this was measured")
    pinned_cpus: str | None = _col("several processes: processors of each, such as 0-3; 4-7; null: not pinned")
    mps_daemon: bool | None = _col("true: several processes shared the GPU through NVIDIA's MPS")
    # -- measurement
    work: dict[str, str] | None = _col("what was resolved: key -> JSON value; work_id is its digest")
    import_s: float | None = _col(
        "seconds to import the detector's packages, once per invocation; py-feat's with one garbage collection"
    )
    load_s: float | None = _col("seconds to construct the detector, once per invocation")
    first_call_s: float | None = _col("seconds of the unit's first untimed call")
    warmup_s: Floats | None = _col("seconds of each untimed call")
    timed_s: Floats | None = _col("seconds per call of each repeat: one timed call, or a loop of short ones")
    process_timed_s: dict[str, list[float]] | None = _col(
        "several processes: number of the process -> seconds per call of each of its repeats, beside the others"
    )
    calls_per_repeat: int | None = _col("calls timed together as one repeat; null means 1")
    unmet_rules: list[str] | None = _col("protocol rules that were not reached")
    sustained_hz: Floats | None = _col("frames per second in each 10 s of the sustained run; null without one")
    stages_s: dict[str, float] | None = _col("stage -> wall seconds in the profiled call")
    profiled_ratio: float | None = _col("profiled call over median timed call, dimensionless")
    frames: int | None = _col("frames or images per call")
    batches: int | None = _col("batches per call")
    input_fps: float | None = _col("frame rate of the clip, Hz")
    fex_rows: int | None = _col("rows detect() returned")
    faces: int | None = _col("rows with FaceScore > 0")
    faces_min: int | None = _col("fewest faces in one frame")
    faces_mean: float | None = _col("mean number of faces per frame")
    faces_max: int | None = _col("most faces in one frame")
    face_counts: Ints | None = _col("faces of the frames in order, as runs: count, frames, count, frames, ...")
    face_s: float | None = _col("median seconds per call over the faces of a call; null without a face")
    output_summary: OutputSummary | None = _col("numeric column -> [mean, sd, non-null count]")
    output_sums: dict[str, str] | None = _col(
        "family of output columns -> weighted sums of its values in the last timed call (featray.core.output_sums)"
    )
    accuracy: dict[str, float] | None = _col("score against the input's labels -> its value (feat.evaluation)")
    delay_s_per_frame: float | None = _col("delay injected for self-tests, seconds per frame")
    printed: dict[str, str] | None = _col("imports: the figures as printed")
    interval_s: Floats | None = _col("imports: [low, high] seconds that all printed figures allow")
    # -- resources
    gpu_memory_allocated_peak_b: int | None = _col("torch's peak allocation, bytes")
    gpu_memory_reserved_peak_b: int | None = _col("torch's peak reservation, bytes")
    gpu_memory_used_peak_b: int | None = _col("peak use of the device by anybody (NVML), bytes")
    gpus_memory_reserved_peak_b: dict[str, int] | None = _col(
        "several `gpus`: UUID -> torch's peak reservation there, bytes; null: not recorded"
    )
    gpus_memory_used_peak_b: dict[str, int] | None = _col(
        "several `gpus`: UUID -> peak use of it by anybody (NVML), bytes; null: not recorded"
    )
    rss_peak_b: int | None = _col("peak resident memory of the child, bytes; of several processes the sum")
    gpu_utilization_median: float | None = _col(
        "median GPU utilisation in timed calls, 0 to 1; null where they are shorter than 0.25 s"
    )
    sm_clock_median_hz: float | None = _col("median SM clock in timed calls, Hz")
    power_median_w: float | None = _col("median power in timed calls, W; null where they are shorter than 1.1 s")
    energy_j: float | None = _col(
        "energy of the GPU over all timed calls, J, idle power included; a repeat makes calls_per_repeat of them"
    )
    idle_power_w: float | None = _col("power of the GPU before the detector was loaded, W; once per invocation")
    cpu_energy_j: float | None = _col(
        "energy of the host's processors over all timed calls, J, idle power and other processes included"
    )
    cpu_idle_power_w: float | None = _col("power of the host's processors before the detector was loaded, W")
    energy_reason: str | None = _col("why energy_j or cpu_energy_j is null")
    temperature_max_c: float | None = _col("highest GPU temperature, degrees C")
    throttle_reasons: list[str] | None = _col("clock event reasons seen in timed calls")
    throttled: bool | None = _col("true: throttled repeats remained after every re-measurement")
    cpu_utilization: float | None = _col("mean of the host's CPUs in timed calls, 0 to 1")
    cpu_other: float | None = _col("share of the host's CPUs that other processes took in timed calls, 0 to 1")
    load_1m: float | None = _col("the host's 1-minute load average before the first call")
    foreign_gpu_processes: int | None = _col("other processes on the GPU while timed")
    # -- machine state: settings and load of host, GPU and torch that change how fast a call is
    boot_id: str | None = _col("id that the host's kernel drew at its last boot")
    power_limit_w: float | None = _col("GPU power limit in force, W")
    sm_clock_max_hz: float | None = _col("highest SM clock of the GPU, Hz")
    sm_clock_application_hz: float | None = _col(
        "SM clock set for applications, Hz; null where the GPU has no such setting"
    )
    gpu_persistence: bool | None = _col("true: the driver keeps the GPU initialised between processes")
    gpu_ecc: bool | None = _col("true: GPU memory with error correction")
    gpu_mig: bool | None = _col("true: the GPU is divided into instances")
    pcie_generation: int | None = _col("PCIe generation of the GPU's link after the timed calls")
    pcie_width: int | None = _col("PCIe lanes of the GPU's link after the timed calls")
    cpu_governor: str | None = _col("frequency governor of the processors; several are listed")
    cpu_turbo: bool | None = _col("true: processors may run above their base clock")
    cpu_smt: bool | None = _col("true: several threads per processor core")
    cpu_affinity: int | None = _col("logical processors that the child may use")
    cpu_quota: float | None = _col("processors' worth of time that the child's cgroup may use; null without a limit")
    numa_nodes: int | None = _col("memory nodes of the host")
    steal_share: float | None = _col(
        "share of the host's processor time that its hypervisor took, in timed calls, 0 to 1"
    )
    swap_used_b: int | None = _col("swap in use on the host before the first call, bytes")
    transparent_hugepages: str | None = _col("always, madvise or never")
    cudnn: str | None = _col("cuDNN version in use; null without a GPU")
    tf32_matmul: bool | None = _col("true: TF32 is allowed in matrix products; null without a GPU")
    tf32_cudnn: bool | None = _col("true: TF32 is allowed in convolutions; null without a GPU")
    cudnn_benchmark: bool | None = _col("true: cuDNN times its algorithms and takes the fastest; null without a GPU")
    cudnn_deterministic: bool | None = _col("true: cuDNN uses deterministic algorithms only; null without a GPU")
    matmul_precision: str | None = _col("torch's precision of float32 matrix products: highest, high or medium")

    def __repr__(self) -> str:
        """Name the row and its outcome; its 100 columns are attributes."""
        name = f"{self.detector} {self.input} {self.device} b={self.batch_size} #{self.invocation}"
        return f"Row({name} of {self.run_id} on {self.target_id}: {self.status})"

    @property
    def is_replayed(self) -> bool:
        """Return True if nothing was measured: a recorded row answered. Older rows say so in `source_file` alone."""
        return self.replayed is not None or (self.source_file or "").startswith(REPLAYED_FROM)

    def key(self) -> RowKey:
        """Identify this row among all rows; two rows of one key are the same row."""
        return (self.run_id, self.cell_id, self.target_id, self.invocation, self.attempt)


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its name, Python type without None, whether null is allowed, and documentation."""

    name: str
    type: Any
    nullable: bool
    doc: str


@functools.cache
def columns() -> tuple[Column, ...]:
    """List the store's columns in order, as declared by `Row`."""
    hints = typing.get_type_hints(Row)
    return tuple(_column(field, hints[field.name]) for field in dataclasses.fields(Row))


def _column(field: "dataclasses.Field[Any]", hint: Any) -> Column:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    type_ = next(option for option in options if option is not type(None))
    return Column(field.name, type_, type(None) in options, field.metadata["doc"])


def to_json(row: Row) -> str:
    """Write a row as one line of JSON, nulls included; NaN and infinities in floats become null."""
    values = {column.name: getattr(row, column.name) for column in columns()}  # `asdict` also copies every value
    return json_text.write(values, indent=None)


def from_json(text: str) -> Row:
    """Read a row back from `to_json`.

    Raises:
        ValueError: not JSON, or not a row; the message names the column.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("a row is a JSON object")
    return from_mapping(value)


def from_mapping(values: Mapping[str, Any], *, is_of_child: bool = False) -> Row:
    """Build a row from a decoded JSON object or a table's record.

    Unknown keys, such as columns of a newer featray, are dropped; absent ones are None. A number that stands
    alone and is NaN or infinite becomes None: a sensor had no answer.

    Args:
        values: Column -> value.
        is_of_child: One measuring process wrote it, which knows nothing of those beside it.

    Raises:
        ValueError: a required column is absent, or a value has the wrong type or cannot be (`row_values`); the message
            names the column.
    """
    record: dict[str, Any] = {}
    for column in columns():
        value = values.get(column.name)
        if value is None:
            if not column.nullable and column.name not in _DEFAULTED:
                raise ValueError(f"column {column.name} is missing")
            if not column.nullable:
                continue
        elif type(value) is not column.type and not _fits(value, column.type):
            raise ValueError(f"column {column.name}: {row_values.shown(value)} is not {column.type}")
        elif column.type is float or column.type is int:
            value = _number(column, value)
        record[column.name] = value
    fault = row_values.find_fault(record, is_of_child=is_of_child)
    if fault is not None:
        raise ValueError(fault)
    return Row(**record)


def _number(column: Column, value: Any) -> Any:
    if column.type is float:
        try:
            return row_values.telemetry(value)
        except ValueError as error:
            raise ValueError(f"column {column.name}: {error}") from error
    if value not in row_values.INTEGERS:
        raise ValueError(f"column {column.name}: {row_values.shown(value)} has more than 64 bits")
    return value


_DEFAULTED = frozenset({"schema_version", "attempt"})


def _fits(value: Any, kind: Any) -> bool:
    if type(value) is kind:  # nearly every value of nearly every row
        return True
    origin, item = _parts(kind)
    if origin is list:
        return isinstance(value, list) and _all_fit(value, item)
    if origin is dict:
        return isinstance(value, dict) and set(map(type, value)) <= {str} and _all_fit(value.values(), item)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _all_fit(values: Collection[Any], item: Any) -> bool:
    others = set(map(type, values)) - {item, types.NoneType}
    return not others or all(value is None or _fits(value, item) for value in values)


@functools.cache
def _parts(kind: Any) -> tuple[Any, Any]:
    """Split `list[float]` into list and float, `dict[str, float]` into dict and float."""
    items = typing.get_args(kind)
    return typing.get_origin(kind), items[-1] if items else None
