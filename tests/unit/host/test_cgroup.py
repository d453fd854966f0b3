"""Memory kills as the kernel counts them, from files as the kernel writes them."""

from pathlib import Path

from featray.host import cgroup


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_version_2_counts_in_memory_events(tmp_path: Path) -> None:
    membership = write(tmp_path / "cgroup", "0::/user.slice/job\n")
    write(tmp_path / "fs/user.slice/job/memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\n")
    assert cgroup.count_oom_kills(tmp_path / "fs", membership) == 3


def test_version_1_counts_in_memory_oom_control(tmp_path: Path) -> None:
    membership = write(tmp_path / "cgroup", "5:devices:/\n4:cpu,memory:/job\n0::/\n")
    write(tmp_path / "fs/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert cgroup.count_oom_kills(tmp_path / "fs", membership) == 2


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    membership = write(tmp_path / "cgroup", "4:memory:/docker/1f2e\n")
    write(tmp_path / "fs/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert cgroup.count_oom_kills(tmp_path / "fs", membership) == 1


def test_a_kernel_that_does_not_count_gives_none_and_not_zero(tmp_path: Path) -> None:
    membership = write(tmp_path / "cgroup", "4:memory:/job\n0::/\n")
    write(tmp_path / "fs/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n")
    assert cgroup.count_oom_kills(tmp_path / "fs", membership) is None
    assert cgroup.count_oom_kills(tmp_path / "fs", tmp_path / "absent") is None
