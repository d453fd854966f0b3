"""The checkup of this machine, from the outside."""

import featray
from featray.api.doctor import MachineCheckup
from featray.planning.checkup import CheckedPart, PartState


def test_this_machine_is_checked_in_every_part() -> None:
    checked = featray.doctor()
    assert {"Python", "torch", "FFmpeg", "GPU", "weights", "disk", "open files", "ports"} <= {
        part.part for part in checked
    }
    assert list(checked.to_frame().columns) == ["part", "state", "found", "remedy"]


def test_only_a_fault_gives_exit_code_1() -> None:
    note = CheckedPart(part="GPU", state=PartState.NOTE, found="none", remedy="nothing")
    fault = CheckedPart(part="ray", state=PartState.FAULT, found="not installed", remedy="install it")
    assert (MachineCheckup([note]).exit_code, MachineCheckup([note, fault]).exit_code) == (0, 1)
    assert "1 note, 1 fault" in repr(MachineCheckup([note, fault]))
