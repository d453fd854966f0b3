"""Control groups: whether the kernel killed a process here because of its memory limit.

Flow: `child_death` compares the count before and after a child; without cgroups the count is None.

Source: Linux cgroup v2, `memory.events`, counts the kills in the group and in groups below it; cgroup v1,
`memory.oom_control`, counts those of the group alone.
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def count_oom_kills(root: Path = ROOT, membership: Path = Path("/proc/self/cgroup")) -> int | None:
    """Count the out-of-memory kills in this process's cgroup; None where the kernel does not count them."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for file in _candidate_files(root, lines):
        try:
            counts = dict(line.split() for line in file.read_text(encoding="utf-8").splitlines())
            return int(counts["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return None


def _candidate_files(root: Path, membership_lines: list[str]) -> Iterator[Path]:
    """List the files that may hold the count; a container may see its own group as the root."""
    for line in membership_lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            yield root / group.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield root / "memory" / group.lstrip("/") / "memory.oom_control"
            yield root / "memory" / "memory.oom_control"
