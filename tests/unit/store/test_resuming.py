"""Resuming: the states of units are those of the rows that `read` gives."""

import dataclasses
import os

from featray import store
from featray.store import schema, small_files
from tests.support.builders import make_row
from tests.support.store_files import (
    append_invocations,
    assert_keys_agree,
    flip_bits,
    list_names,
    put_file,
    read_bytes,
    to_parquet,
)


def test_keys_have_the_columns_that_resume_needs(results: str) -> None:
    row = make_row(order_index=3, warmup_s=[0.5, 0.25], timed_s=[0.1, 1 / 3])
    refused = make_row(batch_size=1, status="infeasible", order_index=None)
    store.append(results, [row, refused])
    store.append(results, [dataclasses.replace(row, status="lost")])
    store.append(results, [dataclasses.replace(row, status="crashed", attempt=2, timed_s=None)])
    store.append(results, [make_row(invocation=number) for number in range(2, 80)])
    assert_keys_agree(results)
    store.compact(results)
    assert_keys_agree(results)


def test_a_large_file_that_is_damaged_in_a_column_which_resume_does_not_need_has_no_keys(results: str) -> None:
    store.append(results, [make_row(invocation=n, stderr_tail=os.urandom(3000).hex()) for n in range(1, 101)])
    (name,) = list_names(results)
    content = read_bytes(results, name)
    assert len(content) > small_files.LIMIT_B
    put_file(results, name, flip_bits(content, len(content) // 2))
    assert [problem.file for problem in store.keys(results).problems] == [name]
    assert_keys_agree(results)


def test_a_row_that_lacks_a_column_has_no_key_before_and_after_a_compaction(results: str) -> None:
    append_invocations(results, 2)
    put_file(results, "part.parquet", to_parquet(schema.to_table([make_row(invocation=3)]).drop_columns(["detector"])))
    assert_keys_agree(results)
    store.compact(results)
    assert len(list_names(results)) == 1
    assert_keys_agree(results)
    assert len(store.keys(results).units) == 2
