"""Provenance: names of machines, versions, and commits read from a repository's files."""

import os
import subprocess
import sys
import types

import pytest

from featray.core import row as rows
from featray.measurement import provenance


def test_a_machine_is_described_in_columns_of_the_row() -> None:
    names = {column.name for column in rows.columns()}
    context = provenance.describe_host()
    assert set(context) <= names
    assert set(provenance.describe_software()) <= names
    assert context["hostname"]
    assert context["memory_b"] > 100_000_000


def test_a_host_id_is_stable_and_short() -> None:
    assert provenance.compute_host_id() == provenance.compute_host_id()
    assert len(provenance.compute_host_id()) == 12


def test_a_host_id_can_be_set_for_machines_without_a_stable_name(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = provenance.compute_host_id()
    monkeypatch.setenv("FEATRAY_HOST_ID", "node-7")
    given = provenance.compute_host_id()
    assert given == provenance.compute_host_id() != computed
    assert len(given) == 12
    monkeypatch.setenv("FEATRAY_HOST_ID", "node-8")
    assert provenance.compute_host_id() != given


def test_a_mac_is_the_same_in_every_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(name: str, uuid: str | None) -> str:
        monkeypatch.setattr(provenance, "_mac_host_uuid", lambda: uuid)
        monkeypatch.setattr(os, "uname", lambda: types.SimpleNamespace(nodename=name))
        return provenance.compute_host_id()

    monkeypatch.setattr(sys, "platform", "darwin")
    assert named("Mac.fritz.box", "1") == named("Mac.office.lan", "1") != named("Mac.fritz.box", "2")
    assert named("Mac.fritz.box", None) != named("Mac.office.lan", None)


def test_describing_the_software_imports_none_of_it() -> None:
    code = (
        "import sys; from featray.measurement import provenance; provenance.describe_host(); "
        "c = provenance.describe_software(); print(c['torch'], 'torch' in sys.modules, 'feat' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, *imported = done.stdout.split()
    assert version[0].isdigit()
    assert imported == ["False", "False"]


def test_the_build_of_torch_is_read_without_importing_it() -> None:
    text = "from typing import Optional\n__version__ = '2.9.0+cu128'\ncuda: Optional[str] = '12.8'\nhip = None\n"
    assert provenance._torch_build(text) == ("2.9.0+cu128", "12.8")
    assert provenance._torch_build("__version__ = '2.9.0+cpu'\ncuda: Optional[str] = None\n") == ("2.9.0+cpu", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC 9354\nprocessor\t: 1\nmodel name\t: AMD EPYC 9354\n", "AMD EPYC 9354"),
        ("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n", "ARM 0x41/0xd4f"),
        ("", None),
    ],
)
def test_processors_are_named_as_the_kernel_does(text: str, expected: str | None) -> None:
    assert provenance._cpu_model_of(text) == expected


def test_what_is_not_installed_has_no_version() -> None:
    assert provenance.read_version("no-such-distribution") is None
