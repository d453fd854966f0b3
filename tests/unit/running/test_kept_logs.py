"""Kept logs: where they are, and what is never overwritten or taken for one."""

from pathlib import Path

import pytest

from featray.errors import StoreError
from featray.running import kept_logs

RUN = "demo-20260514-231532-a1b2"


def test_only_the_driver_of_a_detached_submit_has_a_log_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FEATRAY_RUN_ID", raising=False)
    assert kept_logs.own_path(str(tmp_path / "r")) is None
    monkeypatch.setenv("FEATRAY_RUN_ID", "../elsewhere")
    assert kept_logs.own_path(str(tmp_path / "r")) is None
    monkeypatch.setenv("FEATRAY_RUN_ID", RUN)
    assert kept_logs.own_path(str(tmp_path / "r")) == tmp_path / "r" / "logs" / f"{RUN}.log"
    assert (tmp_path / "r" / "logs").is_dir()


def test_the_log_of_a_store_in_the_cloud_is_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    assert kept_logs.folder("s3://bucket/results") == tmp_path / "logs"
    kept_logs.keep("s3://bucket/results", RUN, "hello")
    assert kept_logs.find("elsewhere", RUN) == tmp_path / "logs" / f"{RUN}.log"


def test_a_log_is_found_by_the_id_of_its_run_and_of_a_later_job(tmp_path: Path) -> None:
    results = str(tmp_path)
    kept_logs.keep(results, RUN, "hello\n")
    for id_ in (RUN, f"{RUN}-2"):
        path = kept_logs.find(results, id_)
        assert path is not None
        assert kept_logs.read(path) == "hello\n"
    for id_ in ("other", f"../logs/{RUN}", "", "."):
        assert kept_logs.find(results, id_) is None


def test_what_the_driver_has_kept_is_not_overwritten(tmp_path: Path) -> None:
    kept_logs.keep(str(tmp_path), RUN, "first")
    kept_logs.keep(str(tmp_path), RUN, "second")
    kept_logs.keep(str(tmp_path), "../outside", "x")
    assert [file.read_text() for file in (tmp_path / "logs").iterdir()] == ["first"]
    assert not (tmp_path / "outside.log").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").write_text("a file")
    monkeypatch.setenv("FEATRAY_RUN_ID", RUN)
    with pytest.raises(StoreError, match="logs: cannot be written"):
        kept_logs.own_path(str(tmp_path))
    with pytest.raises(StoreError, match="cannot be written"):
        kept_logs.keep(str(tmp_path), RUN, "x")
