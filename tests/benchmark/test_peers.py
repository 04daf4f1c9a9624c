import pytest
from ase.calculators.calculator import CalculationFailed, Calculator

from openmm_mlff.benchmark import peers
from openmm_mlff.benchmark.peers import prepare_peer
from openmm_mlff.benchmark.statistics import timing
from openmm_mlff.potentials import load_potential

EMT = "ase:ase.calculators.emt:EMT"


class Refusing(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, *_, **__):
        raise CalculationFailed("does not\nconverge")


def test_a_calculator_is_warm_and_ready(setting, start):
    peer = prepare_peer(EMT, setting, start)
    assert 2 <= peer.participant.steps["peer"] <= 8
    assert peer.participant.blocks["peer"](2) > 0.0
    measured = timing([1.0])
    entry = peer.entry({EMT: {"peer": measured}}, setting)
    assert (entry.peer, entry.system, entry.n_atoms) == (EMT, "water", 3)
    assert (entry.ms_per_call, entry.skipped) == (measured, "")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [("ase:no_such_package.ase:Thing", "no_such_package"), ("ase:nonsense", "cannot read")],
)
def test_a_missing_calculator_is_left_out_with_its_reason(setting, start, spec, reason):
    peer = prepare_peer(spec, setting, start)
    assert peer.participant is None
    entry = peer.entry({}, setting)
    assert (entry.peer, entry.ms_per_call) == (spec, None)
    assert reason in entry.skipped


def test_a_calculator_that_refuses_a_molecule_is_left_out(setting, start, monkeypatch):
    potential = load_potential(EMT)
    potential.ase_calculator = Refusing
    monkeypatch.setattr(peers, "load_potential", lambda spec: potential)
    assert prepare_peer(EMT, setting, start).skipped == "does not converge"
