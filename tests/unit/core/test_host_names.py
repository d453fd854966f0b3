"""Host names: a host is called by its names, its id, and the text that its id was computed from."""

import pytest

from featray.core import host_names
from featray.measurement import provenance


def test_a_host_is_called_by_the_text_that_gave_it_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_HOST_ID", "pod-7")
    known = ("box", provenance.compute_host_id(), None)
    assert [host_names.is_called(name, known) for name in ("pod-7", "box", known[1] or "", "pod-8", "")] == [
        *(True, True, True, False, False)
    ]


def test_a_name_as_it_is_comes_before_a_text_of_an_id() -> None:
    known = {"box", host_names.id_of("pod-7")}
    assert host_names.first_called(["pod-7", "box"], known) == "box"
    assert host_names.first_called(["pod-7", "shelf"], known) == "pod-7"
    assert host_names.first_called(["shelf"], known) is None


def test_ids_stay_as_they_are() -> None:
    assert host_names.id_of("node-7") == "c346d3879a21"
