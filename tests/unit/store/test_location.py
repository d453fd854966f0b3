"""Locations: results folders and URIs, without secrets in any message."""

from pathlib import Path

import pytest

from featray import store
from featray.errors import BadInput, StoreError
from featray.store.location import locate
from tests.support.builders import make_row


@pytest.mark.parametrize("results", ["nfs9://user:H1DDEN@host/r?key=H1DDEN", "s3://KEY:H1D DEN@bu cket/r?key=H1DDEN"])
def test_a_uri_with_credentials_is_refused_without_showing_them(results: str) -> None:
    with pytest.raises(BadInput, match="holds credentials") as caught:
        locate(results)
    assert "H1D" not in str(caught.value)


@pytest.mark.parametrize("results", ["nfs9://host/r", "s3://bu cket/r"])
def test_a_uri_that_nothing_opens_is_a_store_error(results: str) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        locate(results)


def test_a_location_has_a_name_without_options() -> None:
    location = locate("mock://host/results?region=lab")
    assert location.name == "mock://host/results/rows"
    assert not location.is_local


def test_a_file_uri_is_the_folder_itself(tmp_path: Path) -> None:
    store.append(tmp_path.as_uri(), [make_row()])
    assert len(store.read(tmp_path).rows) == 1


def test_a_relative_folder_is_found_from_another_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store.append("results", [make_row()])
    assert len(store.read(tmp_path / "results").rows) == 1


def test_a_results_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot write"):
        store.append(tmp_path / "results", [make_row()])
