"""Control groups: whether the kernel killed a process here because of its memory limit.

Flow: `child_death` compares the count before and after a child; without cgroups the count is None.

Source: Linux cgroup v2, `memory.events`, counts the kills in the group and in groups below it; cgroup v1,
`memory.oom_control`, counts those of the group alone.
"""

from pathlib import Path

from featray.measurement import control_groups

FILES = ("memory.events", "memory.oom_control")  # of version 2 and of version 1


def count_oom_kills(root: Path = control_groups.ROOT, membership: Path = control_groups.MEMBERSHIP) -> int | None:
    """Count the out-of-memory kills in this process's cgroup; None where the kernel does not count them."""
    for folder in control_groups.list_folders("memory", root=root, membership=membership):
        for name in FILES:
            try:
                lines = (folder / name).read_text(encoding="utf-8").splitlines()
                return int(dict(line.split() for line in lines)["oom_kill"])
            except (OSError, KeyError, ValueError):
                continue
    return None
