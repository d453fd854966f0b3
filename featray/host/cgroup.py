"""Control groups: whether the kernel killed a process here for its memory limit.

Source: Linux cgroup v2, `memory.events`, which counts processes killed in the group and below it; cgroup v1,
`memory.oom_control`, which counts those of the group alone.
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def kills(root: Path = ROOT, membership: Path = Path("/proc/self/cgroup")) -> int | None:
    """Count the out-of-memory kills of this process's cgroup, or None where the kernel does not say."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for file in _files(root, lines):
        try:
            counts = dict(line.split() for line in file.read_text(encoding="utf-8").splitlines())
            return int(counts["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return None


def _files(root: Path, lines: list[str]) -> Iterator[Path]:
    """List where the count may stand; a container may see its own group as the root."""
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controllers == "":
            yield root / own.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield root / "memory" / own.lstrip("/") / "memory.oom_control"
            yield root / "memory" / "memory.oom_control"
