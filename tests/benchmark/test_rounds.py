import pytest

from openmm_mlff.benchmark.rounds import Participant, naming, run_rounds
from openmm_mlff.errors import SimulationError
from openmm_mlff.reporters import UnstableError


def participant(name, ms_per_step, *, kind="openmm", log=None):
    def run(steps):
        if log is not None:
            log.append(name)
        return 0.001 * ms_per_step * steps

    return Participant(name, {kind: run}, {kind: 3})


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


def test_they_take_turns():
    log = []
    both = {name: participant(name, 1.0, log=log) for name in ("a", "b")}
    run_rounds(both, rounds=2, on_round=lambda: None)
    assert log == ["a", "b", "b", "a"]


def test_who_fails_is_named():
    def lose(_):
        raise UnstableError("atoms are lost", time_ps=0.0, step=0)

    broken = Participant("b.pt", {"openmm": lose}, {"openmm": 1})
    with pytest.raises(SimulationError, match=r"b\.pt: atoms are lost"):
        run_rounds({"b": broken}, rounds=1, on_round=lambda: None)
    with pytest.raises(KeyError), naming("b.pt"):
        raise KeyError
