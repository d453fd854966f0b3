"""Bad input to the command: exit code 2, one clear message, no traceback, nothing written."""

from pathlib import Path

import pytest

from tests.support.command import Shell

GOOD = """
detectors: [{name: tick, class: "featray.measurement.clockwork:Clockwork"}]
inputs: [short]
axes: {device: cpu, batch_size: 1}
"""

BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
)

CASES: dict[str, tuple[str | bytes, str]] = {
    "YAML syntax error": (GOOD + "hosts: {", "trial.yaml:5: not YAML"),
    "not text": (b"\x00\x01\xff\xfe", "trial.yaml: not text"),
    "alias bomb": (BOMB, "once aliases are followed"),
    "duplicate key": (GOOD + "inputs: [long]", "trial.yaml:5: inputs: the key appears twice, first on line 3"),
    "unknown key": (GOOD + "detektors: x", "Did you mean 'detectors'?"),
    "unknown detector": (GOOD.replace('{name: tick, class: "featray.measurement.clockwork:Clockwork"}', "retinafac"),
                         "Did you mean 'retinaface'?"),
    "batch 0": (GOOD.replace("batch_size: 1", "batch_size: 0"), "axes.batch_size: expected at least 1, got 0"),
    "batch negative": (GOOD.replace("batch_size: 1", "batch_size: -4"), "expected at least 1, got -4"),
    "batch fractional": (GOOD.replace("batch_size: 1", "batch_size: 1.5"), "expected a whole number, got 1.5"),
    "batch boolean": (GOOD.replace("batch_size: 1", "batch_size: true"), "expected a whole number, got true"),
    "batch text": (GOOD.replace("batch_size: 1", "batch_size: '4'"), "expected a whole number, got '4'"),
    "empty axis": (GOOD.replace("batch_size: 1", "batch_size: []"), "axes.batch_size: expected at least one value"),
    "duplicate values": (GOOD.replace("batch_size: 1", "batch_size: [1, 1]"), "1 is listed twice"),
    "a name with a path": (GOOD + "name: ../../etc/x", "cannot be a name"),
    "unknown device": (GOOD.replace("device: cpu", "device: gpu"), "unknown value 'gpu'; expected cpu, cuda, mps"),
    "a missing clip": (GOOD.replace("[short]", "[./none.mp4]"), "none.mp4: no such file or folder"),
    "a text file named mp4": (GOOD.replace("[short]", "[./text.mp4]"), "text.mp4: cannot be read as a video or image"),
    "a folder named mp4": (GOOD.replace("[short]", "[./folder.mp4]"), "no image in this folder"),
    "a host that is not there": (GOOD + "hosts: no-such-host", "hosts: no host matches 'no-such-host'; expected "),
}  # fmt: skip


@pytest.mark.parametrize("command", ["submit", "plan"])
@pytest.mark.parametrize("case", CASES)
def test_a_bad_sweep_is_refused_before_anything_is_written(
    case: str, command: str, tmp_path: Path, shell: Shell
) -> None:
    content, message = CASES[case]
    sweep, results = tmp_path / "trial.yaml", tmp_path / "results"
    sweep.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "text.mp4").write_text("this is no video")
    (tmp_path / "folder.mp4").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert message in shell.complain(command, sweep, "--results", results)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["submit", "plan"])
def test_a_missing_sweep_is_refused(command: str, tmp_path: Path, shell: Shell) -> None:
    assert "quick.yaml: no such file" in shell.complain(command, tmp_path / "quick.yaml")


def test_cuda_without_a_gpu_anywhere_names_the_hosts_that_have_none(tmp_path: Path, shell: Shell) -> None:
    from featray.planning import inventory
    from featray.planning.inventory import Host, Inventory

    sweep, hosts = tmp_path / "trial.yaml", tmp_path / "hosts.json"
    sweep.write_text(GOOD.replace("device: cpu", "device: cuda"))
    hosts.write_text(inventory.to_json(Inventory(hosts=(Host(host_id="h", hostname="box"),))))
    message = shell.complain("plan", sweep, "--inventory", hosts)
    assert "no cuda device among box (no GPU)" in message


def test_a_bad_inventory_is_refused(tmp_path: Path, shell: Shell) -> None:
    sweep = tmp_path / "trial.yaml"
    sweep.write_text(GOOD)
    assert "trial.yaml: not JSON" in shell.complain("plan", sweep, "--inventory", sweep)


def test_a_bad_cluster_file_is_refused(tmp_path: Path, shell: Shell) -> None:
    lab = tmp_path / "lab.yaml"
    lab.write_text("hosts:\n- {name: a, address: x}\n- {name: a, address: y}\n")
    assert "lab.yaml:3: hosts[1].name: two hosts have the name 'a'" in shell.complain("cluster", "start", lab)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("submit", "--inventory", "hosts.json"), "--inventory goes with --replay; to measure on other hosts"),
        (("submit", "--detach", "--inventory", "hosts.json"), "--detach and --inventory do not go together"),
        (("submit", "--detach", "--backend", "inline"), "--detach and --backend do not go together"),
        (("submit", "--backend", "inlin"), "--backend inlin: no such backend; expected ray, inline"),
        (("submit", "--backend", "inline", "--address", "auto"), "--backend inline measures on this machine alone"),
        (("submit", "--detach", "--json"), "--detach and --json do not go together"),
        (("submit", "--detach", "--quiet"), "--detach and --quiet do not go together"),
        (("submit", "--detach", "--replay", "tape"), "--detach and --replay do not go together"),
        (("plan", "--inventory", "hosts.json", "--address", "h:1"), "--inventory and --address do not go together"),
        (("submit", "--replay", "tape", "--address", "h:1"), "--replay and --address do not go together"),
        (("submit", "--python", "/opt/python"), "--python goes with --detach"),
        (("submit", "--replay", "nowhere"), "--replay nowhere: no rows there; expected a store that holds some"),
        (("submit", "--budget", "nan"), "--budget: expected minutes above 0, got nan"),
        (("submit", "--budget", "inf"), "--budget: expected minutes above 0, got inf"),
        (("submit", "--budget", "-5"), "--budget: expected minutes above 0, got -5"),
        (("submit", "--budget", "0", "--detach"), "--budget: expected minutes above 0, got 0"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    shell: Shell,
) -> None:
    (tmp_path / "trial.yaml").write_text(GOOD)
    command, *options = arguments
    assert message in shell.complain(command, "trial.yaml", *options)
    assert [path.name for path in tmp_path.iterdir()] == ["trial.yaml"]


@pytest.mark.parametrize("command", [("submit",), ("submit", "--detach"), ("plan",)])
@pytest.mark.parametrize(("file", "name"), [("calibration.yaml", ""), ("trial.yaml", "\nname: calibration")])
def test_the_name_of_the_calibration_is_reserved_for_it(
    command: tuple[str, ...],
    file: str,
    name: str,
    tmp_path: Path,
    shell: Shell,
) -> None:
    (tmp_path / file).write_text(GOOD + name)
    message = shell.complain(command[0], file, *command[1:])
    assert f"{file}: the name 'calibration' is reserved for `featray calibrate`; give the sweep a 'name'" in message
    assert [path.name for path in tmp_path.iterdir()] == [file]
