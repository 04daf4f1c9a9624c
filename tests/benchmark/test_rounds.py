from collections import Counter
from itertools import groupby

import pytest

from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.rounds import Participant, naming, run_rounds, turns, warmed_up
from openmm_mlff.errors import SimulationError
from openmm_mlff.reporters import UnstableError

KINDS = ("openmm", "reporters", "model", "ase")
EVERYTHING = dict.fromkeys(("a", "b", "c"), KINDS)


def participant(name, ms_per_step, *, kind="openmm"):
    return Participant(name, {kind: lambda steps: 0.001 * ms_per_step * steps}, {kind: 3})


def test_times_are_per_step_and_by_kind():
    rounds = []
    found = run_rounds(
        {"a": participant("a", 4.0), "b": participant("b", 1.0, kind="peer")},
        rounds=3,
        on_round=lambda: rounds.append(None),
    )
    assert found["a"]["openmm"].blocks == (4.0, 4.0, 4.0)
    assert found["b"]["peer"].median == 1.0
    assert len(rounds) == 3


def test_an_error_names_the_model():
    def lose(_):
        raise UnstableError("atoms are lost", time_ps=0.0, step=0)

    broken = Participant("b.pt", {"openmm": lose}, {"openmm": 1})
    with pytest.raises(SimulationError, match=r"b\.pt: atoms are lost"):
        run_rounds({"b": broken}, rounds=1)
    with pytest.raises(KeyError), naming("b.pt"):
        raise KeyError


def test_every_participant_runs_one_block_of_each_kind_per_round():
    for number in range(4):
        counts = Counter(turns(EVERYTHING, round_number=number))
        assert set(counts) == {(kind, who) for kind in KINDS for who in EVERYTHING}
        assert set(counts.values()) == {1}
    assert set(turns({"a": KINDS, "b": ("replicas",)}, round_number=1)) == {
        *((kind, "a") for kind in KINDS),
        ("replicas", "b"),
    }


def test_blocks_of_a_kind_are_adjacent_and_the_order_of_kinds_alternates():
    for number, kinds in enumerate([KINDS, KINDS[::-1], KINDS]):
        found = turns(EVERYTHING, round_number=number)
        assert [kind for kind, _ in groupby(found, key=lambda turn: turn[0])] == list(kinds)


def test_each_participant_is_first_equally_often():
    first = Counter(next(turns(EVERYTHING, round_number=number))[1] for number in range(6))
    assert first == {"a": 2, "b": 2, "c": 2}


def test_steps_follow_from_the_last_warm_up_block():
    asked = []

    def block(steps):
        asked.append(steps)
        return 100.0 if len(asked) == 1 else 0.002 * steps

    plan = BenchmarkPlan(block_seconds=0.1, fewest_steps=4, most_steps=500)
    assert warmed_up("a", {"openmm": block}, plan=plan).steps == {"openmm": 50}
    assert set(asked) == {4}
