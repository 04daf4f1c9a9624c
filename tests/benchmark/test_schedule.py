from collections import Counter
from itertools import groupby

from openmm_mlff.benchmark.schedule import KINDS, Turn, turns

EVERYTHING = dict.fromkeys(("a", "b", "c"), KINDS)


def test_everyone_runs_one_block_of_each_kind_in_each_round():
    counts = Counter(turns(EVERYTHING, rounds=4))
    expected = {
        Turn(number, kind, who) for number in range(4) for kind in KINDS for who in EVERYTHING
    }
    assert set(counts) == expected
    assert set(counts.values()) == {1}


def test_nobody_runs_a_kind_that_it_lacks():
    found = {(turn.who, turn.kind) for turn in turns({"a": KINDS, "b": ("peer",)}, rounds=3)}
    assert found == {*(("a", kind) for kind in KINDS), ("b", "peer")}


def test_rounds_follow_each_other():
    numbers = [turn.round_number for turn in turns(EVERYTHING, rounds=5)]
    assert numbers == sorted(numbers)


def test_blocks_that_are_compared_follow_each_other_and_kinds_turn_round():
    runs = [
        key
        for key, _ in groupby(
            turns(EVERYTHING, rounds=3), key=lambda turn: (turn.round_number, turn.kind)
        )
    ]
    assert [kind for _, kind in runs] == [*KINDS, *reversed(KINDS), *KINDS]


def test_each_begins_equally_often():
    first = [
        next(group).who
        for _, group in groupby(turns(EVERYTHING, rounds=6), key=lambda turn: turn.round_number)
    ]
    assert Counter(first) == {"a": 2, "b": 2, "c": 2}


def test_one_alone():
    assert [turn.who for turn in turns({"a": KINDS}, rounds=2)] == ["a"] * 2 * len(KINDS)
