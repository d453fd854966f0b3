"""Control groups: the folders of the groups that this process is in.

Flow: `machine_state` reads the processor quota there, `host.cgroup` counts kills. Standard library only.

Source: cgroups(7). Version 2 has one tree for all controllers, version 1 one tree for each.
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def list_folders(controller: str, *, root: Path = ROOT, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """List the folder of this process's group for a controller, then those of the groups around it, up to the root.

    A container may see its own group as the root: then only the last folder exists.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, is_group, group = rest.partition(":")
        if is_group and controllers == "":
            yield from _upwards(root, group)
        elif controller in controllers.split(","):
            yield from _upwards(root / controller, group)


def _upwards(tree: Path, group: str) -> Iterator[Path]:
    parts = [part for part in group.split("/") if part]
    if ".." not in parts:  # a group outside what the container sees
        for count in range(len(parts), 0, -1):
            yield tree.joinpath(*parts[:count])
    yield tree
