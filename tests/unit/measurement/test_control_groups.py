"""Control groups: the folders of this process's group, in both versions."""

from pathlib import Path

from featray.measurement import control_groups
from tests.support.recorded_trees import write_tree

ROOT = Path("/groups")


def folders(tmp_path: Path, membership: str, controller: str = "cpu") -> list[Path]:
    write_tree(tmp_path, {"cgroup": membership})
    return list(control_groups.list_folders(controller, root=ROOT, membership=tmp_path / "cgroup"))


def test_version_2_has_one_tree_for_all_controllers(tmp_path: Path) -> None:
    assert folders(tmp_path, "0::/system.slice/job\n") == [ROOT / "system.slice/job", ROOT / "system.slice", ROOT]


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    membership = "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n"
    assert folders(tmp_path, membership) == [ROOT / "cpu/docker/abc", ROOT / "cpu/docker", ROOT / "cpu"]


def test_a_group_outside_the_containers_view_is_looked_for_at_the_root(tmp_path: Path) -> None:
    assert folders(tmp_path, "0::/../other\n") == [ROOT]


def test_without_groups_there_is_no_folder(tmp_path: Path) -> None:
    assert list(control_groups.list_folders("cpu", root=ROOT, membership=tmp_path / "absent")) == []
    assert folders(tmp_path, "no colons here\n") == []
