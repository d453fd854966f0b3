"""Pairing: how two sides were measured beside each other."""

from featray.stats import Design, Timing
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
