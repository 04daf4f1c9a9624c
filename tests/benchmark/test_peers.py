import pytest
from ase.calculators.calculator import CalculationFailed, Calculator

from openmm_mlff.benchmark import optional, peers
from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.peers import prepare_peers
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential

PLAN = BenchmarkPlan(block_seconds=0.01, fewest_steps=2, most_steps=4)
EMT = "ase:ase.calculators.emt:EMT"


class Refusing(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, *_, **__):
        raise CalculationFailed("does not\nconverge")


def prepare(names, molecule, potentials=()):
    start = thermal_start(
        molecule, positions_angstrom=molecule.positions_angstrom, temperature_kelvin=300.0, seed=1
    )
    return prepare_peers(
        names, molecule, potentials=potentials, start=start, precision="mixed", plan=PLAN
    )


def test_a_calculator_is_warm_and_ready(water):
    (peer,), left_out = prepare([EMT], water)
    assert left_out == []
    assert (peer.name, peer.call) == (EMT, "energy and forces through ASE")
    assert 2 <= peer.steps <= 4
    assert peer.block(2) > 0.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ase:no_such_package.ase:Thing", "no_such_package"),
        ("ase:nonsense", "cannot read"),
    ],
)
def test_what_is_not_there_is_left_out_with_its_reason(water, name, reason):
    ready, (entry,) = prepare([name], water)
    assert ready == []
    assert (entry.peer, entry.system, entry.ms_per_call) == (name, "water", None)
    assert reason in entry.skipped


def test_what_refuses_a_molecule_is_left_out_and_the_others_stay(water, monkeypatch):
    real = peers.load_potential

    def load(spec):
        potential = real(EMT)
        if spec == "ase:refusing:Refusing":
            potential.ase_calculator = Refusing
        return potential

    monkeypatch.setattr(peers, "load_potential", load)
    ready, (entry,) = prepare(["ase:refusing:Refusing", EMT], water)
    assert [peer.name for peer in ready] == [EMT]
    assert entry.skipped == "does not converge"


@pytest.mark.parametrize(
    ("name", "distribution"),
    [("torch-sim", "torch-sim-atomistic"), ("schnetpack", "schnetpack")],
)
def test_a_package_that_is_not_installed_is_named(water, monkeypatch, name, distribution):
    monkeypatch.setattr(optional.importlib.util, "find_spec", lambda module: None)
    ready, (entry,) = prepare([name], water)
    assert ready == []
    assert f"pip install {distribution} to" in entry.skipped


def test_schnetpack_is_measured_at_the_size_of_each_student(water, monkeypatch, specs):
    asked = []
    monkeypatch.setattr(peers, "what_is_missing", lambda name: "")
    monkeypatch.setattr(
        peers,
        "schnetpack_block",
        lambda student, *_, **more: (
            asked.append((student.spec, more["geometries_angstrom"].shape))
            or (lambda steps: 0.001 * steps)
        ),
    )
    (peer,), _ = prepare(["schnetpack"], water, [load_potential(specs[0])])
    assert (peer.name, peer.call) == (
        f"schnetpack: {specs[0]}",
        "energy and forces of its PaiNN",
    )
    ((spec, shape),) = asked
    assert spec == specs[0]
    assert shape[1:] == (3, 3)


def test_torch_sim_steps_the_students(water, monkeypatch, specs):
    monkeypatch.setattr(peers, "what_is_missing", lambda name: "")
    monkeypatch.setattr(peers, "torch_sim_block", lambda *_, **__: lambda steps: 0.001 * steps)
    potentials = [load_potential(specs[0]), load_potential(EMT)]
    (peer,), _ = prepare(["torch-sim"], water, potentials)
    assert peer.name == f"torch-sim: {specs[0]}"
    _, (no_student,) = prepare(["torch-sim"], water, potentials[1:])
    assert "no student" in no_student.skipped
    _, (periodic,) = prepare(["torch-sim"], load_system("water_box_64"), potentials)
    assert "periodic box" in periodic.skipped
