"""Texts in the formats of py-feat's reports, made from figures."""

from collections.abc import Mapping, Sequence

METADATA: Mapping[str, str] = {
    "Date": "2026-07-01 09:30:00",
    "py-feat version": "2.1.5",
    "Git commit": "abc1234",
    "Host": "box (x86_64, 16 CPUs)",
    "Python": "3.12.3",
    "PyTorch": "2.11.0+cu128",
    "GPU": "CUDA 12.8, NVIDIA RTX 4000",
    "OMP_NUM_THREADS": "`1`",
    "Devices swept": "['cpu', 'cuda']",
    "Batch sizes": "[1, 16]",
    "DataLoader workers": "[0]",
}
NOTE = "Each timed call is preceded by one untimed warmup; the timed-call wall time is reported."

SHORT = "Video: short (72 frames)"
IMAGES = "Images: 16 x multi_face.jpg = 80 faces"

Tables = Mapping[tuple[str, str], Sequence[Sequence[str]]]
"""(section heading, configuration) -> lines of cells."""

TABLES: Tables = {
    (SHORT, "img2pose"): [("cpu", "1", "57.60", "800.0", "1.2"), ("cuda", "16", "2.16", "30.0", "33.3")],
    (SHORT, "Detectorv2 multitask"): [("cuda", "16", "0.27", "3.7", "270.6")],
    (IMAGES, "img2pose"): [("cuda", "1", "2.40", "150.0", "80")],
}


def markdown(
    tables: Tables = TABLES, *, metadata: Mapping[str, str] = METADATA, workers: bool = False, notes: str = ""
) -> str:
    """Write a report as py-feat's script does; `workers` adds the column of that name."""
    parts = [f"# py-feat detector benchmark \u2014 {metadata['Date']}\n\n## Run metadata\n"]
    parts += [f"- **{label}:** {value}" for label, value in metadata.items()]
    parts += [f"\n{NOTE}\n"]
    last = None
    for (section, config), lines in tables.items():
        if section != last:
            parts.append(f"## {section}\n")
        last = section
        figures = ["sec", "ms/frame", "fps"] if section.startswith("Video") else ["sec", "ms/img", "rows"]
        columns = ["device", "batch", *(["workers"] if workers else []), *figures]
        table = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
        table += [f"| {' | '.join(line)} |" for line in lines]
        parts += [f"### {config}\n", "\n".join(table) + "\n", ""]
    return "\n".join(parts) + notes


def payload() -> dict[str, object]:
    """Make a run in the format of py-feat's `--json`: 72 frames in 2 s, 16 images in 4 s."""
    return {
        "schema_version": 1,
        "metadata": {
            "date": "2026-06-05T10:00:00-04:00",
            "feat_version": "2.1.5",
            "git_commit": "abc1234",
            "host": "box",
            "machine": "x86_64",
            "cpu_count": 32,
            "python": "3.12.3",
            "pytorch": "2.11.0+cu128",
            "gpu": "CUDA 12.8, NVIDIA RTX 4000",
            "omp_num_threads": "1",
            "devices_swept": ["cpu", "cuda"],
            "batch_sizes": [1, 4],
            "workers": [0, 2],
        },
        "records": [
            {
                "section_kind": "video",
                "section_label": "short (72 frames)",
                "config": "Detectorv2 multitask",
                "device": "cuda",
                "batch": 4,
                "workers": 0,
                "sec": 2.0,
                "n_rows": 72,
                "n_units": 72,
                "per_unit_ms": 27.78,
                "fps": 36.0,
            },
            {
                "section_kind": "image",
                "section_label": "16 x multi_face.jpg = 80 faces",
                "config": "retinaface",
                "device": "cpu",
                "batch": 1,
                "workers": 2,
                "sec": 4.0,
                "n_rows": 80,
                "n_units": 16,
                "per_unit_ms": 250.0,
                "fps": 4.0,
            },
        ],
    }


def print_duration(call_s: float, frames: int) -> dict[str, str]:
    """Print the duration of a call over a video as py-feat's script does."""
    return {"sec": f"{call_s:.2f}", "ms/frame": f"{call_s / frames * 1000:.1f}", "fps": f"{frames / call_s:.1f}"}
