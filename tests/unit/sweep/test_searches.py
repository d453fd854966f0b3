"""Searches of a sweep file: the values that may be measured, and what is refused."""

import pytest

from featray.sweep import Search, expand
from featray.sweep.search_section import ladder
from tests.support.sweep_files import Complain, Load

AXES = "{device: cpu}"


def test_each_value_is_twice_the_one_before_and_the_last_counts() -> None:
    assert ladder(1, 16) == (1, 2, 4, 8, 16)
    assert ladder(1, 100) == (1, 2, 4, 8, 16, 32, 64, 100)
    assert ladder(0, 4) == (0, 1, 2, 4)
    assert ladder(3, 7) == (3, 6, 7)


def test_a_search_brings_the_cells_of_all_its_values(load: Load) -> None:
    loaded = load(axes=AXES, search="{batch_size: {max: 8}}")
    assert loaded.search == Search(axis="batch_size", values=(1, 2, 4, 8))
    assert [cell.batch_size for cell in expand(loaded)] == [1, 2, 4, 8]


def test_a_search_begins_at_the_default_of_its_setting(load: Load) -> None:
    workers = load(search="{num_workers: {max: 4}}")
    assert [cell.num_workers for cell in expand(workers)] == [0, 1, 2, 4]
    threads = load(search="{threads: {max: 4}}")
    assert [cell.threads for cell in expand(threads)] == [1, 2, 4]
    processes = load(search="{processes: {max: 4}}")
    assert [cell.processes for cell in expand(processes)] == [1, 2, 4]


def test_processes_that_are_searched_may_share_a_gpu(load: Load) -> None:
    loaded = load(axes="{device: cuda, batch_size: 1}", search="{processes: {max: 4}}", mps_daemon="true")
    assert [(cell.processes, cell.mps_daemon) for cell in expand(loaded)] == [(1, False), (2, True), (4, True)]


def test_limits_are_read_in_bytes_and_seconds(load: Load) -> None:
    search = load(axes=AXES, search="{batch_size: {min: 4, max: 16, memory: 20 GB, latency: 200 ms}}").search
    assert search == Search(axis="batch_size", values=(4, 8, 16), memory_limit_b=20 * 10**9, latency_limit_s=0.2)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (
            "{batchsize: {max: 8}}",
            "'batchsize' cannot be searched; expected batch_size, num_workers, threads, processes",
        ),
        ("{device: {max: 8}}", "'device' cannot be searched"),
        ("{batch_size: {}}", "search.batch_size: the key 'max' is missing"),
        ("{batch_size: 512}", "search.batch_size: expected a mapping, got 512"),
        ("{batch_size: {max: 8, mix: 2}}", "Did you mean 'min'?"),
        ("{batch_size: {max: '8'}}", "search.batch_size.max: expected a whole number, got '8'"),
        ("{batch_size: {min: 8, max: 8}}", "max 8 is not above min 8"),
        ("{batch_size: {max: 1}}", "search.batch_size.max: expected more than 1, where the search begins"),
        ("{batch_size: {min: 0, max: 8}}", "search.batch_size.min: expected at least 1, got 0"),
        ("{threads: {max: 5000}}", "search.threads.max: expected at most 1024, got 5000"),
        ("{batch_size: {max: 8, memory: much}}", "'much' is not a size; expected a number and a unit"),
        ("{batch_size: {max: 8, latency: 200}}", "200 is not a duration; expected a number and a unit"),
        ("{batch_size: {max: 8, latency: 0 ms}}", "latency: expected more than 0"),
        ("{batch_size: {max: 8}, num_workers: {max: 4}}", "a second setting to search"),
        ("{}", "search: expected at least one value, got none"),
    ],
)
def test_a_wrong_search_is_explained(complain: Complain, search: str, message: str) -> None:
    axes = "{device: cpu, batch_size: 1}" if "threads" in search else AXES
    assert message in complain(axes=axes, search=search)


def test_listing_and_searching_a_setting_is_refused(complain: Complain) -> None:
    message = complain(axes="{device: cpu, batch_size: [1, 4]}", search="{batch_size: {max: 8}}")
    assert message == "trial.yaml:4: search.batch_size: axes.batch_size lists its values; keep one of the two"


def test_without_a_search_the_batch_size_is_required(complain: Complain) -> None:
    assert complain(axes=AXES) == "trial.yaml:3: axes: the key 'batch_size' is missing"
    assert "axes: the key 'batch_size' is missing" in complain(axes=AXES, search="{threads: {max: 8}}")


def test_a_search_needs_fixed_targets(complain: Complain) -> None:
    message = complain(axes=AXES, search="{batch_size: {max: 8}}", interchangeable="true")
    assert "interchangeable: a search compares times of one target" in message


def test_threads_are_searched_or_set_in_the_environment(complain: Complain) -> None:
    message = complain(search="{threads: {max: 8}}", env="{OMP_NUM_THREADS: '4'}")
    assert message.endswith("env.OMP_NUM_THREADS: sets the same as search.threads; keep search.threads")
