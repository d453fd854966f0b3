"""NVIDIA's MPS for the time of one invocation, with a fake of its program."""

import os
from pathlib import Path

import pytest

from featray.host import mps_daemon

UUID = "GPU-1"

DAEMON = """#!/bin/sh
if [ "$1" = "-f" ]; then
    echo "$CUDA_VISIBLE_DEVICES" > "$CUDA_MPS_PIPE_DIRECTORY/control"
    while [ ! -e "$CUDA_MPS_PIPE_DIRECTORY/quit" ]; do sleep 0.05; done
    exit 0
fi
read line
[ "$line" = "quit" ] && touch "$CUDA_MPS_PIPE_DIRECTORY/quit"
"""

REFUSING = """#!/bin/sh
echo "Starting"
echo "An instance of this daemon is already running"
exit 1
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    program = folder / mps_daemon.PROGRAM
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_the_daemon_runs_for_one_gpu_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, DAEMON)
    with mps_daemon.running([UUID]) as variables:
        folder = Path(variables["CUDA_MPS_PIPE_DIRECTORY"])
        assert (folder / "control").read_text() == f"{UUID}\n"
        assert variables["CUDA_MPS_LOG_DIRECTORY"] == str(folder)
    assert not folder.exists()


def test_a_daemon_that_does_not_start_is_refused_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, REFUSING)
    with (
        pytest.raises(mps_daemon.CannotRun, match="did not start: An instance of this daemon is already running"),
        mps_daemon.running([UUID]),
    ):
        pass


def test_a_daemon_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(mps_daemon, "START_S", 0.2)
    monkeypatch.setattr(mps_daemon, "END_S", 0.2)
    with pytest.raises(mps_daemon.CannotRun, match="said nothing"), mps_daemon.running([UUID]):
        pass


def test_without_the_program_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(mps_daemon.CannotRun, match="nvidia-cuda-mps-control is not there"), mps_daemon.running([UUID]):
        pass
