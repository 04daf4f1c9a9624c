from collections import Counter
from itertools import groupby

from openmm_mlff.benchmark.schedule import KINDS, Turn, turns

MODELS = ("a", "b", "c")


def test_every_model_runs_one_block_of_each_kind_in_each_round():
    counts = Counter(turns(MODELS, rounds=4))
    expected = {
        Turn(number, kind, model) for number in range(4) for kind in KINDS for model in MODELS
    }
    assert set(counts) == expected
    assert set(counts.values()) == {1}


def test_rounds_follow_each_other():
    numbers = [turn.round_number for turn in turns(MODELS, rounds=5)]
    assert numbers == sorted(numbers)


def test_blocks_that_are_compared_follow_each_other():
    runs = [key for key, _ in groupby(turns(MODELS, rounds=2), key=lambda turn: turn.kind)]
    assert runs == [*KINDS, *KINDS]


def test_each_model_begins_equally_often():
    first = [
        next(group).model
        for _, group in groupby(turns(MODELS, rounds=6), key=lambda turn: turn.round_number)
    ]
    assert Counter(first) == {"a": 2, "b": 2, "c": 2}


def test_one_model_alone():
    assert [turn.model for turn in turns(["a"], rounds=2)] == ["a"] * 2 * len(KINDS)
