"""Spool names: two stores never share one, and one store keeps its own."""

import shutil
from pathlib import Path

import pytest

from featray import store
from featray.errors import BadInput, StoreError
from featray.store import spool_names


def test_a_folder_gets_a_name_once_and_keeps_it(tmp_path: Path) -> None:
    assert store.spool_name(tmp_path / "results") is None
    name = store.create_spool_name(tmp_path / "results")
    assert name.startswith(f"{tmp_path}/results#")
    assert store.create_spool_name(tmp_path / "results") == store.spool_name(tmp_path / "results") == name


def test_a_copy_of_a_folder_elsewhere_is_another_store(tmp_path: Path) -> None:
    store.create_spool_name(tmp_path / "results")
    shutil.copytree(tmp_path / "results", tmp_path / "copy")
    assert store.spool_name(tmp_path / "copy") != store.spool_name(tmp_path / "results")


def test_a_bucket_is_named_by_its_uri() -> None:
    assert store.create_spool_name("s3://bucket/results") == "s3://bucket/results"


def test_a_bucket_whose_address_carries_credentials_has_no_spool() -> None:
    with pytest.raises(BadInput, match="holds credentials"):
        store.create_spool_name("s3://KEY:SECRET@bucket/results")


def test_everybody_who_reads_the_rows_can_read_the_id(tmp_path: Path) -> None:
    store.create_spool_name(tmp_path)
    assert (tmp_path / spool_names.ID_FILE).stat().st_mode & 0o777 == 0o644


def test_an_id_that_cannot_be_read_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / spool_names.ID_FILE).write_bytes(b"\xff")
    with pytest.raises(StoreError, match=f"{tmp_path}: .*id"):
        store.spool_name(tmp_path)
