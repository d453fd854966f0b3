"""Pairing: how two sides were measured beside each other."""

import dataclasses

from featray.stats import Design, Timing, average
from featray.stats.pairing import pair


def side(session: str, *blocks: int, processes: str = "") -> list[Timing]:
    names = processes or [None] * len(blocks)
    return [
        Timing(log=float(block), block=block, session=session, process=process)
        for block, process in zip(blocks, names, strict=True)
    ]


def test_cells_of_one_process_are_paired_by_process() -> None:
    paired = pair(side("a", 1, 2, 3, processes="pqr"), side("a", 3, 1, 2, processes="rpq"))
    assert paired.design is Design.PROCESSES
    assert [timing.process for timing in paired.baseline] == [timing.process for timing in paired.candidate]


def test_cells_of_processes_that_took_turns_are_compared_block_by_block() -> None:
    paired = pair(side("a", 1, 2, 3, 4), side("a", 2, 3, 4, 5))
    assert paired.design is Design.BLOCKS
    assert [timing.block for timing in paired.baseline] == [2, 3, 4]
    assert [timing.block for timing in paired.candidate] == [2, 3, 4]


def test_one_shared_process_among_others_pairs_nothing_by_process() -> None:
    assert pair(side("a", 1, 2, 3, processes="pqr"), side("a", 1, 2, 3, processes="pqx")).design is Design.BLOCKS


def test_runs_of_different_sessions_are_compared_whole() -> None:
    paired = pair(side("a", 1, 2, 3), side("b", 1, 2, 3, 4))
    assert paired.design is Design.SESSIONS
    assert (len(paired.baseline), len(paired.candidate)) == (3, 4)


def test_a_resumed_run_is_compared_by_the_blocks_that_both_sides_have_in_one_session() -> None:
    baseline = side("a", 1, 2, 3) + side("b", 4, 5)
    candidate = side("a", 1, 2, 3) + side("c", 4, 5)
    paired = pair(baseline, candidate)
    assert paired.design is Design.BLOCKS
    assert len(paired.baseline) == 3


def test_too_few_common_blocks_are_no_interleaving() -> None:
    assert pair(side("a", 1, 2, 3), side("a", 3, 4, 5)).design is Design.SESSIONS


def test_two_blocks_that_both_sides_have_are_still_side_by_side() -> None:
    paired = pair(side("a", 1, 2), side("a", 1, 2))
    assert (paired.design, len(paired.baseline)) == (Design.BLOCKS, 2)


def timed(*began_s: float) -> list[Timing]:
    return [
        Timing(log=0.0, block=block, session="day", stretch="run", began_s=moment)
        for block, moment in enumerate(began_s)
    ]


def test_a_side_that_was_added_later_is_not_side_by_side_though_its_blocks_have_the_same_numbers() -> None:
    together = pair(timed(0, 20, 40, 60), timed(10, 30, 50, 70))
    assert (together.design, len(together.baseline)) == (Design.BLOCKS, 4)
    added = pair(timed(0, 20, 40, 60), timed(100, 120, 140, 160))
    assert (added.design, len(added.candidate)) == (Design.SESSIONS, 4)
    assert pair(timed(0, 20, 40, 60), timed(10, 130, 50, 70)).design is Design.BLOCKS  # without one of the blocks
    assert len(pair(timed(0, 20, 40, 60), timed(10, 130, 50, 70)).baseline) == 3


def test_runs_of_one_session_share_no_blocks() -> None:
    other = [dataclasses.replace(timing, stretch="another run") for timing in timed(10, 30, 50, 70)]
    paired = pair(timed(0, 20, 40, 60), other)
    assert paired.design is Design.SESSIONS


def test_alike_sides_are_averaged_block_by_block() -> None:
    averaged = average([side("a", 1, 2, 3), side("a", 3, 2, 1, 7), side("a", 2, 3, 1)])
    assert [(timing.log, timing.place) for timing in averaged] == [(block, ("a", block)) for block in (1, 2, 3)]
    doubled = [dataclasses.replace(timing, log=2 * timing.log) for timing in side("a", 1, 2, 3)]
    assert [timing.log for timing in average([side("a", 1, 2, 3), doubled])] == [1.5, 3.0, 4.5]
    assert pair(averaged, side("a", 1, 2, 3)).design is Design.BLOCKS


def test_alike_sides_of_other_times_share_no_block_with_anything() -> None:
    averaged = average([side("a", 1, 2, 3), side("b", 1, 2, 3, 4)])
    assert [timing.log for timing in averaged] == [1.0, 2.0, 3.0]
    assert {timing.session for timing in averaged} == {"a and b"}
    assert pair(averaged, side("a", 1, 2, 3)).design is Design.SESSIONS
